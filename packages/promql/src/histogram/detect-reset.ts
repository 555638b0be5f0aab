/**
 * Whether a counter behind histogram samples started again between two of them: any count went down, or
 * the layout changed in a way that only a new start explains. A sample's own hint decides where it has one.
 */
import { exponentialBound, reduceResolution } from './bounds.ts';
import { type Buckets, type Histogram, hasCustomBuckets, isSameBounds } from './histogram.ts';
import { createHistogramSum, widenedZero } from './histogram-sum.ts';

export function detectReset(current: Histogram, previous: Histogram): boolean {
  if (current.resetHint === 'reset') return true;
  if (current.resetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (hasCustomBuckets(current)) {
    if (!hasCustomBuckets(previous)) return true;
    if (!isSameBounds(current.customBounds, previous.customBounds)) {
      return hasDecreasedBetweenSharedBounds(current, previous);
    }
    return hasDecreased(current.positive, previous.positive);
  }
  // Resolution only grows, and the zero bucket only shrinks, with a new start.
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const widened = widenedZero(createHistogramSum(previous), current.zeroThreshold);
  if (widened.zeroThreshold !== current.zeroThreshold || current.zeroCount < widened.zeroCount) return true;
  return (['positive', 'negative'] as const).some((side) => {
    const before = reduceResolution(previous[side], previous.schema, current.schema);
    return hasDecreased(beyondZero(current, current[side]), beyondZero(current, before));
  });
}

function beyondZero({ schema, zeroThreshold }: Histogram, { indexes, counts }: Buckets): Buckets {
  if (zeroThreshold === 0) return { indexes, counts };
  const first = indexes.findIndex((index) => exponentialBound(index, schema) > zeroThreshold);
  return first < 0
    ? { indexes: [], counts: [] }
    : { indexes: indexes.slice(first), counts: counts.slice(first) };
}

/** A populated bucket is gone, or holds less. */
function hasDecreased(current: Buckets, previous: Buckets): boolean {
  let at = 0;
  for (const [i, index] of previous.indexes.entries()) {
    while (at < current.indexes.length && current.indexes[at]! < index) at++;
    const before = previous.counts[i]!;
    if (current.indexes[at] !== index) {
      if (before !== 0) return true;
    } else if (current.counts[at]! < before) return true;
  }
  return false;
}

function hasDecreasedBetweenSharedBounds(current: Histogram, previous: Histogram): boolean {
  const known = new Set(previous.customBounds);
  const shared = [...current.customBounds.filter((bound) => known.has(bound)), Number.POSITIVE_INFINITY];
  const now = countsUpTo(current, shared);
  const before = countsUpTo(previous, shared);
  return now.some((count, i) => count < before[i]!);
}

/** Counts between one bound and the next. */
function countsUpTo({ positive, customBounds }: Histogram, bounds: readonly number[]): number[] {
  const counts = bounds.map(() => 0);
  for (const [i, index] of positive.indexes.entries()) {
    const upper = customBounds[index] ?? Number.POSITIVE_INFINITY;
    counts[bounds.findIndex((bound) => bound >= upper)]! += positive.counts[i]!;
  }
  return counts;
}
