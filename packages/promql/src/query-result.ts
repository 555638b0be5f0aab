/** What a query answers: a value of one of four types, and what there is to say about it. */
import { type Grid, timeAt } from './evaluate/grid.ts';
import type { RangeInput } from './evaluate/range-input.ts';
import { FLOAT, HISTOGRAM, mergeSameLabels, type StepSeries } from './evaluate/step-series.ts';
import type { Histogram } from './histogram/histogram.ts';
import { compareLabels, dropMetadata, type Labels } from './model/labels.ts';

export interface QueryResult {
  readonly value: QueryValue;
  /** With the place each is about, such as `(1:5)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
}

export interface QueryStats {
  /** Samples that the store handed over. */
  readonly samplesRead: number;
  readonly seriesRead: number;
  /** Most samples in memory at once. */
  readonly peakSamples: number;
}

export type QueryValue =
  | { readonly type: 'scalar'; readonly timeMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timeMs: number; readonly value: string }
  | { readonly type: 'vector'; readonly samples: readonly VectorSample[] }
  | { readonly type: 'matrix'; readonly series: readonly MatrixSeries[] };

export interface VectorSample {
  readonly labels: Labels;
  readonly timeMs: number;
  /** NaN for a histogram. */
  readonly value: number;
  readonly histogram?: Histogram;
}

export interface MatrixSeries {
  readonly labels: Labels;
  /** Float samples. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly histograms: readonly { readonly timeMs: number; readonly histogram: Histogram }[];
}

/** Drops the names that had to go and puts together what is equal then. */
export function finishSeries(series: readonly StepSeries[]): StepSeries[] {
  const finished = series.map((candidate) =>
    candidate.dropName ? { ...candidate, labels: dropMetadata(candidate.labels) } : candidate,
  );
  return mergeSameLabels(finished);
}

export function toVector(series: readonly StepSeries[], timeMs: number): QueryValue {
  const samples = finishSeries(series).map(({ labels, kinds, values, histograms }): VectorSample => {
    if (kinds[0] !== HISTOGRAM) return { labels, timeMs, value: values[0]! };
    return { labels, timeMs, value: Number.NaN, histogram: histograms![0]! };
  });
  return { type: 'vector', samples };
}

/** Sorted by labels. */
export function toMatrix(series: readonly StepSeries[], grid: Grid): QueryValue {
  const result = finishSeries(series).map((finished) => toMatrixSeries(finished, grid));
  return { type: 'matrix', series: result.sort((a, b) => compareLabels(a.labels, b.labels)) };
}

function toMatrixSeries({ labels, kinds, values, histograms }: StepSeries, grid: Grid): MatrixSeries {
  let floats = 0;
  for (let step = 0; step < kinds.length; step++) if (kinds[step] === FLOAT) floats++;
  const times = new Float64Array(floats);
  const floatValues = new Float64Array(floats);
  const points: { timeMs: number; histogram: Histogram }[] = [];
  let at = 0;
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] === FLOAT) {
      times[at] = timeAt(grid, step);
      floatValues[at++] = values[step]!;
    } else if (kinds[step] === HISTOGRAM) {
      points.push({ timeMs: timeAt(grid, step), histogram: histograms![step]! });
    }
  }
  return { labels, times, values: floatValues, histograms: points };
}

/** The samples themselves: the result of a range selector in an instant query. */
export function toRawMatrix(inputs: readonly RangeInput[], startMs: number, endMs: number): QueryValue {
  const series: MatrixSeries[] = [];
  for (const { labels, dropName, floats, histograms } of inputs) {
    const isInside = (timeMs: number): boolean => timeMs > startMs && timeMs <= endMs;
    const from = floats.times.findIndex(isInside);
    const to = floats.times.findLastIndex(isInside) + 1;
    const points = histograms.times
      .map((timeMs, i) => ({ timeMs, histogram: histograms.values[i]! }))
      .filter(({ timeMs }) => isInside(timeMs));
    if (from < 0 && points.length === 0) continue;
    series.push({
      labels: dropName ? dropMetadata(labels) : labels,
      times: from < 0 ? new Float64Array(0) : floats.times.slice(from, to),
      values: from < 0 ? new Float64Array(0) : floats.values.slice(from, to),
      histograms: points,
    });
  }
  return { type: 'matrix', series: series.sort((a, b) => compareLabels(a.labels, b.labels)) };
}
