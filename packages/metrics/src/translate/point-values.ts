/** The values of OTLP points, checked; a fault refuses this point only. */
import type {
  ExponentialBuckets,
  ExponentialHistogramPoint,
  HistogramPoint,
  NumberValue,
  SummaryPoint,
} from '@sluice/otlp/model';
import { toLevel } from '../model/level.ts';
import type {
  ExponentialMetricPoint,
  HistogramMetricPoint,
  SummaryMetricPoint,
} from '../model/metric-point.ts';
import type { Level } from '../model/snapshot.ts';
import { PointFault } from './rejections.ts';

/** Scales of OTLP are 32 bits; a double has no buckets beyond these. */
const MAX_SCALE = 20;
const MIN_SCALE = -11;

/** @throws PointFault */
export function toGaugeValue(value: NumberValue): Level {
  if (value.type === 'empty') throw new PointFault('no-value', 'the point has no value');
  return value.type === 'int' ? toLevel(value.value) : value.value;
}

/** @throws PointFault: totals are finite, and those that only rise are not negative. */
export function toSumValue(value: NumberValue, isMonotonic: boolean): Level {
  const level = toGaugeValue(value);
  if (typeof level === 'number' && !Number.isFinite(level)) {
    throw new PointFault('counter-not-finite', `the value of a sum is ${level}`);
  }
  if (isMonotonic && level < 0) {
    throw new PointFault('counter-negative', `the value of a monotonic sum is ${level}`);
  }
  return level;
}

type HistogramValues = Pick<HistogramMetricPoint, 'bounds' | 'counts' | 'sum'>;

/** @throws PointFault */
export function toHistogramValues(point: HistogramPoint, maxBuckets: number): HistogramValues {
  let bounds = point.explicitBounds;
  let counts: Level[] = point.bucketCounts.map(toLevel);
  if (counts.length === 0 && bounds.length === 0) counts = [toLevel(point.count)];
  if (counts.length !== bounds.length + 1) {
    throw new PointFault(
      'bucket-bounds-mismatch',
      `${counts.length} bucket counts and ${bounds.length} bounds; there must be one more count than bounds`,
    );
  }
  if (counts.length > maxBuckets) {
    throw new PointFault('too-many-buckets', `${counts.length} buckets; the limit is ${maxBuckets}`);
  }
  if (bounds.at(-1) === Number.POSITIVE_INFINITY) {
    bounds = bounds.slice(0, -1);
    counts.push(toLevel(BigInt(counts.pop()!) + BigInt(counts.pop()!)));
  }
  for (let i = 0; i < bounds.length; i++) {
    if (!(bounds[i]! > (i === 0 ? Number.NEGATIVE_INFINITY : bounds[i - 1]!))) {
      throw new PointFault('bounds-not-increasing', 'histogram bounds must rise strictly');
    }
  }
  return { bounds, counts, sum: checkSum(point.sum) };
}

type ExponentialValues = Pick<ExponentialMetricPoint, 'native' | 'sum'>;

/** @throws PointFault */
export function toExponentialValues(point: ExponentialHistogramPoint, maxBuckets: number): ExponentialValues {
  const { scale, positive, negative } = point;
  if (scale > MAX_SCALE || scale < MIN_SCALE) {
    throw new PointFault('scale-out-of-range', `scale ${scale} is not from ${MIN_SCALE} to ${MAX_SCALE}`);
  }
  const buckets = positive.bucketCounts.length + negative.bucketCounts.length;
  if (buckets > maxBuckets) {
    throw new PointFault('too-many-buckets', `${buckets} buckets; the limit is ${maxBuckets}`);
  }
  return {
    native: {
      scale,
      zeroThreshold: Number.isFinite(point.zeroThreshold) ? Math.max(0, point.zeroThreshold) : 0,
      zeroCount: toLevel(point.zeroCount),
      positive: toBucketMap(positive),
      negative: toBucketMap(negative),
    },
    sum: checkSum(point.sum),
  };
}

type SummaryValues = Pick<SummaryMetricPoint, 'quantiles' | 'count' | 'sum'>;

/** @throws PointFault */
export function toSummaryValues({ quantiles, count, sum }: SummaryPoint): SummaryValues {
  checkSum(sum);
  return { quantiles, count: toLevel(count), sum };
}

function toBucketMap({ offset, bucketCounts }: ExponentialBuckets): ReadonlyMap<number, Level> {
  const buckets = new Map<number, Level>();
  bucketCounts.forEach((count, place) => {
    if (count !== 0n) buckets.set(offset + place, toLevel(count));
  });
  return buckets;
}

function checkSum(sum: number | undefined): number | undefined {
  if (sum === undefined || Number.isFinite(sum)) return sum;
  throw new PointFault('sum-not-finite', `the sum is ${sum}`);
}
