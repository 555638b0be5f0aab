import { expect, test } from 'vitest';
import { refuse, refuseForNow } from './refusal.ts';

test.each([
  [0, 1],
  [-3, 1],
  [0.2, 1],
  [1.01, 2],
  [5, 5],
  [60, 5],
  [Number.NaN, 5],
  [Number.POSITIVE_INFINITY, 5],
])('a wait of %d s is told as %d whole seconds, within what SDKs wait for', (asked, told) => {
  expect(refuseForNow(503, 'later', asked).retryAfterSeconds).toBe(told);
});

test('a fault that no retry cures names no time', () => {
  expect(refuse(400, 'malformed')).toEqual({ status: 'refused', httpStatus: 400, message: 'malformed' });
});
