import { createRandom } from '@sluice/core/testing/random';
import { expect, test } from 'vitest';
import { createByteSearch } from './find-bytes.ts';

function all(text: string, needle: string): readonly number[] {
  const bytes = Buffer.from(text);
  const search = createByteSearch(Buffer.from(needle));
  const found: number[] = [];
  for (let at = search.find(bytes, 0); at >= 0; at = search.find(bytes, at + 1)) found.push(at);
  return found;
}

test.each([
  ['abcabc', 'abc', [0, 3]],
  ['aaaa', 'aa', [0, 1, 2]],
  ['such no such thing such', 'no such thing', [5]],
  ['zzze', 'e"zz', []],
  ['xx ORD-1 ORD-11', 'ORD-1', [3, 9]],
  ['größe groß', 'groß', [8]],
  ['', 'a', []],
  ['thing', 'no such thing', []],
])('in %j %j is at %j', (text, needle, places) => {
  expect(all(text, needle)).toEqual(places);
});

test('finds what the plain search finds, in random texts of few letters', () => {
  const random = createRandom(3);
  for (let round = 0; round < 500; round++) {
    const make = (length: number): string =>
      Array.from({ length }, () => random.pick(['e', 'Z', '"', 'é', '😀'])).join('');
    const [text, needle] = [make(60), make(1 + random.below(6))];
    const plain: number[] = [];
    const bytes = Buffer.from(text);
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) plain.push(at);
    expect(all(text, needle), `${needle} in ${text}`).toEqual(plain);
  }
});
