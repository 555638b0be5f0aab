import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('tells the time of the machine', () => {
  const before = Date.now();
  const now = systemClock.nowMs();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});

test('sleeps until the time is over', async () => {
  await expect(systemClock.sleep(1)).resolves.toBeUndefined();
  await expect(systemClock.sleep(1, new AbortController().signal)).resolves.toBeUndefined();
});

test('a time that is over needs no sleep, and one too far for a timer is not over', async () => {
  await expect(systemClock.sleep(-5)).resolves.toBeUndefined();
  const stop = new AbortController();
  const sleeping = systemClock.sleep(2 ** 31, stop.signal).then(() => 'woke');
  expect(await Promise.race([sleeping, systemClock.sleep(20).then(() => 'asleep')])).toBe('asleep');
  stop.abort();
  await sleeping;
});

test('wakes without a throw when it is aborted, before or during the sleep', async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(3_600_000, stop.signal);
  stop.abort();
  await expect(sleeping).resolves.toBeUndefined();
  await expect(systemClock.sleep(3_600_000, stop.signal)).resolves.toBeUndefined();
});
