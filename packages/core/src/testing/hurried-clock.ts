/** A clock on which sleeping is instant: what takes minutes passes in no time, in the right order for one sleeper. */
import type { Clock } from '../ports/clock.ts';

export interface HurriedClock extends Clock {
  /** Every sleep that was asked for, in order. */
  readonly slept: readonly number[];
}

export function createHurriedClock(startMs = Date.UTC(2026, 0, 1)): HurriedClock {
  let now = startMs;
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => now,
    sleep(ms, signal) {
      if (ms > 0 && !signal?.aborted) {
        slept.push(ms);
        now += ms;
      }
      // A turn of the event loop passes, so that a loop of sleeps cannot starve what it waits for.
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}
