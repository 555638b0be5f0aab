import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TokenBucket, takeTokens } from './token-bucket.ts';

const rate = { itemsPerSecond: 100, burstItems: 500 };

test('a full bucket gives its burst, then its rate', () => {
  const first = takeTokens(undefined, rate, { items: 500, nowMs: 0 });
  expect(first).toMatchObject({ status: 'ok', bucket: { tokens: 0 } });
  expect(takeTokens(first.bucket, rate, { items: 100, nowMs: 500 })).toMatchObject({
    status: 'limited',
    waitMs: 501,
  });
  expect(takeTokens(first.bucket, rate, { items: 100, nowMs: 1000 })).toMatchObject({ status: 'ok' });
});

test('a request larger than the bucket passes when it is full and leaves a debt', () => {
  const first = takeTokens(undefined, rate, { items: 2000, nowMs: 0 });
  expect(first).toMatchObject({ status: 'ok', bucket: { tokens: -1500 } });
  expect(takeTokens(first.bucket, rate, { items: 1, nowMs: 15_000 })).toMatchObject({ status: 'limited' });
  expect(takeTokens(first.bucket, rate, { items: 1, nowMs: 15_010 })).toMatchObject({ status: 'ok' });
});

test('a clock that jumps back gives nothing away', () => {
  const bucket: TokenBucket = { tokens: 0, atMs: 10_000 };
  expect(takeTokens(bucket, rate, { items: 1, nowMs: 0 })).toMatchObject({ status: 'limited' });
});

test('never lets more pass than burst, rate, and one overdraft allow', () => {
  const step = fc.record({ items: fc.integer({ min: 1, max: 800 }), pauseMs: fc.nat({ max: 4000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let bucket: TokenBucket | undefined;
      let nowMs = 0;
      let passed = 0;
      let largest = 0;
      for (const { items, pauseMs } of steps) {
        nowMs += pauseMs;
        const answer = takeTokens(bucket, rate, { items, nowMs });
        if (answer.status === 'ok') {
          passed += items;
          largest = Math.max(largest, items);
        }
        bucket = answer.bucket;
      }
      expect(passed).toBeLessThanOrEqual(
        rate.burstItems + (nowMs / 1000) * rate.itemsPerSecond + largest + 1e-6,
      );
    }),
  );
});

test('a wait that floating point makes a millisecond too short is a millisecond longer', () => {
  const answer = takeTokens({ tokens: 0, atMs: 0 }, rate, { items: 406, nowMs: 0 });
  expect(answer).toMatchObject({ status: 'limited', waitMs: 4061 });
  expect(takeTokens(answer.bucket, rate, { items: 406, nowMs: 4061 }).status).toBe('ok');
});

test('after the wait that it tells, the request passes', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1000, max: 500, noNaN: true }),
      fc.integer({ min: 1, max: 2000 }),
      (tokens, items) => {
        const bucket = { tokens, atMs: 0 };
        const answer = takeTokens(bucket, rate, { items, nowMs: 0 });
        if (answer.status === 'ok') return;
        expect(takeTokens(answer.bucket, rate, { items, nowMs: answer.waitMs }).status).toBe('ok');
      },
    ),
  );
});
