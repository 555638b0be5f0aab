/** Chance as the shop meets it: seeded, with latencies that have the long tail of real ones. */
import { createRandom, type Random } from '@sluice/core/testing/random';

export interface Dice extends Random {
  /** Log-normal: half of all are below `medianMs`, about one in a hundred is beyond `medianMs * e^(2.3 * spread)`. */
  latencyMs(medianMs: number, spread?: number): number;
  /** Time to the next arrival of a Poisson process. */
  gapMs(perSecond: number): number;
  /** Lower-case hex digits, never all zero. */
  hex(digits: number): string;
}

export function createDice(seed: number): Dice {
  const random = createRandom(seed);
  const gaussian = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits) text += random.below(16).toString(16);
    return /[^0]/.test(text) ? text : hex(digits);
  };
  return {
    ...random,
    latencyMs: (medianMs, spread = 0.45) => medianMs * Math.exp(spread * gaussian()),
    gapMs: (perSecond) => (-Math.log(1 - random.next()) * 1000) / perSecond,
    hex,
  };
}
