/** Quantiles and fractions of native histograms, interpolated inside the bucket they fall into. */
import { allBuckets, type Bucket } from './bounds.ts';
import { type Histogram, hasCustomBuckets } from './histogram.ts';
import { fractionBelow } from './trim-histogram.ts';

/** What has to be said about NaN observations, which are in no bucket. */
export type NanNote = 'nan-result' | 'nan-skew' | 'nan-excluded';

export interface Estimate {
  readonly value: number;
  readonly note?: NanNote;
}

export function quantileOfHistogram(q: number, histogram: Histogram): Estimate {
  if (q < 0) return { value: Number.NEGATIVE_INFINITY };
  if (q > 1) return { value: Number.POSITIVE_INFINITY };
  if (histogram.count === 0 || Number.isNaN(q)) return { value: Number.NaN };
  const hasNan = Number.isNaN(histogram.sum);
  // From the nearer end, so that rounding errors stay small; from below when NaNs are missing above.
  const isForward = hasNan || q < 0.5;
  const buckets = allBuckets(histogram);
  if (!isForward) buckets.reverse();
  let rank = (isForward ? q : 1 - q) * histogram.count;
  let count = 0;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  let at = 0;
  for (; at < buckets.length; at++) {
    bucket = buckets[at]!;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  const isCustom = hasCustomBuckets(histogram);
  if (isCustom) {
    if (bucket.lower === Number.NEGATIVE_INFINITY) {
      if (bucket.upper <= 0) return { value: bucket.upper };
      bucket = { ...bucket, lower: 0 };
    } else if (bucket.upper === Number.POSITIVE_INFINITY) return { value: bucket.lower };
  } else if (bucket.lower < 0 && bucket.upper > 0) bucket = oneSided(bucket, histogram);
  count = Math.min(count, histogram.count);
  if (count < rank) return hasNan ? { value: Number.NaN, note: 'nan-result' } : { value: bucket.upper };
  rank = isForward ? rank - (count - bucket.count) : count - rank;
  let hasSkew = false;
  if (hasNan) {
    const remaining = buckets.slice(at + 1);
    const total = remaining.reduce((sum, other) => sum + other.count, count);
    hasSkew = total < histogram.count;
    // The interpolation happens in the last bucket that was looked at.
    bucket = remaining.at(-1) ?? bucket;
  }
  const value = interpolate(bucket, rank / bucket.count, isCustom);
  return hasSkew ? { value, note: 'nan-skew' } : { value };
}

/** A zero bucket ends at zero on the side where the histogram has no buckets. */
function oneSided(bucket: Bucket, { positive, negative }: Histogram): Bucket {
  if (negative.indexes.length === 0 && positive.indexes.length > 0) return { ...bucket, lower: 0 };
  if (positive.indexes.length === 0 && negative.indexes.length > 0) return { ...bucket, upper: 0 };
  return bucket;
}

function interpolate({ lower, upper }: Bucket, fraction: number, isLinear: boolean): number {
  if (isLinear || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** The share of observations between two values. */
export function fractionOfHistogram(lower: number, upper: number, histogram: Histogram): Estimate {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return { value: Number.NaN };
  if (lower >= upper) return { value: 0 };
  const isCustom = hasCustomBuckets(histogram);
  const buckets = allBuckets(histogram);
  let total = histogram.count;
  let note: NanNote | undefined;
  if (Number.isNaN(histogram.sum)) {
    total = buckets.reduce((sum, { count }) => sum + count, 0);
    if (total < histogram.count) note = 'nan-excluded';
  }
  const rankOf = (value: number): number => {
    let rank = 0;
    for (const original of buckets) {
      const isZero = original.lower <= 0 && original.upper >= 0;
      const bucket = isZero ? oneSided(original, histogram) : original;
      if (bucket.lower >= value) return Math.min(rank, total);
      if (bucket.upper > value) {
        const isLinear = isCustom || isZero;
        const inside =
          isLinear && bucket.lower === Number.NEGATIVE_INFINITY
            ? bucket.count - rank
            : bucket.count * fractionBelow(bucket, value, isLinear);
        return Math.min(rank + inside, total);
      }
      rank += bucket.count;
    }
    return total;
  };
  const value = (rankOf(upper) - rankOf(lower)) / histogram.count;
  return note ? { value, note } : { value };
}

/** Variance of the observations, each taken to lie in the middle of its bucket. */
export function varianceOfHistogram(histogram: Histogram): number {
  const mean = histogram.sum / histogram.count;
  let variance = 0;
  let compensation = 0;
  for (const { lower, upper, count } of allBuckets(histogram)) {
    if (count === 0) continue;
    const delta = middleOf(lower, upper, hasCustomBuckets(histogram)) - mean;
    const term = count * delta * delta;
    const next = variance + term;
    if (Math.abs(next) === Number.POSITIVE_INFINITY) compensation = 0;
    else
      compensation += Math.abs(variance) >= Math.abs(term) ? variance - next + term : term - next + variance;
    variance = next;
  }
  return (variance + compensation) / histogram.count;
}

function middleOf(lower: number, upper: number, isCustom: boolean): number {
  if (isCustom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const mean = Math.sqrt(upper * lower);
  return upper < 0 ? -mean : mean;
}
