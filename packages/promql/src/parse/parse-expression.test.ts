import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QueryError } from '../query-error.ts';
import { FUNCTION_SIGNATURES } from './function-signatures.ts';
import { ALL_FEATURES, parseExpression } from './parse-expression.ts';
import { printExpression } from './print-expression.ts';

describe('an expression is printed as it was understood', () => {
  test.each([
    ['1 + 2 * 3 ^ 4 ^ 5', '1 + 2 * 3 ^ 4 ^ 5'],
    ['-1 ^ 2', '-1 ^ 2'],
    ['-x ^ 2', '-x ^ 2'],
    ['(1+2)*3', '(1 + 2) * 3'],
    ['foo{a="b",c!="d",e=~"f",g!~"h",}', 'foo{a="b",c!="d",e=~"f",g!~"h"}'],
    ['{"metric with spaces", "a.b"="c"}', '{"a.b"="c",__name__="metric with spaces"}'],
    ["foo{a='\\x41\\101\\u0042\\n\\''}", 'foo{a="AAB\\n\'"}'],
    ['foo{a=`raw\\n`}', 'foo{a="raw\\\\n"}'],
    ['foo[5m] offset 1h30m', 'foo[5m] offset 1h30m'],
    ['foo offset -90s @ 12.5', 'foo @ 12.500 offset -1m30s'],
    ['foo @ start()', 'foo @ start()'],
    ['foo[5m:] @ end() offset 1w', 'foo[5m:] @ end() offset 1w'],
    ['foo[300:1d]', 'foo[5m:1d]'],
    ['sum(x) by (a, "b c",)', 'sum by (a, "b c") (x)'],
    ['topk without (a) (3, x)', 'topk without (a) (3, x)'],
    ['count_values("v", x)', 'count_values("v", x)'],
    ['a == bool on (x) group_left (y) b', 'a == bool on (x) group_left (y) b'],
    ['a + ignoring (x) group_right b', 'a + ignoring (x) group_right () b'],
    ['a - fill (0) b', 'a - fill (0) b'],
    ['a - fill_left (-1) fill_right (2) b', 'a - fill_left (-1) fill_right (2) b'],
    ['a and on () b or c unless d', 'a and on () b or c unless d'],
    ['rate(foo[5m] smoothed)', 'rate(foo[5m] smoothed)'],
    ['foo anchored', 'foo anchored'],
    ['foo[2*(step()+30s)]', 'foo[2 * (step() + 30s)]'],
    ['foo[min_of(5m, range())] offset -max_of(1m, 2)', 'foo[min_of(5m, range())] offset -max_of(1m, 2)'],
    ['foo offset (5m)', 'foo offset (5m)'],
    ['foo offset -(1m + 2m)', 'foo offset -(1m + 2m)'],
    ['foo offset 2 ^ 2', 'foo offset 2s ^ 2'],
    ['foo offset (2 ^ 2 % 3)', 'foo offset (2 ^ 2 % 3)'],
    ['sum', 'sum'],
    ['sum + by * offset', 'sum + by * offset'],
    ['fill + fill_left', 'fill + fill_left'],
    ['start() + step()', 'start() + step()'],
    ['1h + 0x1F + 1_000 + .5e3 + Inf + nan + 017', '1h + 31 + 1000 + 500 + +Inf + NaN + 15'],
    ['"text" # a comment', '"text"'],
    ['job:rate5m:sum', 'job:rate5m:sum'],
  ])('%s', (query, printed) => {
    expect(printExpression(parseExpression(query, ALL_FEATURES))).toBe(printed);
  });
});

describe('a wrong expression says where and why, in the words of Prometheus', () => {
  test.each([
    ['', 'unknown position: parse error: no expression found in input'],
    ['# nothing', '1:1: parse error: no expression found in input'],
    ['1 +', '1:4: parse error: unexpected end of input'],
    ['(1', '1:3: parse error: unclosed left parenthesis'],
    ['(1))', "1:5: parse error: unexpected right parenthesis ')'"],
    ['1 2', '1:3: parse error: unexpected number "2"'],
    ['a =~ b', "1:3: parse error: unexpected character after '=': '~'"],
    ['a ! b', "1:3: parse error: unexpected character after '!': ' '"],
    ['a ?', "1:3: parse error: unexpected character: '?'"],
    ['a ]', "1:3: parse error: unexpected right bracket ']'"],
    ['"abc', '1:1: parse error: unterminated quoted string'],
    ['`abc', '1:1: parse error: unterminated raw string'],
    ['"\\q"', "1:1: parse error: unknown escape sequence U+0071 'q'"],
    ['"\\xZZ"', "1:1: parse error: illegal character U+005A 'Z' in escape sequence"],
    ['"\\', '1:1: parse error: escape sequence not terminated'],
    ['"\\x4', '1:1: parse error: escape sequence not terminated'],
    ['"\\ud800"', '1:1: parse error: escape sequence is an invalid Unicode code point'],
    ['12abc', '1:1: parse error: bad number or duration syntax: "12abc"'],
    ['foo{', '1:5: parse error: unexpected end of input inside braces'],
    ['foo{a', '1:6: parse error: unexpected end of input inside braces'],
    ['foo{a!b}', "1:6: parse error: unexpected character after '!' inside braces: 'b'"],
    ['foo{{', "1:5: parse error: unexpected left brace '{'"],
    [
      'foo{a="b" c="d"}',
      '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"',
    ],
    ['foo{a}', '1:6: parse error: unexpected "}" in label matching, expected label matching operator'],
    ['foo{a=}', '1:7: parse error: unexpected "}" in label matching, expected string'],
    ['foo{=}', '1:5: parse error: unexpected "=" in label matching, expected identifier or "}"'],
    ['foo{1}', "1:5: parse error: unexpected character inside braces: '1'"],
    ['foo{"a" "b"}', '1:9: parse error: unexpected string "\\"b\\"" in label matching, expected "," or "}"'],
    ['foo{a=~"("}', '1:5: parse error: error parsing regexp: missing closing ): `(`'],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['{a=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'],
    ['foo[', '1:5: parse error: unexpected end of input in duration expression'],
    ['foo[5m', '1:7: parse error: unclosed left bracket'],
    [
      'foo[]',
      '1:5: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
    ],
    ['foo[:5m]', '1:5: parse error: unexpected colon before duration in duration expression'],
    ['foo[5m:1m:1m]', "1:10: parse error: unexpected colon ':'"],
    ['foo[5m 1m]', '1:8: parse error: unexpected duration "1m" in subquery or range, expected ":" or "]"'],
    ['foo[5m:1m 1]', '1:11: parse error: unexpected number "1" in subquery selector, expected "]"'],
    [
      'foo[5m:+]',
      '1:9: parse error: unexpected "]" in subquery selector, expected number, duration, step(), range(), or "]"',
    ],
    ['foo[[', "1:5: parse error: unexpected left bracket '['"],
    ['foo[x]', "1:5: parse error: unexpected character in duration expression: 'x'"],
    ['foo[5m x]', "1:8: parse error: unexpected character: 'x', expected ':'"],
    ['foo[0]', '1:5: parse error: duration must be greater than 0'],
    ['foo[5/0]', '1:6: parse error: division by zero'],
    ['foo[5%0]', '1:6: parse error: modulo by zero'],
    [
      'foo[1e400]',
      '1:5: parse error: error parsing number: strconv.ParseFloat: parsing "1e400": value out of range',
    ],
    ['foo[99999999999]', '1:5: parse error: duration out of range'],
    ['foo[1h1y]', '1:5: parse error: bad number or duration syntax: "1h1y"'],
    ['1w1y', '1:1: parse error: bad number or duration syntax: "1w1y"'],
    ['1m1h', '1:1: parse error: not a valid duration string: "1m1h"'],
    [
      'foo[(5m]',
      '1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
    ],
    [
      'foo[min_of(1 2)]',
      '1:14: parse error: unexpected number "2" in subquery or range selector, expected number, duration, step(), or range()',
    ],
    [
      'foo offset',
      '1:11: parse error: unexpected end of input in offset, expected number, duration, step(), or range()',
    ],
    ['foo offset 1m offset 1m', '1:1: parse error: offset may not be set multiple times'],
    [
      '1 offset 1m',
      '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    ],
    ['foo @ bar', '1:7: parse error: unexpected identifier "bar" in @, expected timestamp'],
    ['foo @ start', '1:12: parse error: unexpected end of input in @, expected timestamp'],
    ['foo @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['foo @ Inf', '1:1: parse error: timestamp out of bounds for @ modifier: +Inf'],
    ['foo @ NaN', '1:1: parse error: timestamp out of bounds for @ modifier: NaN'],
    ['(foo)[5m]', '1:6: parse error: ranges only allowed for vector selectors'],
    ['foo offset 1m[5m]', '1:14: parse error: no offset modifiers allowed before range'],
    ['foo @ 1[5m]', '1:8: parse error: no @ modifiers allowed before range'],
    ['foo[5m:1m] anchored', '1:1: parse error: anchored modifier is not supported for subqueries'],
    ['(foo) smoothed', '1:1: parse error: smoothed modifier not implemented'],
    ['foo anchored smoothed', '1:1: parse error: anchored and smoothed modifiers cannot be used together'],
    ['nope(1)', '1:1: parse error: unknown function with name "nope"'],
    ['abs(1,)', '1:6: parse error: trailing commas not allowed in function call args'],
    ['abs(1 2)', '1:7: parse error: unexpected number "2"'],
    ['abs()', '1:1: parse error: expected 1 argument(s) in call to "abs", got 0'],
    ['round()', '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0'],
    ['round(x, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
    ['abs(1)', '1:5: parse error: expected type instant vector in call to function "abs", got scalar'],
    [
      'rate(foo)',
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    ],
    ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
    [
      'sum(1, x)',
      '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2',
    ],
    ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
    ['topk("a", x)', '1:6: parse error: expected type scalar in aggregation parameter, got string'],
    ['sum by x', '1:8: parse error: unexpected identifier "x" in grouping opts, expected "("'],
    [
      'sum by (a b) (x)',
      '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"',
    ],
    ['sum by (1) (x)', '1:9: parse error: unexpected number "1" in grouping opts, expected label'],
    ['sum by ("") (x)', '1:9: parse error: invalid label name for grouping: ""'],
    ['sum by (a) x', '1:12: parse error: unexpected identifier "x" in aggregation'],
    ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
    ['1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    [
      'a + on (x) group_left (x) b',
      '1:3: parse error: label "x" must not occur in ON and GROUP clause at once',
    ],
    ['"a" + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    ['a + on (x) 1', '1:1: parse error: vector matching only allowed between instant vectors'],
    ['a + fill (1) 1', '1:1: parse error: filling in missing series only allowed between instant vectors'],
    ['a and fill (1) b', '1:1: parse error: filling in missing series not allowed for set operators'],
    ['a and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['a and on (x) group_left b', '1:1: parse error: no grouping allowed for "and" operation'],
    ['a + fill 1', '1:10: parse error: unexpected number "1"'],
    ['a + fill (x) b', '1:11: parse error: unexpected identifier "x"'],
    ['a + fill (1 b', '1:13: parse error: unexpected identifier "b"'],
    [
      '-"a"',
      '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
    ],
    ['1[5m:]', '1:1: parse error: subquery is only allowed on instant vector, got scalar instead'],
    ['info(x, y)', '1:9: parse error: expected label selectors only, got vector selector instead'],
    ['info(x, abs(y))', '1:9: parse error: expected label selectors only'],
    ['info(x, 1)', '1:1: parse error: expected type instant vector in call to function "info", got scalar'],
    ['\n\n  "ä" + x y', '3:12: parse error: unexpected identifier "y"'],
  ])('%j', (query, message) => {
    expect(() => parseExpression(query, ALL_FEATURES)).toThrow(message);
  });

  test('it is bad data, with the place for whoever points at it', () => {
    const error = catchError(() => parseExpression('rate(foo)', ALL_FEATURES));
    expect(error).toMatchObject({ kind: 'bad_data', position: { start: 5, end: 8 } });
  });
});

test.each([
  [
    'limitk(1, x)',
    'limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
  ],
  ['mad_over_time(x[5m])', 'function "mad_over_time" is not enabled'],
  ['x[5m+1m]', 'experimental duration expression is not enabled'],
  ['x[step()]', 'experimental duration expression is not enabled'],
  ['x anchored', 'anchored modifier is experimental and not enabled'],
  ['a + fill (1) b', 'binop fill modifiers are experimental and not enabled'],
])('%s needs a feature that is off by default', (query, message) => {
  expect(() => parseExpression(query)).toThrow(message);
});

test('deep, wide and endless expressions are refused instead of exhausting the process', () => {
  expect(() => parseExpression(`${'('.repeat(5000)}1${')'.repeat(5000)}`)).toThrow(
    'nested deeper than 200 levels',
  );
  expect(() => parseExpression(`x[${'('.repeat(4000)}`, ALL_FEATURES)).toThrow(QueryError);
  expect(() => parseExpression(Array(20_000).fill('1').join('+'))).toThrow('more than 10000 parts');
});

test('printing and parsing again changes nothing', () => {
  const names = [...FUNCTION_SIGNATURES.values()].filter(
    ({ args }) => args.length === 1 && args[0] === 'vector',
  );
  const leaf = fc.constantFrom(
    'foo',
    'foo{a="b"}',
    '{a=~"x.*"} offset 5m',
    'bar @ 3',
    'vector(1)',
    '1',
    '-0.5',
  );
  const { expr } = fc.letrec<{ expr: string }>((tie) => ({
    expr: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc
        .tuple(tie('expr'), fc.constantFrom('+', '*', '^', 'atan2'), tie('expr'))
        .map(([a, o, b]) => `(${a}) ${o} (${b})`),
      fc
        .tuple(fc.constantFrom(...names), leaf)
        .map(([{ name }, arg]) => `${name}(vector(scalar(${arg === '1' || arg === '-0.5' ? 'foo' : arg})))`),
      tie('expr').map((inner) => `sum by (a) (vector(1) + (${inner}))`),
    ),
  }));
  fc.assert(
    fc.property(expr, (query) => {
      const once = printExpression(parseExpression(query, ALL_FEATURES));
      expect(printExpression(parseExpression(once, ALL_FEATURES))).toBe(once);
    }),
    { numRuns: 200, seed: 1 },
  );
});

function catchError(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
