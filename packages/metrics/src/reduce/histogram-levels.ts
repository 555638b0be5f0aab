/** Arithmetic of explicit histograms: increases, and counts placed under other bounds. */
import { isSameBounds } from '../model/bounds.ts';
import { addLevels, compareLevels, subtractLevels, sumLevels } from '../model/level.ts';
import type { Level } from '../model/snapshot.ts';
import type { HistogramLevels, HistogramSource } from './state.ts';

export function addHistogram(target: HistogramLevels, more: HistogramLevels): void {
  const { buckets } = target;
  for (let i = 0; i < buckets.length; i++) buckets[i] = addLevels(buckets[i]!, more.buckets[i]!);
  target.sum = target.sum === undefined || more.sum === undefined ? undefined : target.sum + more.sum;
}

/** Undefined when a count fell or the bounds are others: the source began anew. */
export function riseOfHistogram(
  later: HistogramSource,
  earlier: HistogramSource,
): HistogramSource | undefined {
  if (!isSameBounds(later.bounds, earlier.bounds)) return undefined;
  const buckets: Level[] = [];
  for (let i = 0; i < later.buckets.length; i++) {
    const rise = subtractLevels(later.buckets[i]!, earlier.buckets[i]!);
    if (rise < 0) return undefined;
    buckets.push(rise);
  }
  const sum = later.sum === undefined || earlier.sum === undefined ? undefined : later.sum - earlier.sum;
  return { bounds: later.bounds, buckets, sum };
}

/** Each bucket's count goes where its upper bound lies: totals, and counts at shared bounds, stay exact. */
export function placeUnder(bounds: readonly number[], from: HistogramSource): HistogramSource {
  if (isSameBounds(bounds, from.bounds)) return from;
  const buckets: Level[] = new Array(bounds.length + 1).fill(0);
  let at = 0;
  from.buckets.forEach((count, place) => {
    const upper = from.bounds[place] ?? Number.POSITIVE_INFINITY;
    while (at < bounds.length && bounds[at]! < upper) at += 1;
    buckets[at] = addLevels(buckets[at]!, count);
  });
  return { bounds, buckets, sum: from.sum };
}

export function countOf({ buckets }: HistogramLevels): Level {
  return sumLevels(buckets);
}

export function copyLevels({ buckets, sum }: HistogramLevels): HistogramLevels {
  return { buckets: [...buckets], sum };
}

export function isZero({ buckets, sum }: HistogramLevels): boolean {
  return (sum === undefined || sum === 0) && buckets.every((count) => compareLevels(count, 0) === 0);
}
