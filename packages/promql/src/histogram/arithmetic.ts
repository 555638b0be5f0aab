/** Operators on histograms: sum, difference, scaling, equality. None changes its operands. */
import { type Buckets, type Histogram, hasCustomBuckets, isSameBounds, NO_BUCKETS } from './histogram.ts';
import { accumulate, type CombineOutcome, createHistogramSum, totalOf } from './histogram-sum.ts';

export interface Combined extends CombineOutcome {
  /** The first operand, unchanged, when the two are incompatible. */
  readonly histogram: Histogram;
}

export function addHistograms(a: Histogram, b: Histogram): Combined {
  return combine(a, b, 1);
}

export function subtractHistograms(a: Histogram, b: Histogram): Combined {
  return combine(a, b, -1);
}

function combine(a: Histogram, b: Histogram, factor: 1 | -1): Combined {
  const sum = createHistogramSum(a);
  const outcome = accumulate(sum, b, { factor, isCompensated: false });
  return { ...outcome, histogram: outcome.isIncompatible ? a : totalOf(sum) };
}

/** A negative factor makes a gauge of it. */
export function multiplyHistogram(histogram: Histogram, factor: number): Histogram {
  return mapCounts(histogram, (count) => count * factor, factor < 0);
}

/** Division by zero leaves no buckets. A negative divisor makes a gauge of it. */
export function divideHistogram(histogram: Histogram, divisor: number): Histogram {
  const divided = mapCounts(histogram, (count) => count / divisor, divisor < 0);
  return divisor === 0 ? { ...divided, positive: NO_BUCKETS, negative: NO_BUCKETS } : divided;
}

function mapCounts(histogram: Histogram, map: (count: number) => number, isGauge: boolean): Histogram {
  const side = ({ indexes, counts }: Buckets): Buckets => ({ indexes, counts: counts.map(map) });
  return {
    ...histogram,
    zeroCount: map(histogram.zeroCount),
    count: map(histogram.count),
    sum: map(histogram.sum),
    positive: side(histogram.positive),
    negative: side(histogram.negative),
    resetHint: isGauge ? 'gauge' : histogram.resetHint,
  };
}

/** The same numbers in the same buckets, bit for bit; reset hints do not count. */
export function isEqualHistogram(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    (!hasCustomBuckets(a) || isSameBounds(a.customBounds, b.customBounds)) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    isEqualBuckets(a.positive, b.positive) &&
    isEqualBuckets(a.negative, b.negative)
  );
}

function isEqualBuckets(a: Buckets, b: Buckets): boolean {
  return (
    a.indexes.length === b.indexes.length &&
    a.indexes.every((index, i) => index === b.indexes[i] && Object.is(a.counts[i], b.counts[i]))
  );
}
