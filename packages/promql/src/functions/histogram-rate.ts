/** The increase between the first and the last histogram of a window, resets added back. */
import type { HistogramOperation } from '../evaluate/messages.ts';
import { MESSAGE } from '../evaluate/messages.ts';
import { metricNameOf, type RangeWindow } from '../evaluate/range-window.ts';
import { addHistograms, type Combined, subtractHistograms } from '../histogram/arithmetic.ts';
import { compactHistogram, reduceResolution } from '../histogram/bounds.ts';
import { detectReset } from '../histogram/detect-reset.ts';
import { EMPTY_HISTOGRAM, type Histogram, hasCustomBuckets } from '../histogram/histogram.ts';
import { isStartOverlap, isStartReset, startAt } from './start-times.ts';

/** Undefined, with a warning, when the histograms do not fit together. The window holds at least two. */
export function histogramIncrease(window: RangeWindow, isCounter: boolean): Histogram | undefined {
  const { annotations, position, histogramFrom: from, histogramTo: to } = window;
  const points = window.histograms.values.slice(from, to);
  const metric = metricNameOf(window);
  const last = points.at(-1)!;
  if (isCounter && points.some(({ resetHint }) => resetHint === 'gauge')) {
    annotations.warn(MESSAGE.notCounter(metric), position);
  }
  let first = points[0]!;
  if (isCounter && isReset(window, from + 1)) {
    // What the counter held before its reset does not matter, nor does the layout it had then.
    const { schema, customBounds } = points[1]!;
    first = { ...EMPTY_HISTOGRAM, schema, customBounds };
  }
  const isCustom = hasCustomBuckets(first);
  const relevant = isCounter ? points.slice(1) : [last];
  if (relevant.some((point) => hasCustomBuckets(point) !== isCustom)) {
    annotations.warn(MESSAGE.mixedBucketKinds(metric), position);
    return undefined;
  }
  const schema = Math.min(first.schema, ...relevant.map((point) => point.schema));
  const difference = subtractHistograms(toSchema(last, schema), first);
  if (!noteOutcome(window, difference, 'subtraction')) return undefined;
  let result = difference.histogram;
  if (isCounter) {
    let previous = first;
    let hasOverlap = false;
    const { times, starts } = window.histograms;
    for (let i = from + 1; i < to; i++) {
      if (!hasOverlap && starts && isStartOverlap(startAt(times, starts, i - 1), starts[i]!)) {
        annotations.startTimeOverlap(metric, position);
        hasOverlap = true;
      }
      const current = window.histograms.values[i]!;
      if (isStartedAgain(window, i) || detectReset(current, previous)) {
        const sum = addHistograms(result, previous);
        if (!noteOutcome(window, sum, 'addition')) return undefined;
        result = sum.histogram;
      }
      previous = current;
    }
  } else if (points[0]!.resetHint !== 'gauge' || last.resetHint !== 'gauge') {
    annotations.warn(MESSAGE.notGauge(metric), position);
  }
  return compactHistogram({ ...result, resetHint: 'gauge' });
}

function isReset(window: RangeWindow, index: number): boolean {
  const { values } = window.histograms;
  return isStartedAgain(window, index) || detectReset(values[index]!, values[index - 1]!);
}

function isStartedAgain(window: RangeWindow, index: number): boolean {
  const { times, starts } = window.histograms;
  return (
    starts !== undefined && isStartReset(startAt(times, starts, index - 1), startAt(times, starts, index))
  );
}

function toSchema(histogram: Histogram, schema: number): Histogram {
  if (histogram.schema === schema || hasCustomBuckets(histogram)) return histogram;
  return {
    ...histogram,
    schema,
    positive: reduceResolution(histogram.positive, histogram.schema, schema),
    negative: reduceResolution(histogram.negative, histogram.schema, schema),
  };
}

export function noteAddition(window: RangeWindow, outcome: Combined): boolean {
  return noteOutcome(window, outcome, 'addition');
}

/** Annotates what happened; false when the two could not be combined. */
export function noteOutcome(window: RangeWindow, outcome: Combined, operation: HistogramOperation): boolean {
  const { annotations, position } = window;
  if (outcome.isIncompatible) annotations.warn(MESSAGE.mixedBucketKinds(metricNameOf(window)), position);
  if (outcome.hasReconciledBounds) annotations.inform(MESSAGE.reconciledBounds(operation), position);
  return !outcome.isIncompatible;
}
