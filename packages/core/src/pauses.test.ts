import { expect, test } from 'vitest';
import { createPauses } from './pauses.ts';
import { createFakeClock } from './testing/fake-clock.ts';

test('a pause is due after a slice of work, and lets what waits have its turn', async () => {
  const clock = createFakeClock(0);
  const pauses = createPauses(clock);
  expect(pauses.isDue()).toBe(false);
  clock.set(20);
  expect(pauses.isDue()).toBe(true);
  let turns = 0;
  setImmediate(() => {
    turns += 1;
  });
  await pauses.take();
  expect([turns, pauses.isDue()]).toEqual([1, false]);
});
