/** Bounds of buckets, and the buckets of a histogram from the lowest to the highest. */
import {
  type Buckets,
  CUSTOM_SCHEMA,
  type Histogram,
  hasCustomBuckets,
  MAX_EXPONENTIAL_SCHEMA,
} from './histogram.ts';

export interface Bucket {
  lower: number;
  upper: number;
  readonly count: number;
}

/** 2^(i / 2^schema) for the buckets between one power of two and the next. */
const FRACTIONS = Array.from({ length: MAX_EXPONENTIAL_SCHEMA + 1 }, (_, schema) =>
  Array.from({ length: 2 ** schema }, (__, i) => 2 ** (i / 2 ** schema)),
);

/** The upper bound of a bucket; for an exponential schema its absolute value. */
export function boundOf(index: number, schema: number, customBounds: readonly number[]): number {
  if (schema === CUSTOM_SCHEMA) {
    if (index < 0) return Number.NEGATIVE_INFINITY;
    return customBounds[index] ?? Number.POSITIVE_INFINITY;
  }
  return exponentialBound(index, schema);
}

export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    // The bucket below the one of ±Inf ends at the largest number there is.
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const perPower = 2 ** schema;
  const power = Math.floor(index / perPower);
  const fraction = FRACTIONS[schema]![index - power * perPower]!;
  if (power === 1024 && fraction === 1) return Number.MAX_VALUE;
  return power > 1023 ? fraction * 2 ** 1023 * 2 ** (power - 1023) : fraction * 2 ** power;
}

export function zeroBucket({ zeroThreshold, zeroCount }: Histogram): Bucket {
  return { lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount };
}

/** Positive buckets ascending, as they are (not cut off at the zero threshold). */
export function positiveBuckets({ positive, schema, customBounds }: Histogram): Bucket[] {
  return positive.indexes.map((index, i) => ({
    lower: boundOf(index - 1, schema, customBounds),
    upper: boundOf(index, schema, customBounds),
    count: positive.counts[i]!,
  }));
}

/** Negative buckets from zero downwards. */
export function negativeBuckets({ negative, schema }: Histogram): Bucket[] {
  return negative.indexes.map((index, i) => ({
    lower: -exponentialBound(index, schema),
    upper: -exponentialBound(index - 1, schema),
    count: negative.counts[i]!,
  }));
}

/** All buckets ascending; those next to the zero bucket begin where it ends. */
export function allBuckets(histogram: Histogram): Bucket[] {
  const { zeroThreshold } = histogram;
  const below = hasCustomBuckets(histogram) ? [] : negativeBuckets(histogram).reverse();
  const above = positiveBuckets(histogram);
  for (const bucket of below) {
    if (bucket.upper < 0 && bucket.upper > -zeroThreshold) bucket.upper = -zeroThreshold;
  }
  for (const bucket of above) {
    if (bucket.lower > 0 && bucket.lower < zeroThreshold) bucket.lower = zeroThreshold;
  }
  const zero = histogram.zeroCount > 0 ? [zeroBucket(histogram)] : [];
  return [...below, ...zero, ...above];
}

/** The index a bucket has in a schema of lower resolution. */
export function indexInSchema(index: number, from: number, to: number): number {
  return Math.ceil(index / 2 ** (from - to));
}

/** Buckets merged to a schema of lower (or the same) resolution. */
export function reduceResolution(buckets: Buckets, from: number, to: number): Buckets {
  if (from === to) return buckets;
  const indexes: number[] = [];
  const counts: number[] = [];
  for (const [i, index] of buckets.indexes.entries()) {
    const target = indexInSchema(index, from, to);
    const last = indexes.length - 1;
    if (indexes[last] === target) counts[last]! += buckets.counts[i]!;
    else {
      indexes.push(target);
      counts.push(buckets.counts[i]!);
    }
  }
  return { indexes, counts };
}

/** Without buckets that hold nothing. */
export function compactBuckets(buckets: Buckets): Buckets {
  if (!buckets.counts.includes(0)) return buckets;
  const kept = buckets.indexes.map((_, i) => i).filter((i) => buckets.counts[i] !== 0);
  return { indexes: kept.map((i) => buckets.indexes[i]!), counts: kept.map((i) => buckets.counts[i]!) };
}

export function compactHistogram(histogram: Histogram): Histogram {
  const positive = compactBuckets(histogram.positive);
  const negative = compactBuckets(histogram.negative);
  if (positive === histogram.positive && negative === histogram.negative) return histogram;
  return { ...histogram, positive, negative };
}
