/** Long work in slices: between two of them the process sees to whatever else is waiting. */
import type { Clock } from './ports/clock.ts';

export interface Pauses {
  /** Cheap enough to be asked at every turn of a loop. */
  isDue(): boolean;
  take(): Promise<void>;
}

const SLICE_MS = 20;

export function createPauses(clock: Pick<Clock, 'nowMs'>): Pauses {
  let untilMs = clock.nowMs() + SLICE_MS;
  return {
    isDue: () => clock.nowMs() >= untilMs,
    async take() {
      await new Promise((resolve) => setImmediate(resolve));
      untilMs = clock.nowMs() + SLICE_MS;
    },
  };
}
