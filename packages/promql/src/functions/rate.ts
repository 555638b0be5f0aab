/**
 * rate, increase and delta: the difference between the ends of a window, with counter resets added back,
 * extrapolated to the window's borders when samples come close enough to them.
 */

import { MESSAGE } from '../evaluate/messages.ts';
import type { FloatColumn } from '../evaluate/range-input.ts';
import {
  floatCount,
  histogramCount,
  metricNameOf,
  type RangeFunction,
  type RangeWindow,
} from '../evaluate/range-window.ts';
import { ABSENT, type CellKind, FLOAT, HISTOGRAM } from '../evaluate/step-series.ts';
import { addHistograms, multiplyHistogram } from '../histogram/arithmetic.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { extendedRate } from './extended-rate.ts';
import { histogramIncrease, noteAddition } from './histogram-rate.ts';
import { isStartOverlap, isStartReset, startAt } from './start-times.ts';

export interface RateKind {
  readonly isCounter: boolean;
  readonly isPerSecond: boolean;
}

/** A gap of up to so many average distances between samples is bridged to the window's border. */
const EXTRAPOLATION_LIMIT = 1.1;

export function rate(kind: RateKind): RangeFunction {
  return (window) => {
    const histograms = histogramCount(window);
    if (histograms > 0 && floatCount(window) > 0) {
      window.annotations.warn(MESSAGE.mixedFloatsHistograms(metricNameOf(window)), window.position);
      return ABSENT;
    }
    if (window.extension) return extendedRate(window, kind);
    return histograms > 0 ? histogramRate(window, kind) : floatRate(window, kind);
  };
}

function floatRate(window: RangeWindow, { isCounter, isPerSecond }: RateKind): CellKind {
  const { floats, from, to, startMs, endMs } = window;
  const { times, values, starts } = floats;
  const last = to - 1;
  const first = values[from]!;
  let result = values[last]! - first;
  if (isCounter) {
    result += lostToResets(window);
    if (starts) noteOverlap(window);
  }
  const firstMs = times[from]!;
  const lastMs = times[last]!;
  const createdMs = isCounter && starts ? starts[from]! : 0;
  let sampledMs = lastMs - firstMs;
  let factor: number;
  if (createdMs !== 0 && createdMs > startMs && createdMs < firstMs) {
    // The counter is known to have been zero inside the window: no need to guess its beginning.
    result += first;
    sampledMs = lastMs - createdMs;
    factor = stretch(sampledMs, 0, toEndMs(endMs - lastMs, lastMs - firstMs, last - from));
  } else {
    if (last === from) return ABSENT;
    const averageMs = sampledMs / (last - from);
    let beforeMs = firstMs - startMs;
    if (beforeMs >= averageMs * EXTRAPOLATION_LIMIT) beforeMs = averageMs / 2;
    // Counters are never negative: not beyond the point where the slope meets zero.
    if (isCounter && result > 0 && first >= 0) beforeMs = Math.min(beforeMs, sampledMs * (first / result));
    factor = stretch(sampledMs, beforeMs, toEndMs(endMs - lastMs, sampledMs, last - from));
  }
  window.value = result * (isPerSecond ? factor / (window.rangeMs / 1000) : factor);
  return FLOAT;
}

/** How far the rate goes on behind the last sample. */
function toEndMs(gapMs: number, sampledMs: number, intervals: number): number {
  const averageMs = intervals > 0 ? sampledMs / intervals : 0;
  return gapMs >= averageMs * EXTRAPOLATION_LIMIT ? averageMs / 2 : gapMs;
}

function stretch(sampledMs: number, beforeMs: number, afterMs: number): number {
  return sampledMs === 0 ? 1 : (sampledMs + beforeMs + afterMs) / sampledMs;
}

/** Sum of the values before each reset inside the window. */
function lostToResets(window: RangeWindow): number {
  const { floats, from, to } = window;
  floats.resets ??= findResets(floats);
  const { resets } = floats;
  let cursor = window.resetCursor;
  while (cursor < resets.length && resets[cursor]! <= from) cursor++;
  window.resetCursor = cursor;
  let lost = 0;
  for (; cursor < resets.length && resets[cursor]! < to; cursor++)
    lost += floats.values[resets[cursor]! - 1]!;
  return lost;
}

function findResets({ times, values, starts }: FloatColumn): number[] {
  const resets: number[] = [];
  for (let i = 1; i < values.length; i++) {
    if (values[i]! < values[i - 1]!) resets.push(i);
    else if (starts && isStartReset(startAt(times, starts, i - 1), startAt(times, starts, i))) resets.push(i);
  }
  return resets;
}

function noteOverlap(window: RangeWindow): void {
  const { times, starts } = window.floats;
  for (let i = window.from + 1; i < window.to; i++) {
    if (isStartOverlap(startAt(times, starts, i - 1), starts![i]!)) {
      window.annotations.startTimeOverlap(metricNameOf(window), window.position);
      return;
    }
  }
}

function histogramRate(window: RangeWindow, kind: RateKind): CellKind {
  const { histograms, histogramFrom: from, histogramTo: to, startMs, endMs } = window;
  const { times, values, starts } = histograms;
  const last = to - 1;
  const firstMs = times[from]!;
  const lastMs = times[last]!;
  let result: Histogram | undefined;
  if (last > from) {
    result = histogramIncrease(window, kind.isCounter);
    if (!result) return ABSENT;
  }
  const createdMs = kind.isCounter ? (starts?.[from] ?? 0) : 0;
  const intervals = last - from;
  let sampledMs = lastMs - firstMs;
  const afterMs = toEndMs(endMs - lastMs, sampledMs, intervals);
  let beforeMs = 0;
  if (createdMs !== 0 && createdMs > startMs && createdMs < firstMs) {
    sampledMs = lastMs - createdMs;
    if (!result) result = values[from]!;
    else {
      const combined = addHistograms(result, values[from]!);
      if (!noteAddition(window, combined)) return ABSENT;
      result = combined.histogram;
    }
  } else {
    if (!result) return ABSENT;
    const averageMs = sampledMs / intervals;
    beforeMs = firstMs - startMs;
    if (beforeMs >= averageMs * EXTRAPOLATION_LIMIT) beforeMs = averageMs / 2;
    const first = values[from]!;
    if (kind.isCounter && result.count > 0 && first.count >= 0) {
      beforeMs = Math.min(beforeMs, sampledMs * (first.count / result.count));
    }
  }
  const factor = stretch(sampledMs, beforeMs, afterMs);
  window.histogram = multiplyHistogram(result, kind.isPerSecond ? factor / (window.rangeMs / 1000) : factor);
  return HISTOGRAM;
}
