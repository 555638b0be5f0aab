/**
 * The operators `</` and `>/`: keep only observations below or above a value. A bucket that holds the
 * value is divided by interpolation; count and sum follow from what is kept.
 */
import { type Bucket, compactHistogram, negativeBuckets, positiveBuckets, zeroBucket } from './bounds.ts';
import { type Histogram, hasCustomBuckets } from './histogram.ts';

export type TrimSide = 'keep-below' | 'keep-above';

interface Kept {
  readonly count: number;
  /** Where the kept observations are taken to lie. */
  readonly midpoint: number;
}

export function trimHistogram(histogram: Histogram, at: number, side: TrimSide): Histogram {
  const isLinear = hasCustomBuckets(histogram);
  let count = 0;
  let sum = 0;
  let isTrimmed = false;
  const trimSide = (buckets: readonly Bucket[], isPositive: boolean): number[] =>
    buckets.map((bucket) => {
      if (bucket.count === 0) return 0;
      const kept = trimBucket(bucket, at, { side, isPositive, isLinear });
      count += kept.count;
      sum += kept.midpoint * kept.count;
      if (kept.count !== bucket.count) isTrimmed = true;
      return kept.count;
    });
  const positive = trimSide(positiveBuckets(histogram), true);
  const negative = trimSide(negativeBuckets(histogram), false);
  let { zeroCount } = histogram;
  if (zeroCount > 0) {
    const hasPositive = histogram.positive.counts.some((bucket) => bucket !== 0);
    const hasNegative = histogram.negative.counts.some((bucket) => bucket !== 0);
    const kept = trimZeroBucket(zeroBucket(histogram), at, { side, hasPositive, hasNegative });
    if (kept.count !== zeroCount) isTrimmed = true;
    zeroCount = kept.count;
    count += kept.count;
    sum += kept.midpoint * kept.count;
  }
  if (!isTrimmed) return histogram;
  return compactHistogram({
    ...histogram,
    count,
    sum,
    zeroCount,
    positive: { indexes: histogram.positive.indexes, counts: positive },
    negative: { indexes: histogram.negative.indexes, counts: negative },
  });
}

interface TrimContext {
  readonly side: TrimSide;
  readonly isPositive: boolean;
  readonly isLinear: boolean;
}

function trimBucket(bucket: Bucket, at: number, context: TrimContext): Kept {
  const { lower, upper, count } = bucket;
  const { side, isPositive, isLinear } = context;
  const isInside = side === 'keep-below' ? upper <= at : lower >= at;
  if (isInside) return { count, midpoint: midpointOf(lower, upper, context) };
  const isOutside = side === 'keep-below' ? lower >= at : upper <= at;
  if (isOutside) return { count: 0, midpoint: 0 };
  if (lower === Number.NEGATIVE_INFINITY || upper === Number.POSITIVE_INFINITY) {
    return trimInfiniteBucket(bucket, at, side);
  }
  const below = count * fractionBelow(bucket, at, isLinear);
  return side === 'keep-below'
    ? { count: below, midpoint: midpointOf(lower, at, { isPositive, isLinear }) }
    : { count: count - below, midpoint: midpointOf(at, upper, { isPositive, isLinear }) };
}

/** How much of a finite bucket lies below a value inside it: linear, or linear on a logarithmic scale. */
export function fractionBelow({ lower, upper }: Bucket, at: number, isLinear: boolean): number {
  if (isLinear) return (at - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logAt = Math.log2(Math.abs(at));
  return at > 0 ? (logAt - logLower) / (logUpper - logLower) : 1 - (logAt - logUpper) / (logLower - logUpper);
}

/** A bucket without an end says nothing about where its observations lie; a positive one is taken to begin at 0. */
function trimInfiniteBucket({ lower, upper, count }: Bucket, at: number, side: TrimSide): Kept {
  if (lower === Number.NEGATIVE_INFINITY) {
    const isBounded = upper > 0 && upper !== Number.POSITIVE_INFINITY;
    if (side === 'keep-below') {
      if (at > 0 && isBounded) return { count: (count * at) / upper, midpoint: at / 2 };
      return upper <= 0 ? { count, midpoint: at } : { count: 0, midpoint: 0 };
    }
    if (at >= 0 && isBounded) return { count: count * (1 - at / upper), midpoint: (at + upper) / 2 };
    return { count: 0, midpoint: 0 };
  }
  return side === 'keep-above' && at >= lower ? { count, midpoint: at } : { count: 0, midpoint: 0 };
}

function trimZeroBucket(
  zero: Bucket,
  at: number,
  { side, hasPositive, hasNegative }: { side: TrimSide; hasPositive: boolean; hasNegative: boolean },
): Kept {
  const lower = hasPositive && !hasNegative ? 0 : zero.lower;
  const upper = hasNegative && !hasPositive ? 0 : zero.upper;
  const all = { count: zero.count, midpoint: (lower + upper) / 2 };
  const none = { count: 0, midpoint: 0 };
  if (at <= lower) return side === 'keep-below' ? none : all;
  if (at >= upper) return side === 'keep-below' ? all : none;
  return side === 'keep-below'
    ? { count: (zero.count * (at - lower)) / (upper - lower), midpoint: (lower + at) / 2 }
    : { count: (zero.count * (upper - at)) / (upper - lower), midpoint: (at + upper) / 2 };
}

function midpointOf(
  lower: number,
  upper: number,
  { isPositive, isLinear }: Pick<TrimContext, 'isPositive' | 'isLinear'>,
): number {
  if (!Number.isFinite(lower)) {
    if (!Number.isFinite(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (!Number.isFinite(upper)) return lower;
  if (isLinear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? mean : -mean;
}
