/** Exponential histograms: scales that merge, and the explicit buckets that stand for them. */
import { addLevels, subtractLevels } from './level.ts';
import type { Level, NativeLevels } from './snapshot.ts';

/** 40 bounds, powers of two from about 1e-6 to 5e5: borders of buckets at every scale from 0 up. */
const LEAST_POWER = -20;
const MAX_BOUNDS = 40;

/** The explicit bounds of a scale; coarser scales have only some of their borders among the powers of two. */
export function explicitBounds(scale: number): readonly number[] {
  const step = scale >= 0 ? 1 : 2 ** -scale;
  const bounds: number[] = [];
  for (let power = LEAST_POWER; power < LEAST_POWER + MAX_BOUNDS; power++) {
    if (power % step === 0) bounds.push(2 ** power);
  }
  return bounds;
}

/** Counts per explicit bucket (not cumulative, the last above all bounds); exact where `bounds` fit the scale. */
export function toExplicitCounts(native: NativeLevels, bounds: readonly number[]): Level[] {
  const counts: Level[] = new Array(bounds.length + 1).fill(0);
  const place = (upper: number): number => {
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bounds[middle]! < upper) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const add = (at: number, count: Level): void => {
    counts[at] = addLevels(counts[at]!, count);
  };
  for (const count of native.negative.values()) add(place(0), count);
  add(place(native.zeroThreshold), native.zeroCount);
  for (const [index, count] of native.positive) add(place(upperBound(index, native.scale)), count);
  return counts;
}

/** 2^((index+1) / 2^scale), exact where that is a power of two. */
function upperBound(index: number, scale: number): number {
  return 2 ** ((index + 1) * 2 ** -scale);
}

/** The same counts at a coarser scale (OTLP data model § Exponential Scale). */
export function downscale(
  buckets: ReadonlyMap<number, Level>,
  { from, to }: { readonly from: number; readonly to: number },
): Map<number, Level> {
  if (from <= to) return new Map(buckets);
  const ratio = 2 ** (from - to);
  const merged = new Map<number, Level>();
  for (const [index, count] of buckets) {
    const at = Math.floor(index / ratio);
    merged.set(at, addLevels(merged.get(at) ?? 0, count));
  }
  return merged;
}

export interface MutableNative extends NativeLevels {
  scale: number;
  zeroThreshold: number;
  zeroCount: Level;
  positive: Map<number, Level>;
  negative: Map<number, Level>;
}

export function toMutableNative(native: NativeLevels): MutableNative {
  return { ...native, positive: new Map(native.positive), negative: new Map(native.negative) };
}

export function emptyNative(scale: number): MutableNative {
  return { scale, zeroThreshold: 0, zeroCount: 0, positive: new Map(), negative: new Map() };
}

/** Adds `more` to `target`, at the coarser of both scales and the wider zero. */
export function addNative(target: MutableNative, more: NativeLevels): void {
  const scale = Math.min(target.scale, more.scale);
  if (target.scale > scale) {
    target.positive = downscale(target.positive, { from: target.scale, to: scale });
    target.negative = downscale(target.negative, { from: target.scale, to: scale });
    target.scale = scale;
  }
  target.zeroCount = addLevels(target.zeroCount, more.zeroCount);
  addBuckets(target.positive, downscale(more.positive, { from: more.scale, to: scale }));
  addBuckets(target.negative, downscale(more.negative, { from: more.scale, to: scale }));
  widenZero(target, Math.max(target.zeroThreshold, more.zeroThreshold));
}

/** Buckets that reach into the wider zero are counted as zero. */
function widenZero(native: MutableNative, zeroThreshold: number): void {
  if (zeroThreshold === 0) return;
  for (const buckets of [native.positive, native.negative]) {
    for (const [index, count] of buckets) {
      if (upperBound(index - 1, native.scale) >= zeroThreshold) continue;
      buckets.delete(index);
      native.zeroCount = addLevels(native.zeroCount, count);
    }
  }
  native.zeroThreshold = zeroThreshold;
}

/** `later - earlier` at the coarser scale; undefined when a count fell: the source began anew. */
export function subtractNative(later: NativeLevels, earlier: NativeLevels): MutableNative | undefined {
  const scale = Math.min(later.scale, earlier.scale);
  const zeroThreshold = Math.max(later.zeroThreshold, earlier.zeroThreshold);
  const rest = emptyNative(scale);
  addNative(rest, later);
  widenZero(rest, zeroThreshold);
  const less = emptyNative(scale);
  addNative(less, earlier);
  widenZero(less, zeroThreshold);
  rest.zeroCount = subtractLevels(rest.zeroCount, less.zeroCount);
  const hasAll = takeBuckets(rest.positive, less.positive) && takeBuckets(rest.negative, less.negative);
  return hasAll && rest.zeroCount >= 0 ? rest : undefined;
}

export function nativeCount(native: NativeLevels): Level {
  let count = native.zeroCount;
  for (const own of native.positive.values()) count = addLevels(count, own);
  for (const own of native.negative.values()) count = addLevels(count, own);
  return count;
}

function addBuckets(target: Map<number, Level>, more: ReadonlyMap<number, Level>): void {
  for (const [index, count] of more) target.set(index, addLevels(target.get(index) ?? 0, count));
}

function takeBuckets(target: Map<number, Level>, less: ReadonlyMap<number, Level>): boolean {
  for (const [index, count] of less) {
    const left = subtractLevels(target.get(index) ?? 0, count);
    if (left < 0) return false;
    if (left === 0) target.delete(index);
    else target.set(index, left);
  }
  return true;
}
