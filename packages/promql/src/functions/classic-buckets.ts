/**
 * Quantiles and fractions of classic histograms: cumulative counts by upper bound, interpolated linearly.
 * Bounds are numbers, not texts: `le="1"` and `le="1.0"` are one bucket.
 */
export interface ClassicBuckets {
  /** Ascending. */
  readonly bounds: number[];
  readonly counts: number[];
}

export interface ClassicQuantile {
  readonly value: number;
  /** Set when counts went down from one bucket to the next and had to be held. */
  readonly forced?: {
    readonly minBucket: number;
    readonly maxBucket: number;
    readonly maxDifference: number;
  };
}

/** Relative differences below this are rounding, in either direction (one observation in 10^12). */
const SMALL_DELTA = 1e-12;

/** Changes the counts it is given. */
export function classicQuantile(q: number, { bounds, counts }: ClassicBuckets): ClassicQuantile {
  if (Number.isNaN(q)) return { value: Number.NaN };
  if (q < 0) return { value: Number.NEGATIVE_INFINITY };
  if (q > 1) return { value: Number.POSITIVE_INFINITY };
  const last = bounds.length - 1;
  if (bounds[last] !== Number.POSITIVE_INFINITY) return { value: Number.NaN };
  const forced = makeMonotonic(bounds, counts);
  const value = last < 1 || counts[last] === 0 ? Number.NaN : interpolate(q, bounds, counts);
  return forced ? { value, forced } : { value };
}

function interpolate(q: number, bounds: readonly number[], counts: readonly number[]): number {
  const last = bounds.length - 1;
  let rank = q * counts[last]!;
  let at = 0;
  while (at < last && !(counts[at]! >= rank)) at++;
  if (at === last) return bounds[last - 1]!;
  if (at === 0 && bounds[0]! <= 0) return bounds[0]!;
  let start = 0;
  let count = counts[at]!;
  if (at > 0) {
    start = bounds[at - 1]!;
    count -= counts[at - 1]!;
    rank -= counts[at - 1]!;
  }
  return start + (bounds[at]! - start) * (rank / count);
}

function makeMonotonic(bounds: readonly number[], counts: number[]): ClassicQuantile['forced'] {
  let previous = counts[0]!;
  let forced: { minBucket: number; maxBucket: number; maxDifference: number } | undefined;
  for (let i = 1; i < counts.length; i++) {
    const current = counts[i]!;
    if (current === previous) continue;
    if (isAlmostEqual(previous, current)) counts[i] = previous;
    else if (current < previous) {
      counts[i] = previous;
      forced ??= { minBucket: Infinity, maxBucket: -Infinity, maxDifference: 0 };
      forced.minBucket = Math.min(forced.minBucket, bounds[i]!);
      forced.maxBucket = Math.max(forced.maxBucket, bounds[i]!);
      forced.maxDifference = Math.max(forced.maxDifference, previous - current);
    } else previous = current;
  }
  return forced;
}

function isAlmostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  const total = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0) return false;
  return difference / Math.min(total, Number.MAX_VALUE) < SMALL_DELTA;
}

/** The share of observations between two values. */
export function classicFraction(lower: number, upper: number, { bounds, counts }: ClassicBuckets): number {
  const last = bounds.length - 1;
  if (bounds[last] !== Number.POSITIVE_INFINITY) return Number.NaN;
  const total = counts[last]!;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const rankOf = (value: number): number => {
    let rank = 0;
    for (let i = 0; i <= last; i++) {
      const start = i > 0 ? bounds[i - 1]! : bounds[0]! <= 0 ? Number.NEGATIVE_INFINITY : 0;
      if (start >= value) return Math.min(rank, total);
      if (bounds[i]! > value) {
        if (start === Number.NEGATIVE_INFINITY) return Math.min(counts[i]!, total);
        return Math.min(rank + ((counts[i]! - rank) * (value - start)) / (bounds[i]! - start), total);
      }
      rank = counts[i]!;
    }
    return total;
  };
  return (rankOf(upper) - rankOf(lower)) / total;
}
