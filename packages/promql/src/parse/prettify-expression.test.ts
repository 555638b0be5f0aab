import { expect, test } from 'vitest';
import { SOURCE_EXPRESSIONS } from '../testing/source-expressions.ts';
import { parseExpression } from './parse-expression.ts';
import { parseMetricSelector } from './parse-metric-selector.ts';
import { prettifyExpression } from './prettify-expression.ts';
import { printExpression } from './print-expression.ts';

const long = 'a_rather_long_name_of_a_metric_total{label="with a value that is long", another="as well too"}';

test.each([
  ['a+b', 'a + b'],
  [
    `sum(rate(${long}[5m])) by (job)`,
    `sum by (job) (\n  rate(\n    ${printExpression(parseExpression(`${long}[5m]`, {}))}\n  )\n)`,
  ],
  [`topk(5, ${long}+1+${long})`, `topk(\n  5,\n    ${printed(long)} + 1\n  +\n    ${printed(long)}\n)`],
  [
    `-(${long} > bool on (job) group_left () ${long})`,
    `-(\n    ${printed(long)}\n  > bool on (job) group_left ()\n    ${printed(long)}\n)`,
  ],
  [
    `max_over_time((${long} or vector(0))[5m:30s] offset 1h)`,
    `max_over_time(\n  (\n      ${printed(long)}\n    or\n      vector(0)\n  )[5m:30s] offset 1h\n)`,
  ],
])('%s', (query, pretty) => {
  expect(prettifyExpression(parseExpression(query))).toBe(pretty);
});

test.each([...new Set(SOURCE_EXPRESSIONS)])('what is made pretty means the same: %s', (query) => {
  const expr = parseExpression(query);
  const pretty = prettifyExpression(expr);
  expect(printExpression(parseExpression(pretty))).toBe(printExpression(expr));
  expect(prettifyExpression(parseExpression(pretty))).toBe(pretty);
});

test.each([
  ['up', ['__name__="up"']],
  ['up{job="a",x!~"b"}', ['job="a"', 'x!~"b"', '__name__="up"']],
  ['{job=~"a|b"}', ['job=~"a|b"']],
  ['{"name with spaces", x="y"}', ['__name__="name with spaces"', 'x="y"']],
  ['job:up:sum', ['__name__="job:up:sum"']],
])('the selector %s', (text, matchers) => {
  const found = parseMetricSelector(text);
  expect(found.map(({ name, operator, value }) => `${name}${operator}${JSON.stringify(value)}`)).toEqual(
    matchers,
  );
});

test.each([
  ['', 'unknown position: parse error: no expression found in input'],
  ['1', '1:1: parse error: unexpected number "1"'],
  ['sum(up)', '1:1: parse error: unexpected <aggr:sum>'],
  ['rate(up)', '1:5: parse error: unexpected "("'],
  ['up[5m]', '1:3: parse error: unexpected "["'],
  ['up{a=}', '1:6: parse error: unexpected "}" in label matching, expected string'],
  ['up{a=~"("}', 'parse error'],
])('%j is no selector', (text, message) => {
  expect(() => parseMetricSelector(text)).toThrow(message);
});

function printed(selector: string): string {
  return printExpression(parseExpression(selector));
}
