/** Spaces requests out so that items leave at an even rate. */
import type { Clock } from '@sluice/core/ports/clock';

export interface Pace {
  /** Resolves when `items` may leave. */
  take(items: number, signal: AbortSignal): Promise<void>;
}

export function createPace(itemsPerSecond: number | undefined, clock: Clock): Pace {
  let freeAtMs = clock.nowMs();
  return {
    async take(items, signal) {
      if (itemsPerSecond === undefined) return;
      const startMs = Math.max(freeAtMs, clock.nowMs());
      freeAtMs = startMs + (Math.max(1, items) / itemsPerSecond) * 1000;
      await clock.sleep(startMs - clock.nowMs(), signal);
    },
  };
}
