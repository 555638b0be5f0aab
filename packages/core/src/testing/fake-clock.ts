/** A clock that stands still until a test moves it; sleepers wake in order of their time. */
import type { Clock } from '../ports/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on, waking every sleeper whose time has come, and lets their continuations run. */
  advance(ms: number): Promise<void>;
  set(nowMs: number): void;
}

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  let sleepers: Sleeper[] = [];
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  return {
    nowMs: () => now,
    sleep(ms, signal) {
      if (ms <= 0 || signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper: Sleeper = { wakeAtMs: now + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          resolve();
        });
      });
    },
    set: (nowMs) => {
      now = nowMs;
    },
    async advance(ms) {
      const target = now + ms;
      await settle();
      for (;;) {
        const next = sleepers
          .filter(({ wakeAtMs }) => wakeAtMs <= target)
          .sort((a, b) => a.wakeAtMs - b.wakeAtMs)[0];
        if (next === undefined) break;
        sleepers = sleepers.filter((other) => other !== next);
        now = Math.max(now, next.wakeAtMs);
        next.wake();
        await settle();
      }
      now = target;
      await settle();
    },
  };
}
