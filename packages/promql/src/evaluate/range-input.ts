/** Series as range functions take them: floats and histograms in columns of their own, no stale markers. */
import type { Histogram } from '../histogram/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { SeriesData } from '../series-reader.ts';
import type { Grid } from './grid.ts';
import { timeAt } from './grid.ts';
import { FLOAT, HISTOGRAM, type StepSeries } from './step-series.ts';

export interface FloatColumn {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly starts: Float64Array | undefined;
  /** Indexes of samples before which the counter was reset; found when first needed. */
  resets: readonly number[] | undefined;
}

export interface HistogramColumn {
  readonly times: readonly number[];
  readonly values: readonly Histogram[];
  readonly starts: readonly number[] | undefined;
}

export interface RangeInput {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly floats: FloatColumn;
  readonly histograms: HistogramColumn;
}

const NO_HISTOGRAMS: HistogramColumn = { times: [], values: [], starts: undefined };

export function toRangeInput(series: SeriesData): RangeInput {
  const { labels, times, values, startTimes, histograms, stale } = series;
  if (!histograms && !stale) {
    const floats = { times, values, starts: startTimes, resets: undefined };
    return { labels, dropName: false, floats, histograms: NO_HISTOGRAMS };
  }
  const floatIndexes: number[] = [];
  const histogramIndexes: number[] = [];
  for (let i = 0; i < times.length; i++) {
    if (stale?.[i] === 1) continue;
    (histograms?.[i] ? histogramIndexes : floatIndexes).push(i);
  }
  const pick = (column: Float64Array): Float64Array => Float64Array.from(floatIndexes, (i) => column[i]!);
  return {
    labels,
    dropName: false,
    floats: {
      times: pick(times),
      values: pick(values),
      starts: startTimes && pick(startTimes),
      resets: undefined,
    },
    histograms: {
      times: histogramIndexes.map((i) => times[i]!),
      values: histogramIndexes.map((i) => histograms![i]!),
      starts: startTimes && histogramIndexes.map((i) => startTimes[i]!),
    },
  };
}

/** The result of a subquery. Hints of resets are forgotten: the subquery may skip or repeat samples. */
export function fromStepSeries(series: StepSeries, grid: Grid): RangeInput {
  const { labels, dropName, kinds, values, histograms } = series;
  let floats = 0;
  for (let i = 0; i < kinds.length; i++) if (kinds[i] === FLOAT) floats++;
  const floatTimes = new Float64Array(floats);
  const floatValues = new Float64Array(floats);
  const histogramTimes: number[] = [];
  const histogramValues: Histogram[] = [];
  let at = 0;
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] === FLOAT) {
      floatTimes[at] = timeAt(grid, step);
      floatValues[at++] = values[step]!;
    } else if (kinds[step] === HISTOGRAM) {
      const histogram = histograms![step]!;
      histogramTimes.push(timeAt(grid, step));
      histogramValues.push(
        histogram.resetHint === 'gauge' ? histogram : { ...histogram, resetHint: 'unknown' },
      );
    }
  }
  return {
    labels,
    dropName,
    floats: { times: floatTimes, values: floatValues, starts: undefined, resets: undefined },
    histograms: { times: histogramTimes, values: histogramValues, starts: undefined },
  };
}

/** First index in [from, to) whose time is after `timeMs`; `to` when none is. */
export function firstAfter(
  times: ArrayLike<number>,
  timeMs: number,
  { from, to }: { from: number; to: number },
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! > timeMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
