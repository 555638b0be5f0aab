/**
 * A running sum of histograms. It brings both operands to what they have in common: the lower resolution,
 * a zero bucket wide enough for both, the custom bounds that both know. With compensation it sums each
 * count by Kahan's method.
 */
import { exponentialBound, indexInSchema } from './bounds.ts';
import { type Buckets, CUSTOM_SCHEMA, type Histogram, isSameBounds, type ResetHint } from './histogram.ts';

interface Cell {
  value: number;
  compensation: number;
}

interface Side {
  indexes: number[];
  cells: Cell[];
}

export interface HistogramSum {
  schema: number;
  zeroThreshold: number;
  zero: Cell;
  count: Cell;
  sum: Cell;
  positive: Side;
  negative: Side;
  customBounds: readonly number[];
  resetHint: ResetHint;
}

/** What was noticed on the way; `isIncompatible` means that nothing was added. */
export interface CombineOutcome {
  readonly isIncompatible: boolean;
  /** One operand says that the counter was reset, the other that it was not. */
  readonly hasResetConflict: boolean;
  readonly hasReconciledBounds: boolean;
}

export function createHistogramSum(histogram: Histogram): HistogramSum {
  return {
    schema: histogram.schema,
    zeroThreshold: histogram.zeroThreshold,
    zero: cell(histogram.zeroCount),
    count: cell(histogram.count),
    sum: cell(histogram.sum),
    positive: toSide(histogram.positive),
    negative: toSide(histogram.negative),
    customBounds: histogram.customBounds,
    resetHint: histogram.resetHint,
  };
}

export function cloneHistogramSum(sum: HistogramSum): HistogramSum {
  return {
    ...sum,
    zero: { ...sum.zero },
    count: { ...sum.count },
    sum: { ...sum.sum },
    positive: cloneSide(sum.positive),
    negative: cloneSide(sum.negative),
  };
}

/** Adds `factor` (1 or -1) times the other histogram. */
export function accumulate(
  sum: HistogramSum,
  other: Histogram,
  { factor = 1, isCompensated = true }: { factor?: 1 | -1; isCompensated?: boolean } = {},
): CombineOutcome {
  if ((sum.schema === CUSTOM_SCHEMA) !== (other.schema === CUSTOM_SCHEMA)) {
    return { isIncompatible: true, hasResetConflict: false, hasReconciledBounds: false };
  }
  const hasResetConflict = reconcileHints(sum, other.resetHint);
  const add = (target: Cell, value: number): void => addToCell(target, factor * value, isCompensated);
  add(sum.count, other.count);
  add(sum.sum, other.sum);
  if (sum.schema === CUSTOM_SCHEMA) {
    const hasReconciledBounds = !isSameBounds(sum.customBounds, other.customBounds);
    if (hasReconciledBounds) {
      const shared = intersectBounds(sum.customBounds, other.customBounds);
      sum.positive = mapToBounds(sum.positive, sum.customBounds, shared);
      const mapped = mapToBounds(toSide(other.positive), other.customBounds, shared);
      addSide(sum.positive, mapped, add);
      sum.positive = withoutZeros(sum.positive);
      sum.customBounds = shared;
    } else addSide(sum.positive, toSide(other.positive), add);
    return { isIncompatible: false, hasResetConflict, hasReconciledBounds };
  }
  const otherZero = reconcileZeroBuckets(sum, other);
  add(sum.zero, otherZero);
  const schema = Math.min(sum.schema, other.schema);
  for (const name of ['positive', 'negative'] as const) {
    sum[name] = reduceSide(sum[name], sum.schema, schema);
    const reduced = reduceSide(toSide(other[name]), other.schema, schema);
    addSide(sum[name], beyond(reduced, schema, sum.zeroThreshold), add);
  }
  sum.schema = schema;
  return { isIncompatible: false, hasResetConflict, hasReconciledBounds: false };
}

/** Multiplies everything, compensations too. */
export function scaleSum(sum: HistogramSum, factor: number): void {
  for (const target of [sum.zero, sum.count, sum.sum, ...sum.positive.cells, ...sum.negative.cells]) {
    target.value *= factor;
    target.compensation *= factor;
  }
}

/** The histogram that the sum stands for, each number divided by `divisor`. */
export function totalOf(sum: HistogramSum, divisor = 1): Histogram {
  const read = ({ value, compensation }: Cell): number => value / divisor + compensation / divisor;
  const side = ({ indexes, cells }: Side): Buckets => ({ indexes: [...indexes], counts: cells.map(read) });
  return {
    schema: sum.schema,
    zeroThreshold: sum.zeroThreshold,
    zeroCount: read(sum.zero),
    count: read(sum.count),
    sum: read(sum.sum),
    positive: side(sum.positive),
    negative: side(sum.negative),
    customBounds: sum.customBounds,
    resetHint: sum.resetHint,
  };
}

export function hasOverflow(sum: HistogramSum): boolean {
  const isInfinite = ({ value }: Cell): boolean => Math.abs(value) === Number.POSITIVE_INFINITY;
  return [sum.zero, sum.count, sum.sum, ...sum.positive.cells, ...sum.negative.cells].some(isInfinite);
}

/** The hint of the sum of two samples; true when the two contradict each other. */
function reconcileHints(sum: HistogramSum, other: ResetHint): boolean {
  const own = sum.resetHint;
  if (own === other || own === 'gauge') return false;
  if (other === 'gauge') {
    sum.resetHint = 'gauge';
    return false;
  }
  sum.resetHint = 'unknown';
  return own !== 'unknown' && other !== 'unknown';
}

/**
 * Widens the zero bucket of `sum` until it holds that of `other` and ends in no populated bucket of either.
 * Answers the count that `other` would have in it.
 */
function reconcileZeroBuckets(sum: HistogramSum, other: Histogram): number {
  let { zeroCount, zeroThreshold } = other;
  while (zeroThreshold !== sum.zeroThreshold) {
    if (sum.zeroThreshold > zeroThreshold) {
      ({ zeroCount, zeroThreshold } = widenedZero(createHistogramSum(other), sum.zeroThreshold));
    }
    if (zeroThreshold > sum.zeroThreshold) {
      const widened = widenedZero(sum, zeroThreshold);
      sum.zero = widened.zero;
      sum.zeroThreshold = widened.zeroThreshold;
      sum.positive = withoutZeros(beyond(sum.positive, sum.schema, sum.zeroThreshold));
      sum.negative = withoutZeros(beyond(sum.negative, sum.schema, sum.zeroThreshold));
    }
  }
  return zeroCount;
}

/** The zero bucket if it reached to `threshold`, or to the end of the populated bucket that is in there. */
export function widenedZero(
  sum: HistogramSum,
  threshold: number,
): { zero: Cell; zeroCount: number; zeroThreshold: number } {
  let reach = threshold;
  for (;;) {
    const zero = { ...sum.zero };
    let isSettled = true;
    for (const { indexes, cells } of [sum.positive, sum.negative]) {
      for (const [i, index] of indexes.entries()) {
        if (exponentialBound(index - 1, sum.schema) >= reach) break;
        addToCell(zero, cells[i]!.value, true);
        addToCell(zero, cells[i]!.compensation, true);
        const upper = exponentialBound(index, sum.schema);
        if (upper > reach) {
          if (cells[i]!.value !== 0) {
            reach = upper;
            isSettled = false;
          }
          break;
        }
      }
    }
    if (isSettled) return { zero, zeroCount: zero.value, zeroThreshold: reach };
  }
}

function addToCell(target: Cell, value: number, isCompensated: boolean): void {
  const { value: before } = target;
  const next = before + value;
  if (isCompensated) {
    if (Math.abs(next) === Number.POSITIVE_INFINITY) target.compensation = 0;
    else if (Math.abs(before) >= Math.abs(value)) target.compensation += before - next + value;
    else target.compensation += value - next + before;
  }
  target.value = next;
}

function addSide(target: Side, other: Side, add: (target: Cell, value: number) => void): void {
  const indexes: number[] = [];
  const cells: Cell[] = [];
  let a = 0;
  let b = 0;
  while (a < target.indexes.length || b < other.indexes.length) {
    const left = target.indexes[a] ?? Number.POSITIVE_INFINITY;
    const right = other.indexes[b] ?? Number.POSITIVE_INFINITY;
    const kept = left <= right ? target.cells[a++]! : cell(0);
    if (right <= left) {
      const { value, compensation } = other.cells[b++]!;
      add(kept, value);
      if (compensation !== 0) add(kept, compensation);
    }
    indexes.push(Math.min(left, right));
    cells.push(kept);
  }
  target.indexes = indexes;
  target.cells = cells;
}

function reduceSide(side: Side, from: number, to: number): Side {
  return from === to ? side : merged(side, (index) => indexInSchema(index, from, to));
}

function mapToBounds(side: Side, from: readonly number[], to: readonly number[]): Side {
  return merged(side, (index) => {
    const bound = from[index] ?? Number.POSITIVE_INFINITY;
    const target = to.findIndex((candidate) => candidate >= bound);
    return target < 0 ? to.length : target;
  });
}

/** Buckets put together that land on the same index. */
function merged({ indexes, cells }: Side, toIndex: (index: number) => number): Side {
  const result: Side = { indexes: [], cells: [] };
  for (const [i, index] of indexes.entries()) {
    const target = toIndex(index);
    const last = result.cells.at(-1);
    if (last && result.indexes.at(-1) === target) {
      addToCell(last, cells[i]!.value, true);
      addToCell(last, cells[i]!.compensation, true);
    } else {
      result.indexes.push(target);
      result.cells.push({ ...cells[i]! });
    }
  }
  return result;
}

/** Only buckets that reach beyond the zero bucket. */
function beyond({ indexes, cells }: Side, schema: number, threshold: number): Side {
  const first = indexes.findIndex((index) => exponentialBound(index, schema) > threshold);
  return first < 0
    ? { indexes: [], cells: [] }
    : { indexes: indexes.slice(first), cells: cells.slice(first) };
}

function withoutZeros({ indexes, cells }: Side): Side {
  const kept = indexes.map((_, i) => i).filter((i) => cells[i]!.value !== 0 || cells[i]!.compensation !== 0);
  return { indexes: kept.map((i) => indexes[i]!), cells: kept.map((i) => cells[i]!) };
}

function intersectBounds(a: readonly number[], b: readonly number[]): number[] {
  const known = new Set(b);
  return a.filter((bound) => known.has(bound));
}

function cell(value: number): Cell {
  return { value, compensation: 0 };
}

function toSide({ indexes, counts }: Buckets): Side {
  return { indexes: [...indexes], cells: counts.map(cell) };
}

function cloneSide({ indexes, cells }: Side): Side {
  return { indexes: [...indexes], cells: cells.map((original) => ({ ...original })) };
}
