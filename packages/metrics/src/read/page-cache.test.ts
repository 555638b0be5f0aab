import { expect, test } from 'vitest';
import { createPageCache } from './page-cache.ts';

test('keeps what was used last, within its bytes, and shares a read that is under way', async () => {
  const cache = createPageCache({ maxBytes: 25 });
  const reads: string[] = [];
  const get = (key: string, bytes = 10): Promise<string> =>
    cache.get(key, async () => {
      reads.push(key);
      return { value: key.toUpperCase(), bytes };
    });
  expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual(['A', 'A', 'B']);
  await get('a');
  await get('c');
  expect(cache.bytes()).toBe(20);
  await get('a');
  await get('b');
  expect(reads.join('')).toBe('abcb');
  // Larger than all of it: handed out, not kept, and nothing makes room for it.
  await get('huge', 26);
  await get('huge', 26);
  expect(reads.slice(4)).toEqual(['huge', 'huge']);
  expect(cache.bytes()).toBe(20);
});

test('a read that failed is tried again', async () => {
  const cache = createPageCache({ maxBytes: 10 });
  await expect(cache.get('a', () => Promise.reject(new Error('throttled')))).rejects.toThrow('throttled');
  expect(await cache.get('a', async () => ({ value: 1, bytes: 1 }))).toBe(1);
});
