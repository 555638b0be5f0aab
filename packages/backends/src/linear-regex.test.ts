import { createRandom } from '@sluice/core/testing/random';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { createLinearRegex, requiredLiteral } from './linear-regex.ts';

test.each([
  ['error', 'error'],
  ['time.*out', 'time'],
  ['colou?r', 'colo'],
  ['ab+cde', 'cde'],
  ['😀?done', 'done'],
  ['[a-c]😀?', ''],
  ['a{2}bc', 'bc'],
  ['a\\.b\\dwxyz', 'wxyz'],
  ['\\x41bc', ''],
  ['(?i)error', ''],
  ['a|b', ''],
])('what %j must contain is %j', (source, literal) => {
  expect(requiredLiteral(source)).toBe(literal);
});

test('an expression that is none says so in the words of RE2', () => {
  expect(() => createLinearRegex('a(')).toThrow('error parsing regexp: missing closing )');
});

describe('looking for the literal first changes no answer', () => {
  const PIECES = [
    'a',
    'b',
    '.',
    '😀',
    'é',
    '日',
    '\\.',
    '\\d',
    '\\w',
    '[ab]',
    '[^a]',
    '[]a]',
    '\\\\',
    '\\*',
    ' ',
    '"',
  ];
  const REPEATS = ['', '', '', '?', '*', '+', '{2}', '{0,1}', '*?', '+?', '??'];
  const TEXTS = ['a', 'b', '.', '😀', 'é', '日', '\\', '*', '1', ' ', '"', ']', '\ud83d'];

  test.each([1, 2, 3, 4])('seed %i', (seed) => {
    const random = createRandom(seed);
    const times = (n: number, make: () => string): string => Array.from({ length: n }, make).join('');
    for (let round = 0; round < 200; round++) {
      const source = times(1 + random.below(4), () => random.pick(PIECES) + random.pick(REPEATS));
      const isAnchored = random.chance(0.3);
      const reference = RE2JS.compile(isAnchored ? `^(?s:${source})$` : source);
      const regex = createLinearRegex(source, { isAnchored });
      for (let i = 0; i < 20; i++) {
        const text = times(random.below(5), () => random.pick(TEXTS));
        expect({ source, text, found: regex.test(text) }).toEqual({
          source,
          text,
          found: reference.matcher(text).find(),
        });
      }
    }
  });
});
