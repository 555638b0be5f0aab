/** Amounts that live: waves of demand, noise, long-tailed durations. */
import { type Amount, amountAt } from './system.ts';

/** Swings around a mean, `swing` 0 to 1 of it. */
export function wave(mean: number, { periodSeconds = 420, swing = 0.35, phase = 0 } = {}): Amount {
  return ({ seconds }) => mean * (1 + swing * Math.sin(2 * Math.PI * (seconds / periodSeconds + phase)));
}

export function times(amount: Amount, factor: Amount): Amount {
  return (moment) => amountAt(amount, moment) * amountAt(factor, moment);
}

/** Log-normal around a median. */
export function around(median: Amount, spread = 0.45): Amount {
  return (moment) => moment.dice.latencyMs(amountAt(median, moment), spread);
}

export function whole(amount: Amount): Amount {
  return (moment) => Math.round(amountAt(amount, moment));
}

/** Climbs to `top` within `riseSeconds`, falls back within `fallSeconds`, stays at `bottom` for the rest of the period. */
export function mountain(shape: {
  readonly bottom: number;
  readonly top: number;
  readonly periodSeconds: number;
  readonly riseSeconds: number;
  readonly fallSeconds: number;
}): Amount {
  const { bottom, top, periodSeconds, riseSeconds, fallSeconds } = shape;
  return ({ seconds }) => {
    const phase = seconds % periodSeconds;
    const share =
      phase < riseSeconds ? phase / riseSeconds : Math.max(0, 1 - (phase - riseSeconds) / fallSeconds);
    return bottom + (top - bottom) * share;
  };
}
