/** changes and resets: how often neighbouring samples of a window differ, or a counter started again. */
import { firstAfter } from '../evaluate/range-input.ts';
import type { RangeFunction, RangeWindow } from '../evaluate/range-window.ts';
import { ABSENT, FLOAT } from '../evaluate/step-series.ts';
import { isEqualHistogram } from '../histogram/arithmetic.ts';
import { detectReset } from '../histogram/detect-reset.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { isStartReset, type TimedStart } from './start-times.ts';

interface Point extends TimedStart {
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

export const changes: RangeFunction = countPairs((previous, current) => {
  if (previous.histogram && current.histogram)
    return !isEqualHistogram(current.histogram, previous.histogram);
  if (previous.histogram || current.histogram) return true;
  return current.value !== previous.value && !(Number.isNaN(current.value) && Number.isNaN(previous.value));
});

export const resets: RangeFunction = countPairs((previous, current) => {
  if (previous.histogram && current.histogram) {
    return isStartReset(previous, current) || detectReset(current.histogram, previous.histogram);
  }
  if (previous.histogram || current.histogram) return true;
  return current.value < previous.value || isStartReset(previous, current);
});

function countPairs(counts: (previous: Point, current: Point) => boolean): RangeFunction {
  return (window) => {
    const start = startOf(window);
    if (!start) return ABSENT;
    const { floats, to, histograms, histogramTo } = window;
    let { float, histogram } = start;
    let previous: Point | undefined;
    let count = 0;
    while (float < to || histogram < histogramTo) {
      const isFloat =
        histogram >= histogramTo || (float < to && floats.times[float]! < histograms.times[histogram]!);
      const current: Point = isFloat
        ? {
            timeMs: floats.times[float]!,
            startMs: floats.starts?.[float] ?? 0,
            value: floats.values[float]!,
            histogram: undefined,
          }
        : {
            timeMs: histograms.times[histogram]!,
            startMs: histograms.starts?.[histogram] ?? 0,
            value: 0,
            histogram: histograms.values[histogram]!,
          };
      if (isFloat) float++;
      else histogram++;
      if (previous && counts(previous, current)) count++;
      previous = current;
    }
    window.value = count;
    return FLOAT;
  };
}

/**
 * The first sample to look at. For an `anchored` selector that is the newest one at or before the start of
 * the range, of whichever kind; undefined when nothing lies behind the start.
 */
function startOf(window: RangeWindow): { float: number; histogram: number } | undefined {
  const { floats, from, to, histograms, histogramFrom, histogramTo, startMs } = window;
  if (window.extension !== 'anchored') return { float: from, histogram: histogramFrom };
  const float = firstAfter(floats.times, startMs, { from, to });
  const histogram = firstAfter(histograms.times, startMs, { from: histogramFrom, to: histogramTo });
  if (float >= to && histogram >= histogramTo) return undefined;
  const floatMs = float > from ? floats.times[float - 1]! : Number.NEGATIVE_INFINITY;
  const histogramMs = histogram > histogramFrom ? histograms.times[histogram - 1]! : Number.NEGATIVE_INFINITY;
  if (floatMs === Number.NEGATIVE_INFINITY && histogramMs === Number.NEGATIVE_INFINITY)
    return { float, histogram };
  return floatMs >= histogramMs ? { float: float - 1, histogram } : { float, histogram: histogram - 1 };
}
