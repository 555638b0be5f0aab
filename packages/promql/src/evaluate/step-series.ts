/** A series of results in columns: one cell for each step of the grid. */
import type { Histogram } from '../histogram/histogram.ts';
import { type Labels, labelsKey } from '../model/labels.ts';
import { failExecution } from '../query-error.ts';

/** What stands in a cell. */
export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;
export type CellKind = typeof ABSENT | typeof FLOAT | typeof HISTOGRAM;

export interface StepSeries {
  labels: Labels;
  /** The metric's name goes at the end of the query: until then it tells series apart (delayed name removal). */
  dropName: boolean;
  readonly kinds: Uint8Array;
  readonly values: Float64Array;
  /** Made when the first histogram is written. */
  histograms: (Histogram | undefined)[] | undefined;
}

export function createStepSeries(labels: Labels, count: number, dropName = false): StepSeries {
  return {
    labels,
    dropName,
    kinds: new Uint8Array(count),
    values: new Float64Array(count),
    histograms: undefined,
  };
}

/** Cells of many series in few allocations: one for each costs more than what is put into it. */
export interface StepRows {
  /** The next series, empty. The one before is given up unless it was kept. */
  open(labels: Labels, dropName?: boolean): StepSeries;
  keep(): void;
}

const CELLS_PER_SLAB = 16_384;

export function createStepRows(count: number): StepRows {
  const rowsPerSlab = Math.max(1, Math.floor(CELLS_PER_SLAB / count));
  let kinds = new Uint8Array(0);
  let values = new Float64Array(0);
  let at = 0;
  return {
    open(labels, dropName = false) {
      if (at === kinds.length) {
        kinds = new Uint8Array(rowsPerSlab * count);
        values = new Float64Array(rowsPerSlab * count);
        at = 0;
      }
      const end = at + count;
      return {
        labels,
        dropName,
        kinds: kinds.subarray(at, end),
        values: values.subarray(at, end),
        histograms: undefined,
      };
    },
    keep() {
      at += count;
    },
  };
}

export function setFloat(series: StepSeries, step: number, value: number): void {
  series.kinds[step] = FLOAT;
  series.values[step] = value;
}

export function setHistogram(series: StepSeries, step: number, histogram: Histogram): void {
  series.kinds[step] = HISTOGRAM;
  series.histograms ??= new Array(series.kinds.length);
  series.histograms[step] = histogram;
}

export function copyCell(from: StepSeries, to: StepSeries, step: number): void {
  if (from.kinds[step] === FLOAT) setFloat(to, step, from.values[step]!);
  else if (from.kinds[step] === HISTOGRAM) setHistogram(to, step, from.histograms![step]!);
}

export function isEmptySeries({ kinds }: StepSeries): boolean {
  for (let i = 0; i < kinds.length; i++) if (kinds[i] !== ABSENT) return false;
  return true;
}

export const SAME_LABELSET = 'vector cannot contain metrics with the same labelset';

/** Series of equal labels put into one; an execution error where two have a value at the same step. */
export function mergeSameLabels(series: readonly StepSeries[]): StepSeries[] {
  if (series.length < 2) return [...series];
  const byKey = new Map<string, StepSeries>();
  const owned = new Set<StepSeries>();
  for (const candidate of series) {
    const key = labelsKey(candidate.labels);
    const first = byKey.get(key);
    if (!first) {
      byKey.set(key, candidate);
      continue;
    }
    let target = first;
    if (!owned.has(first)) {
      target = {
        ...first,
        kinds: first.kinds.slice(),
        values: first.values.slice(),
        histograms: first.histograms?.slice(),
      };
      owned.add(target);
      byKey.set(key, target);
    }
    for (let step = 0; step < target.kinds.length; step++) {
      if (candidate.kinds[step] === ABSENT) continue;
      if (target.kinds[step] !== ABSENT) failExecution(SAME_LABELSET);
      copyCell(candidate, target, step);
    }
  }
  return [...byKey.values()];
}
