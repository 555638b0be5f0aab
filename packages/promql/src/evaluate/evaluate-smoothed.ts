/** `smoothed` instant selectors: at each step the value between the samples around it. */
import { interpolateFloat, interpolateHistogram } from '../functions/interpolate.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { hasCustomBuckets } from '../histogram/histogram.ts';
import { labelValue, METRIC_NAME } from '../model/labels.ts';
import type { VectorSelector } from '../parse/ast.ts';
import type { SeriesData } from '../series-reader.ts';
import { referenceOf } from './evaluate-selector.ts';
import { timeAt } from './grid.ts';
import { MESSAGE } from './messages.ts';
import type { Evaluation } from './query-context.ts';
import { firstAfter, type RangeInput, toRangeInput } from './range-input.ts';
import { createStepSeries, isEmptySeries, type StepSeries, setFloat, setHistogram } from './step-series.ts';

export function evaluateSmoothedSelector(
  selector: VectorSelector,
  data: readonly SeriesData[],
  evaluation: Evaluation,
): StepSeries[] {
  const { query, grid } = evaluation;
  const { atMs, offsetMs } = referenceOf(selector, evaluation);
  const result: StepSeries[] = [];
  for (const series of data) {
    query.checkTime();
    const input = toRangeInput(series);
    const out = createStepSeries(input.labels, grid.count);
    for (let step = 0; step < grid.count; step++) {
      const value = valueAt(input, (atMs ?? timeAt(grid, step)) - offsetMs, { selector, evaluation });
      if (typeof value === 'number') setFloat(out, step, value);
      else if (value) setHistogram(out, step, value);
    }
    if (!isEmptySeries(out)) result.push(out);
  }
  return result;
}

interface SmoothedContext {
  readonly selector: VectorSelector;
  readonly evaluation: Evaluation;
}

function valueAt(
  { labels, floats, histograms }: RangeInput,
  timeMs: number,
  { selector, evaluation }: SmoothedContext,
): number | Histogram | undefined {
  const { lookbackMs, annotations } = evaluation.query;
  const { position } = selector;
  const floatsAround = around(floats.times, timeMs, lookbackMs);
  const histogramsAround = around(histograms.times, timeMs, lookbackMs);
  const metric = labelValue(labels, METRIC_NAME);
  if (floatsAround.isPopulated && histogramsAround.isPopulated) {
    annotations.warn(MESSAGE.mixedFloatsHistograms(metric), position);
    return undefined;
  }
  if (floatsAround.isPopulated) {
    const { before, after } = floatsAround;
    const at = (index: number) => ({ timeMs: floats.times[index]!, value: floats.values[index]! });
    if (before === undefined || after === undefined || before === after) {
      return before === undefined ? undefined : floats.values[before];
    }
    return interpolateFloat({ before: at(before), after: at(after) }, timeMs, false);
  }
  const { before, after } = histogramsAround;
  if (before === undefined) return undefined;
  const at = (index: number) => ({ timeMs: histograms.times[index]!, value: histograms.values[index]! });
  if (before === after) return histograms.values[before];
  // A hint tells about neighbouring samples, not about a value carried on.
  if (after === undefined) return { ...histograms.values[before]!, resetHint: 'unknown' };
  const [earlier, later] = [at(before), at(after)];
  const isMixed = hasCustomBuckets(earlier.value) !== hasCustomBuckets(later.value);
  const isCounter = earlier.value.resetHint !== 'gauge' || later.value.resetHint !== 'gauge';
  const value = isMixed
    ? undefined
    : interpolateHistogram({ before: earlier, after: later }, timeMs, { isCounter, annotations, position });
  if (!value) annotations.warn(MESSAGE.mixedBucketKinds(metric), position);
  return value;
}

/** Indexes of the samples before and after a time (the same one for a sample exactly there). */
function around(
  times: ArrayLike<number>,
  timeMs: number,
  lookbackMs: number,
): { isPopulated: boolean; before: number | undefined; after: number | undefined } {
  const from = firstAfter(times, timeMs - lookbackMs, { from: 0, to: times.length });
  const to = firstAfter(times, timeMs + lookbackMs, { from, to: times.length });
  const next = firstAfter(times, timeMs, { from, to });
  const before = next > from ? next - 1 : undefined;
  const isExact = before !== undefined && times[before] === timeMs;
  return { isPopulated: to > from, before, after: isExact ? before : next < to ? next : undefined };
}
