import { expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

test('sleepers wake in order of their time, each at its time, and what they start is waited for', async () => {
  const clock = createFakeClock(0);
  const woken: string[] = [];
  const sleeper = async (name: string, ...pausesMs: number[]): Promise<void> => {
    for (const ms of pausesMs) {
      await clock.sleep(ms);
      woken.push(`${name}@${clock.nowMs()}`);
    }
  };
  void sleeper('late', 300);
  void sleeper('twice', 100, 100);
  await clock.advance(299);
  expect(woken).toEqual(['twice@100', 'twice@200']);
  await clock.advance(1);
  expect(woken.at(-1)).toBe('late@300');
  expect(clock.nowMs()).toBe(300);
});

test('an aborted sleep ends at once, and so does one of no length', async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const sleeping = clock.sleep(1000, stop.signal);
  stop.abort();
  await sleeping;
  await clock.sleep(1000, stop.signal);
  await clock.sleep(0);
  clock.set(42);
  expect(clock.nowMs()).toBe(42);
});
