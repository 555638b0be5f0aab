/** When visitors come: a Poisson process that keeps its mean rate whatever the timers do. */
import type { Clock } from '@sluice/core/ports/clock';
import type { Dice } from './dice.ts';

export interface TrafficOptions {
  readonly visitsPerSecond: number;
  /** Without it, until the signal aborts. */
  readonly durationMs?: number;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly signal: AbortSignal;
  /** `sinceStartMs` is when the visit was due. */
  onVisit(sinceStartMs: number): void;
  onSecond(secondsSinceStart: number): void;
}

const STEP_MS = 50;

export async function runTraffic(options: TrafficOptions): Promise<void> {
  const { visitsPerSecond, durationMs = Number.POSITIVE_INFINITY, clock, dice, signal } = options;
  const startMs = clock.nowMs();
  let dueMs = dice.gapMs(visitsPerSecond);
  let seconds = 0;
  while (!signal.aborted) {
    const elapsedMs = Math.min(durationMs, clock.nowMs() - startMs);
    for (; dueMs <= elapsedMs && !signal.aborted; dueMs += dice.gapMs(visitsPerSecond))
      options.onVisit(dueMs);
    const whole = Math.floor(elapsedMs / 1000);
    if (whole > seconds) options.onSecond(whole);
    seconds = whole;
    if (elapsedMs >= durationMs) return;
    await clock.sleep(Math.min(STEP_MS, durationMs - elapsedMs), signal);
  }
}
