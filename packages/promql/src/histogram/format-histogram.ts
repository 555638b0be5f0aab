/** A histogram as text: `{count:3, sum:2, (1,2]:3}`, which is how Prometheus shows it in label values. */
import { formatGeneral } from '../model/go-float.ts';
import { type Bucket, negativeBuckets, positiveBuckets, zeroBucket } from './bounds.ts';
import { type Histogram, hasCustomBuckets } from './histogram.ts';

export function formatHistogram(histogram: Histogram): string {
  const parts = [`count:${formatGeneral(histogram.count)}`, `sum:${formatGeneral(histogram.sum)}`];
  for (const bucket of negativeBuckets(histogram).reverse())
    if (bucket.count !== 0) parts.push(exponential(bucket));
  if (histogram.zeroCount !== 0) parts.push(write(zeroBucket(histogram), '[', ']'));
  for (const [i, bucket] of positiveBuckets(histogram).entries()) {
    if (bucket.count === 0) continue;
    if (!hasCustomBuckets(histogram)) parts.push(exponential(bucket));
    else parts.push(write(bucket, histogram.positive.indexes[i] === 0 ? '[' : '(', ']'));
  }
  return `{${parts.join(', ')}}`;
}

/** Buckets are open towards zero. */
function exponential(bucket: Bucket): string {
  return write(bucket, bucket.lower < 0 ? '[' : '(', bucket.upper > 0 ? ']' : ')');
}

function write({ lower, upper, count }: Bucket, open: string, close: string): string {
  return `${open}${formatGeneral(lower)},${formatGeneral(upper)}${close}:${formatGeneral(count)}`;
}
