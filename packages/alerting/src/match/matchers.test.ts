import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMatcher, formatMatcher, formatMatchers, type MatchOperator, matchesAll } from './matcher.ts';
import { parseMatchers } from './parse-matchers.ts';

describe('matchers are read', () => {
  test.each([
    ['a=b', '{a="b"}'],
    [' a = b ', '{a="b"}'],
    ['{a="b"}', '{a="b"}'],
    ['{a="b",}', '{a="b"}'],
    ['{ a!="b", c=~"d|e" ,f!~g}', '{a!="b",c=~"d|e",f!~"g"}'],
    ['a="b",c="d"', '{a="b",c="d"}'],
    ['"a b"="c"', '{"a b"="c"}'],
    ['zürich=ü', '{"zürich"="ü"}'],
    ['a="x\\"y\\\\z\\nn"', '{a="x\\"y\\\\z\\nn"}'],
    ['a=""', '{a=""}'],
    ['a="b,c=d"', '{a="b,c=d"}'],
    ['a=~.+', '{a=~".+"}'],
    // Only the older grammar takes these.
    ['a=b c', '{a="b c"}'],
    ['a=~[a-z]{2}', '{a=~"[a-z]{2}"}'],
    ['a=', '{a=""}'],
    ['a==b', '{a="=b"}'],
    ['a="\\x"', '{a="\\\\x"}'],
    ['{}', '{}'],
  ])('%s as %s', (text, expected) => {
    expect(formatMatchers(parseMatchers(text))).toBe(expected);
  });

  test.each(['', ' ', 'a', '=b', '{a="b"', 'a="b', 'a="b" c="d"', 'a=~"("', '{a="b"}x', '1a=b c'])(
    '%j is none',
    (text) => {
      expect(() => parseMatchers(text)).toThrow(SyntaxError);
    },
  );

  test('what is printed is read as the same again', () => {
    const name = fc.oneof(
      fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/),
      fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }),
    );
    const operator = fc.constantFrom<MatchOperator>('=', '!=');
    fc.assert(
      fc.property(name, operator, fc.string({ unit: 'grapheme', maxLength: 12 }), (label, sign, value) => {
        const printed = formatMatcher({ name: label, operator: sign, value });
        expect(parseMatchers(printed)).toMatchObject([{ name: label, operator: sign, value }]);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('a matcher', () => {
  test.each([
    ['=', 'x', ['x'], ['y', '']],
    ['!=', 'x', ['y', ''], ['x']],
    ['=~', 'a|b', ['a', 'b'], ['ab', 'c', '']],
    ['!~', 'a.*', ['b', ''], ['a', 'abc']],
    ['=~', '', [''], ['x']],
  ] as const)('%s %j takes %j and not %j', (operator, value, taken, refused) => {
    const matcher = createMatcher('l', operator, value);
    for (const text of taken) expect(matcher.matches(text)).toBe(true);
    for (const text of refused) expect(matcher.matches(text)).toBe(false);
  });

  test('takes a missing label for the empty text', () => {
    expect(matchesAll([createMatcher('a', '=', '')], { b: 'x' })).toBe(true);
    expect(matchesAll([createMatcher('a', '!=', '')], { b: 'x' })).toBe(false);
    expect(matchesAll([], {})).toBe(true);
  });
});
