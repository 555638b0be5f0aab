import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const options = { baseMs: 100, capMs: 60_000 };

test.each([
  [0, 100],
  [1, 100],
  [2, 200],
  [5, 1600],
  [10, 51_200],
  [11, 60_000],
  [1e6, 60_000],
])('after %d failures the delay lies between half of %d ms and all of it', (attempt, ceiling) => {
  expect(backoffMs(attempt, { ...options, random: () => 0 })).toBe(ceiling / 2);
  expect(backoffMs(attempt, { ...options, random: () => 0.999_999 })).toBe(ceiling);
});

test('the delay is a whole number between half of the base and the cap', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, drawn) => {
      const delayMs = backoffMs(attempt, { ...options, random: () => drawn });
      expect(Number.isInteger(delayMs) && delayMs >= 50 && delayMs <= 60_000).toBe(true);
    }),
  );
});
