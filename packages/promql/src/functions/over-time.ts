/** Functions that reduce the samples of a window to one value, each sample on its own. */
import { MESSAGE } from '../evaluate/messages.ts';
import {
  floatCount,
  histogramCount,
  metricNameOf,
  type RangeFunction,
  type RangeWindow,
} from '../evaluate/range-window.ts';
import { ABSENT, type CellKind, FLOAT, HISTOGRAM } from '../evaluate/step-series.ts';
import { lostBy } from '../model/kahan.ts';
import { quantile } from './quantile.ts';

export function countOverTime(window: RangeWindow): CellKind {
  window.value = floatCount(window) + histogramCount(window);
  return FLOAT;
}

export function presentOverTime(window: RangeWindow): CellKind {
  window.value = 1;
  return FLOAT;
}

export function firstOverTime(window: RangeWindow): CellKind {
  const { floats, from, histograms, histogramFrom } = window;
  return pick(window, from, histogramFrom, (isFloat, isHistogram) => {
    if (!isFloat || !isHistogram) return isFloat;
    return floats.times[from]! < histograms.times[histogramFrom]!;
  });
}

export function lastOverTime(window: RangeWindow): CellKind {
  const { floats, histograms } = window;
  const last = window.to - 1;
  const lastHistogram = window.histogramTo - 1;
  return pick(window, last, lastHistogram, (isFloat, isHistogram) => {
    if (!isFloat || !isHistogram) return isFloat;
    return histograms.times[lastHistogram]! < floats.times[last]!;
  });
}

function pick(
  window: RangeWindow,
  index: number,
  histogramIndex: number,
  isFloatChosen: (hasFloat: boolean, hasHistogram: boolean) => boolean,
): CellKind {
  if (isFloatChosen(floatCount(window) > 0, histogramCount(window) > 0)) {
    window.value = window.floats.values[index]!;
    return FLOAT;
  }
  window.histogram = window.histograms.values[histogramIndex]!;
  return HISTOGRAM;
}

export function timeOfFirst(window: RangeWindow): CellKind {
  const { floats, histograms } = window;
  const float = floatCount(window) > 0 ? floats.times[window.from]! : Number.POSITIVE_INFINITY;
  const histogram =
    histogramCount(window) > 0 ? histograms.times[window.histogramFrom]! : Number.POSITIVE_INFINITY;
  window.value = Math.min(float, histogram) / 1000;
  return FLOAT;
}

export function timeOfLast(window: RangeWindow): CellKind {
  const { floats, histograms } = window;
  const float = floatCount(window) > 0 ? floats.times[window.to - 1]! : Number.NEGATIVE_INFINITY;
  const histogram =
    histogramCount(window) > 0 ? histograms.times[window.histogramTo - 1]! : Number.NEGATIVE_INFINITY;
  window.value = Math.max(float, histogram) / 1000;
  return FLOAT;
}

/** max, min and the times of them; NaN gives way to any number. */
export function extremeOverTime(
  isBetter: (candidate: number, best: number) => boolean,
  { answersTime = false }: { answersTime?: boolean } = {},
): RangeFunction {
  return floatsOnly((window) => {
    const { values, times } = window.floats;
    let best = window.from;
    for (let i = window.from; i < window.to; i++) {
      if (isBetter(values[i]!, values[best]!) || Number.isNaN(values[best]!)) best = i;
    }
    return answersTime ? times[best]! / 1000 : values[best]!;
  });
}

export function varianceOverTime(toResult: (variance: number) => number): RangeFunction {
  return floatsOnly(({ floats, from, to }) => {
    let count = 0;
    let mean = 0;
    let meanLost = 0;
    let squares = 0;
    let squaresLost = 0;
    for (let i = from; i < to; i++) {
      const value = floats.values[i]!;
      count++;
      const delta = value - (mean + meanLost);
      const nextMean = mean + delta / count;
      meanLost = Math.abs(nextMean) === Infinity ? 0 : meanLost + lostBy(mean, delta / count, nextMean);
      mean = nextMean;
      const square = delta * (value - (mean + meanLost));
      const nextSquares = squares + square;
      squaresLost =
        Math.abs(nextSquares) === Infinity ? 0 : squaresLost + lostBy(squares, square, nextSquares);
      squares = nextSquares;
    }
    return toResult((squares + squaresLost) / count);
  });
}

/** The median distance to the median. */
export const madOverTime: RangeFunction = floatsOnly(({ floats, from, to }) => {
  const values = [...floats.values.subarray(from, to)];
  if (values.some(Number.isNaN)) return Number.NaN;
  const median = quantile(0.5, values);
  return quantile(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
});

export function quantileOverTime(window: RangeWindow): CellKind {
  if (floatCount(window) === 0) return ABSENT;
  const q = window.scalars[0]!;
  if (!(q >= 0 && q <= 1)) window.annotations.warn(MESSAGE.invalidQuantile(q), window.position);
  noteIgnoredHistograms(window, window.position);
  window.value = quantile(q, [...window.floats.values.subarray(window.from, window.to)]);
  return FLOAT;
}

/** A function that leaves histograms out, and says so where it sees both. */
function floatsOnly(compute: (window: RangeWindow) => number): RangeFunction {
  return (window) => {
    if (floatCount(window) === 0) return ABSENT;
    noteIgnoredHistograms(window, window.position);
    window.value = compute(window);
    return FLOAT;
  };
}

export function noteIgnoredHistograms(window: RangeWindow, position: RangeWindow['position']): void {
  if (histogramCount(window) > 0) {
    window.annotations.inform(MESSAGE.ignoredInMixedRange(metricNameOf(window)), position);
  }
}
