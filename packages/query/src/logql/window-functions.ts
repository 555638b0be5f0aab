/** What range aggregations make of the samples in one window. */
import type { RangeOperation } from './ast.ts';

/** `values[from]` to `values[to - 1]`, in the order of their times; never empty. */
export type WindowFunction = (values: readonly number[], from: number, to: number) => number;

export interface WindowOptions {
  readonly rangeMs: number;
  /** Of quantile_over_time. */
  readonly parameter: number;
  readonly isUnwrapped: boolean;
}

export function createWindowFunction(
  operation: Exclude<RangeOperation, 'absent_over_time'>,
  { rangeMs, parameter, isUnwrapped }: WindowOptions,
): WindowFunction {
  const seconds = rangeMs / 1000;
  switch (operation) {
    case 'count_over_time':
      return (_values, from, to) => to - from;
    case 'rate':
      return isUnwrapped
        ? (values, from, to) => sum(values, from, to) / seconds
        : (_values, from, to) => (to - from) / seconds;
    case 'bytes_rate':
      return (values, from, to) => sum(values, from, to) / seconds;
    case 'bytes_over_time':
    case 'sum_over_time':
      return sum;
    case 'avg_over_time':
      return (values, from, to) => sum(values, from, to) / (to - from);
    case 'min_over_time':
      return (values, from, to) => fold(values, { from, to, pick: Math.min });
    case 'max_over_time':
      return (values, from, to) => fold(values, { from, to, pick: Math.max });
    case 'stdvar_over_time':
      return variance;
    case 'stddev_over_time':
      return (values, from, to) => Math.sqrt(variance(values, from, to));
    case 'quantile_over_time':
      return (values, from, to) => quantile(parameter, values.slice(from, to));
    case 'first_over_time':
      return (values, from) => values[from]!;
    case 'last_over_time':
      return (values, _from, to) => values[to - 1]!;
    case 'rate_counter':
      return (values, from, to) => increase(values, from, to) / seconds;
  }
}

function sum(values: readonly number[], from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i]!;
  return total;
}

function fold(
  values: readonly number[],
  { from, to, pick }: { from: number; to: number; pick: (a: number, b: number) => number },
): number {
  let result = values[from]!;
  for (let i = from + 1; i < to; i++) result = pick(result, values[i]!);
  return result;
}

/** Of the population; the mean first, so that large values with small differences keep their digits. */
function variance(values: readonly number[], from: number, to: number): number {
  const mean = sum(values, from, to) / (to - from);
  let squares = 0;
  for (let i = from; i < to; i++) squares += (values[i]! - mean) ** 2;
  return squares / (to - from);
}

/** Linear between the two nearest ranks, as in Prometheus. */
export function quantile(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const sorted = values.toSorted((a, b) => a - b);
  const rank = q * (sorted.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! * (1 - (rank - low)) + sorted[high]! * (rank - low);
}

/** A value below the one before means that the counter began anew. */
function increase(values: readonly number[], from: number, to: number): number {
  let total = 0;
  for (let i = from + 1; i < to; i++)
    total += values[i]! >= values[i - 1]! ? values[i]! - values[i - 1]! : values[i]!;
  return total;
}
