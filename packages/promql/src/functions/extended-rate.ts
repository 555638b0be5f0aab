/**
 * rate, increase and delta of `anchored` and `smoothed` selectors: nothing is extrapolated. `anchored`
 * takes the last sample before the range as its start; `smoothed` interpolates at both borders.
 */
import { MESSAGE } from '../evaluate/messages.ts';
import { firstAfter } from '../evaluate/range-input.ts';
import { histogramCount, metricNameOf, type RangeWindow } from '../evaluate/range-window.ts';
import { ABSENT, type CellKind, FLOAT, HISTOGRAM } from '../evaluate/step-series.ts';
import { addHistograms, divideHistogram, subtractHistograms } from '../histogram/arithmetic.ts';
import { compactHistogram } from '../histogram/bounds.ts';
import { detectReset } from '../histogram/detect-reset.ts';
import { type Histogram, hasCustomBuckets } from '../histogram/histogram.ts';
import { noteOutcome } from './histogram-rate.ts';
import { interpolateFloat, interpolateHistogram } from './interpolate.ts';
import type { RateKind } from './rate.ts';

export function extendedRate(window: RangeWindow, kind: RateKind): CellKind {
  return histogramCount(window) > 0 ? ofHistograms(window, kind) : ofFloats(window, kind);
}

/** The samples that stand for the two borders, or undefined when none lies behind the start. */
export function borderSamples(
  times: ArrayLike<number>,
  { from, to }: { from: number; to: number },
  { startMs, endMs, extension }: Pick<RangeWindow, 'startMs' | 'endMs' | 'extension'>,
): { first: number; last: number } | undefined {
  let last = to - 1;
  const first = Math.max(from, firstAfter(times, startMs, { from, to: last }) - 1);
  if (extension === 'smoothed') last = firstAfter(times, endMs - 1, { from, to: last });
  if (times[last]! <= startMs || (extension === 'smoothed' && times[first]! > endMs)) return undefined;
  return { first, last };
}

function ofFloats(window: RangeWindow, { isCounter, isPerSecond }: RateKind): CellKind {
  const { times, values } = window.floats;
  const { startMs, endMs } = window;
  const border = borderSamples(times, window, window);
  if (!border) return ABSENT;
  const { first, last } = border;
  const isSmoothed = window.extension === 'smoothed';
  const at = (index: number) => ({ timeMs: times[index]!, value: values[index]! });
  const left =
    isSmoothed && times[first]! < startMs
      ? interpolateFloat({ before: at(first), after: at(first + 1) }, startMs, isCounter)
      : values[first]!;
  const right =
    isSmoothed && last > window.from && times[last]! > endMs
      ? interpolateFloat({ before: at(last - 1), after: at(last) }, endMs, isCounter)
      : values[last]!;
  let result = right - left;
  if (isCounter) {
    // Only samples inside the range: the borders have taken care of what lies across them.
    const inner = {
      from: times[first]! <= startMs ? first + 1 : first,
      to: times[last]! >= endMs ? last : last + 1,
    };
    let previous = left;
    for (let i = inner.from; i < inner.to; i++) {
      if (values[i]! < previous) result += previous;
      previous = values[i]!;
    }
    if (right < previous) result += previous;
  }
  window.value = isPerSecond ? result / (window.rangeMs / 1000) : result;
  return FLOAT;
}

function ofHistograms(window: RangeWindow, { isCounter, isPerSecond }: RateKind): CellKind {
  const { histograms, annotations, position } = window;
  const metric = metricNameOf(window);
  const range = { from: window.histogramFrom, to: window.histogramTo };
  const border = borderSamples(histograms.times, range, window);
  if (!border) return ABSENT;
  const { first, last } = border;
  const points = histograms.values.slice(first, last + 1);
  const isCustom = hasCustomBuckets(points[0]!);
  for (const point of points) {
    if (hasCustomBuckets(point) !== isCustom) {
      annotations.warn(MESSAGE.mixedBucketKinds(metric), position);
      return ABSENT;
    }
    if (isCounter && point.resetHint === 'gauge') annotations.warn(MESSAGE.notCounter(metric), position);
  }
  const left = borderHistogram(window, { outer: first, inner: first + 1, isCounter, side: 'left' });
  const right = borderHistogram(window, { outer: last, inner: last - 1, isCounter, side: 'right' });
  if (!left || !right) return ABSENT;
  if (!isCounter && (left.resetHint !== 'gauge' || right.resetHint !== 'gauge')) {
    annotations.warn(MESSAGE.notGauge(metric), position);
  }
  const difference = subtractHistograms(right, left);
  if (!noteOutcome(window, difference, 'subtraction')) return ABSENT;
  let result = difference.histogram;
  if (isCounter) {
    for (const lost of lostToResets(window, { first, last, left, right })) {
      const sum = addHistograms(result, lost);
      if (!noteOutcome(window, sum, 'addition')) return ABSENT;
      result = sum.histogram;
    }
  }
  if (isPerSecond) result = divideHistogram(result, window.rangeMs / 1000);
  window.histogram = compactHistogram({ ...result, resetHint: 'gauge' });
  return HISTOGRAM;
}

function borderHistogram(
  window: RangeWindow,
  {
    outer,
    inner,
    isCounter,
    side,
  }: { outer: number; inner: number; isCounter: boolean; side: 'left' | 'right' },
): Histogram | undefined {
  const { histograms, annotations, position, extension, startMs, endMs } = window;
  const { times, values } = histograms;
  const isOutside =
    side === 'left' ? times[outer]! < startMs : inner >= window.histogramFrom && times[outer]! > endMs;
  if (extension !== 'smoothed' || !isOutside) return values[outer]!;
  const at = (index: number) => ({ timeMs: times[index]!, value: values[index]! });
  const before = at(Math.min(outer, inner));
  const after = at(Math.max(outer, inner));
  const timeMs = side === 'left' ? startMs : endMs;
  const between = interpolateHistogram({ before, after }, timeMs, { isCounter, annotations, position });
  if (!between) annotations.warn(MESSAGE.mixedBucketKinds(metricNameOf(window)), position);
  return between;
}

/** The histograms before each reset between the borders. */
function lostToResets(
  window: RangeWindow,
  { first, last, left, right }: { first: number; last: number; left: Histogram; right: Histogram },
): Histogram[] {
  const { times, values } = window.histograms;
  let from = first + 1;
  let previous = left;
  const isAcross = window.extension === 'smoothed' && times[first]! < window.startMs;
  if (isAcross && detectReset(values[first + 1]!, values[first]!)) {
    // The interpolation at the left border has seen this reset already.
    previous = values[first + 1]!;
    from++;
  }
  if (from > last) return [];
  const lost: Histogram[] = [];
  for (let i = from; i < last; i++) {
    if (detectReset(values[i]!, previous)) lost.push(previous);
    previous = values[i]!;
  }
  if (detectReset(right, previous)) lost.push(previous);
  return lost;
}
