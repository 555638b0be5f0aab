/**
 * Exponential histograms as Prometheus' native histograms: the same base-2 buckets, numbered from their
 * upper bound (OTLP numbers from the lower one), as spans of filled buckets with differences of counts.
 */
import type { HistogramSnapshot, Level, NativeLevels } from '../model/snapshot.ts';

export interface BucketSpan {
  /** Empty buckets since the end of the span before; of the first span, its first bucket. */
  readonly offset: number;
  readonly length: number;
}

export interface NativeSample {
  readonly count: bigint;
  readonly sum: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: bigint;
  readonly positive: NativeBuckets;
  readonly negative: NativeBuckets;
}

export interface NativeBuckets {
  readonly spans: readonly BucketSpan[];
  /** Of each bucket against the one before; the first against 0. */
  readonly deltas: readonly bigint[];
}

/** Schemas that Prometheus takes (prompb, Histogram.schema). */
const MAX_SCHEMA = 8;
const MIN_SCHEMA = -4;
/** Gaps up to this are cheaper as empty buckets than as a span of their own. */
const MAX_BRIDGED_GAP = 2;

/** `undefined` when the scale is coarser than Prometheus can show: its explicit buckets stand in then. */
export function toNativeSample({ native, count, sum }: HistogramSnapshot): NativeSample | undefined {
  if (native === undefined || native.scale < MIN_SCHEMA) return undefined;
  const shift = Math.max(0, native.scale - MAX_SCHEMA);
  return {
    count: BigInt(count),
    sum: sum ?? Number.NaN,
    schema: native.scale - shift,
    zeroThreshold: native.zeroThreshold,
    zeroCount: BigInt(native.zeroCount),
    positive: toBuckets(native.positive, shift),
    negative: toBuckets(native.negative, shift),
  };
}

/** A histogram of the same scale in which nothing has been observed. */
export function emptyNative({ schema, zeroThreshold }: NativeSample): NativeSample {
  const none = { spans: [], deltas: [] };
  return { count: 0n, sum: 0, schema, zeroThreshold, zeroCount: 0n, positive: none, negative: none };
}

function toBuckets(levels: NativeLevels['positive'], shift: number): NativeBuckets {
  const merged = new Map<number, bigint>();
  for (const [index, level] of levels) {
    const count = BigInt(level satisfies Level);
    if (count === 0n) continue;
    const own = (index >> shift) + 1;
    merged.set(own, (merged.get(own) ?? 0n) + count);
  }
  const spans: { offset: number; length: number }[] = [];
  const deltas: bigint[] = [];
  let next = 0;
  let before = 0n;
  const push = (count: bigint): void => {
    deltas.push(count - before);
    before = count;
  };
  for (const index of [...merged.keys()].sort((a, b) => a - b)) {
    const gap = index - next;
    const last = spans.at(-1);
    if (last !== undefined && gap <= MAX_BRIDGED_GAP) {
      for (let i = 0; i < gap; i++) push(0n);
      last.length += gap + 1;
    } else {
      spans.push({ offset: gap, length: 1 });
    }
    push(merged.get(index)!);
    next = index + 1;
  }
  return { spans, deltas };
}
