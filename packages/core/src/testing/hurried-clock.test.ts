import { expect, test } from 'vitest';
import { createHurriedClock } from './hurried-clock.ts';

test('sleeping moves a hurried clock on at once and is written down', async () => {
  const clock = createHurriedClock(1000);
  await clock.sleep(60_000);
  await clock.sleep(-5);
  await clock.sleep(5000, AbortSignal.abort());
  expect([clock.nowMs(), clock.slept]).toEqual([61_000, [60_000]]);
});
