/** Arithmetic of levels: doubles, but whole numbers stay exact beyond 2^53 as bigint. */
import type { Level } from './snapshot.ts';

/** A whole number in the form that levels have: bigint only where a double cannot hold it. */
export function toLevel(value: bigint): Level {
  return value >= -9_007_199_254_740_991n && value <= 9_007_199_254_740_991n ? Number(value) : value;
}

export function addLevels(a: Level, b: Level): Level {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum) || !isWhole(a) || !isWhole(b)) return sum;
    return toLevel(BigInt(a) + BigInt(b));
  }
  if (isWhole(a) && isWhole(b)) return toLevel(BigInt(a) + BigInt(b));
  return Number(a) + Number(b);
}

export function subtractLevels(a: Level, b: Level): Level {
  return addLevels(a, -b);
}

/** -1, 0 or 1. Mixed comparisons of JavaScript are exact. */
export function compareLevels(a: Level, b: Level): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sumLevels(levels: Iterable<Level>): Level {
  let sum: Level = 0;
  for (const level of levels) sum = addLevels(sum, level);
  return sum;
}

/** Doubles above 2^53 that came as doubles are whole, but not exact: they stay doubles. */
function isWhole(value: Level): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}
