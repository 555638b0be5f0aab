import { describe, expect, test } from 'vitest';
import { formatFixed, formatGeneral, formatOpenMetrics, formatPrecision, parseGoFloat } from './go-float.ts';
import { goQuote } from './go-quote.ts';
import { kahanAdd } from './kahan.ts';
import {
  compareLabels,
  dropMetadata,
  formatLabels,
  labelsKey,
  labelValue,
  toLabels,
  toRecord,
  withLabel,
} from './labels.ts';
import { createMatcher, formatMatcher } from './matcher.ts';

describe('numbers are written as Go writes them', () => {
  test.each([
    [0, '0', '0', '0.0'],
    [-0, '-0', '-0', '-0.0'],
    [1, '1', '1', '1.0'],
    [0.1, '0.1', '0.1', '0.1'],
    [-12.5, '-12.5', '-12.5', '-12.5'],
    [123456, '123456', '123456', '123456.0'],
    [1e6, '1000000', '1e+06', '1e+06'],
    [1.5e21, '1500000000000000000000', '1.5e+21', '1.5e+21'],
    [0.0001, '0.0001', '0.0001', '0.0001'],
    [0.00001, '0.00001', '1e-05', '1e-05'],
    [Number.NaN, 'NaN', 'NaN', 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf', '+Inf', '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf', '-Inf', '-Inf'],
  ])('%s', (value, fixed, general, openMetrics) => {
    expect([formatFixed(value), formatGeneral(value), formatOpenMetrics(value)]).toEqual([
      fixed,
      general,
      openMetrics,
    ]);
  });

  test.each([
    [1234.5, '1.2e+03'],
    [12.34, '12'],
    [0.5, '0.5'],
    [2, '2'],
    [1e-7, '1e-07'],
    [0, '0'],
  ])('%s to two digits is %s', (value, text) => expect(formatPrecision(value, 2)).toBe(text));

  test.each([
    ['1', 1],
    ['1.0', 1],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['inf', Number.POSITIVE_INFINITY],
    ['-infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['1e-3', 0.001],
    ['', undefined],
    ['1x', undefined],
  ])('%j is read as %s', (text, value) => expect(parseGoFloat(text)).toEqual(value));

  test('control characters and bytes that are no text show as \\x', () => {
    expect(goQuote('a\u0001\n"\udcff\u007f')).toBe('"a\\x01\\n\\"\\xff\\x7f"');
  });
});

describe('labels', () => {
  const labels = toLabels({ z: '1', __name__: 'up', a: '', job: 'x y' });

  test('are sorted, without empty values', () => {
    expect(toRecord(labels)).toEqual({ __name__: 'up', job: 'x y', z: '1' });
    expect(formatLabels(labels)).toBe('{__name__="up", job="x y", z="1"}');
    expect(formatLabels(toLabels({ 'a.b': 'c' }))).toBe('{"a.b"="c"}');
  });

  test('answer the empty text for what they lack', () => expect(labelValue(labels, 'nope')).toBe(''));

  test('lose name, type and unit together', () => {
    expect(toRecord(dropMetadata(toLabels({ __name__: 'a', __type__: 'b', __unit__: 'c', d: 'e' })))).toEqual(
      { d: 'e' },
    );
    const plain = toLabels({ a: 'b' });
    expect(dropMetadata(plain)).toBe(plain);
  });

  test('are set and removed without changing the original', () => {
    expect(toRecord(withLabel(labels, 'z', ''))).toEqual({ __name__: 'up', job: 'x y' });
    expect(toRecord(withLabel(labels, 'b', '2'))).toEqual({ __name__: 'up', b: '2', job: 'x y', z: '1' });
    expect(labelsKey(labels)).not.toBe(labelsKey(withLabel(labels, 'z', '')));
  });

  test('compare name by name, value by value, a prefix first', () => {
    const sorted = [{ a: '1' }, { a: '1', b: '1' }, { a: '2' }, { b: '0' }].map(toLabels);
    expect([...sorted].reverse().sort(compareLabels)).toEqual(sorted);
    expect(compareLabels(sorted[0]!, sorted[0]!)).toBe(0);
  });
});

describe('matchers', () => {
  test.each([
    ['=', 'a', ['a'], ['b', '']],
    ['!=', 'a', ['b', ''], ['a']],
    ['=~', 'a|b', ['a', 'b'], ['ab', '']],
    ['=~', '(a|b)', ['a', 'b'], ['c']],
    ['=~', '(?:a|b)', ['a', 'b'], ['c']],
    ['=~', '.*', ['', 'a\nb'], []],
    ['=~', '.+', ['a'], ['']],
    ['=~', 'a.*', ['a', 'ab'], ['ba']],
    ['=~', 'a.+', ['ab'], ['a', 'ba']],
    ['=~', '.*b', ['b', 'ab'], ['ba']],
    ['=~', '.+b', ['ab'], ['b']],
    ['=~', 'a.b', ['axb', 'a\nb'], ['axxb']],
    ['!~', '5..', ['404', '5000'], ['500']],
    ['=~', '', [''], ['a']],
  ] as const)('%s %j', (operator, value, matching, others) => {
    const matcher = createMatcher('x', operator, value);
    for (const text of matching) expect(matcher.matches(text), text).toBe(true);
    for (const text of others) expect(matcher.matches(text), text).toBe(false);
  });

  test('tell stores which values to look up, where those are few', () => {
    expect(createMatcher('x', '=~', 'a|b').literals).toEqual(['a', 'b']);
    expect(createMatcher('x', '=~', 'a.c').literals).toBeUndefined();
  });

  test('are printed with quotes where the name needs them', () => {
    expect(formatMatcher(createMatcher('a.b', '=~', 'c"d'))).toBe('"a.b"=~"c\\"d"');
  });

  test('a regular expression that would take forever elsewhere takes linear time', () => {
    expect(createMatcher('x', '=~', '(a*)*b').matches('a'.repeat(5000))).toBe(false);
  });

  test('remember a bounded number of answers', () => {
    const matcher = createMatcher('x', '=~', 'v[0-9]+');
    for (let i = 0; i < 10_010; i++) expect(matcher.matches(`v${i}`)).toBe(true);
  });
});

test('what rounding loses comes back', () => {
  const state = { sum: 0, compensation: 0 };
  for (const value of [1e100, 1, -1e100]) kahanAdd(state, value);
  expect(state.sum + state.compensation).toBe(1);
  kahanAdd(state, Number.POSITIVE_INFINITY);
  expect(state).toEqual({ sum: Number.POSITIVE_INFINITY, compensation: 0 });
});
