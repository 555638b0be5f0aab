/**
 * Native histograms with float counts, in the shape that makes arithmetic simple: each side is a list of
 * bucket indexes, ascending, with a count each. (Prometheus stores the same as spans and deltas.)
 *
 * Schemas: -4 … 8 are exponential (2^schema buckets per power of two, bound = 2^(index / 2^schema));
 * -53 has custom upper bounds in `customBounds`, one +Inf bucket more than bounds, no zero bucket and no
 * negative side. Source: Prometheus native histogram specification.
 */
export interface Buckets {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

/** What is known about a reset between this sample and the one before it. */
export type ResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

export interface Histogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  readonly customBounds: readonly number[];
  readonly resetHint: ResetHint;
}

export const CUSTOM_SCHEMA = -53;
export const MAX_EXPONENTIAL_SCHEMA = 8;
export const NO_BUCKETS: Buckets = { indexes: [], counts: [] };

export const EMPTY_HISTOGRAM: Histogram = {
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positive: NO_BUCKETS,
  negative: NO_BUCKETS,
  customBounds: [],
  resetHint: 'unknown',
};

export function hasCustomBuckets(histogram: Histogram): boolean {
  return histogram.schema === CUSTOM_SCHEMA;
}

export function isSameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, i) => bound === b[i]));
}

/** How many float samples a histogram weighs against the sample limit (Prometheus HPoint.size). */
export function histogramWeight(histogram: Histogram): number {
  const buckets = histogram.positive.indexes.length + histogram.negative.indexes.length;
  return 11 + Math.ceil((buckets + histogram.customBounds.length) / 2);
}
