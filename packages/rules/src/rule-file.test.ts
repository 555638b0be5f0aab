import { formatProblem } from '@sluice/config/problem';
import { describe, expect, test } from 'vitest';
import { parseRuleFile } from './rule-file.ts';

const problemsOf = (source: string): readonly string[] =>
  parseRuleFile(source, { file: 'r.yml' }).problems.map(formatProblem);
const rule = (text: string): string => `groups:\n  - name: g\n    rules:\n      - ${text}\n`;

test('a whole file is read with the labels of groups merged in', () => {
  const source = `
groups:
  - name: g
    interval: 15s
    query_offset: 1m
    limit: 10
    labels: { team: a, severity: none }
    rules:
      - record: job:x:rate5m
        expr: sum by (job) (rate(x[5m]))
      - alert: A
        expr: |
          up == 0
        for: 5m
        keep_firing_for: 1m30s
        labels: { severity: page }
        annotations: { summary: "{{ $labels.job }}" }
  - name: h
    interval: 0s
`;
  const { value, problems } = parseRuleFile(source, { file: 'rules/a.yml' });
  expect(problems).toEqual([]);
  expect(value!.groups).toMatchObject([
    {
      file: 'rules/a.yml',
      name: 'g',
      intervalMs: 15_000,
      queryOffsetMs: 60_000,
      limit: 10,
      rules: [
        {
          type: 'recording',
          name: 'job:x:rate5m',
          labels: new Map([
            ['team', 'a'],
            ['severity', 'none'],
          ]),
        },
        {
          type: 'alerting',
          name: 'A',
          query: 'up == 0\n',
          forMs: 300_000,
          keepFiringForMs: 90_000,
          labels: new Map([
            ['team', 'a'],
            ['severity', 'page'],
          ]),
          line: 11,
        },
      ],
    },
    { name: 'h', intervalMs: undefined, queryOffsetMs: undefined, limit: 0, rules: [] },
  ]);
  const [group] = value!.groups;
  expect(group!.rules[0]!.positionAt(4)).toEqual({ line: 10, column: 19 });
  expect(group!.rules[1]!.positionAt(3)).toEqual({ line: 13, column: 14 });
});

describe('what is wrong is told with its place', () => {
  test.each([
    [
      rule('{ record: a, alert: b, expr: x }'),
      "4:9: groups[0].rules[0]: only one of 'record' and 'alert' must be set",
    ],
    [rule('{ expr: x }'), "4:9: groups[0].rules[0]: one of 'record' or 'alert' must be set"],
    [rule('{ record: a }'), '4:9: groups[0].rules[0]: expr is missing'],
    [rule('{ record: a b, expr: x }'), 'invalid recording rule name: a b'],
    [rule('{ record: a, expr: x, for: 5m }'), "invalid field 'for' in recording rule"],
    [
      rule('{ record: a, expr: x, keep_firing_for: 5m }'),
      "invalid field 'keep_firing_for' in recording rule",
    ],
    [rule('{ record: a, expr: x, annotations: { b: c } }'), 'invalid field annotations in recording rule'],
    [
      rule('{ alert: a, expr: x, for: 5 minutes }'),
      'want a duration such as 30s, 5m or 1h30m, got "5 minutes"',
    ],
    [rule('{ alert: a, expr: x, labels: { __name__: b } }'), 'invalid label name: __name__'],
    [rule('{ alert: a, expr: x, annotations: { "": b } }'), 'invalid annotation name: '],
    [
      rule('{ alert: a, expr: x, annotations: { no_data_state: no } }'),
      'no_data_state: want one of ok, keep_last, alerting, got "no"',
    ],
    [
      rule('{ alert: a, expr: "x[5m]" }'),
      'the expression gives a matrix, a rule takes an instant vector or a scalar',
    ],
    [
      rule('{ alert: a, expr: x, labels: { b: "{{ .Foo" } }'),
      'label "b": template: __alert_a:1: unclosed action',
    ],
    [
      rule('{ alert: a, expr: x, annotations: { b: "{{ nope }}" } }'),
      'annotation "b": template: __alert_a:1: function "nope" not defined',
    ],
    [
      rule('{ alert: a, expr: x, fro: 5m }'),
      '4:30: groups[0].rules[0]: unknown key "fro", did you mean for?',
    ],
    ['groups: [{ name: g }, { name: g }]', 'groupname: "g" is repeated in the same file'],
    ['groups: [{ rules: [] }]', 'name is missing'],
    ['group: []', 'unknown key "group", did you mean groups?'],
    [
      rule('alert: a\n        expr: |\n          sum(\n            rate(x[5m)\n          )'),
      '7:22: groups[0].rules[0].expr: could not parse expression: 2:12: parse error: unexpected ")"',
    ],
    [rule('alert: a\n        expr: "a{b=\\"c\\"} >> 1"'), '5:28: '],
    [rule("alert: a\n        expr: 'sum(x'"), '5:21: '],
  ])('%s', (source, expected) => {
    const problems = problemsOf(source);
    expect(problems.join('\n')).toContain(expected);
    expect(problems).toHaveLength(1);
  });

  test('all of it at once', () => {
    expect(problemsOf(`${rule('{ record: a }')}      - { alert: b, expr: "(" }\n`)).toHaveLength(2);
  });
});
