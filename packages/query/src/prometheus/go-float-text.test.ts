import { expect, test } from 'vitest';
import { parseGoFloat } from './go-float-text.ts';

test.each([
  ['1', 1],
  ['-1.5', -1.5],
  ['+5.', 5],
  ['.5e1', 5],
  ['1_000.2_5', 1000.25],
  ['0x1p4', 16],
  ['0x1.8p1', 3],
  ['-0X_Ap-1', -5],
  ['nan', Number.NaN],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['Inf', Number.POSITIVE_INFINITY],
])('%s is a number in Go', (text, value) => {
  expect(parseGoFloat(text)).toBe(value);
});

test.each(['', ' 1', '1 ', '.', '1__0', '_1', '1_', '0x10', '0xp1', '1e', '1e400', 'infin', '१'])(
  '%s is none',
  (text) => {
    expect(parseGoFloat(text)).toBeUndefined();
  },
);
