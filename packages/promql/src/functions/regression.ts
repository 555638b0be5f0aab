/** deriv, predict_linear and double exponential smoothing. */
import { floatCount, histogramCount, type RangeWindow } from '../evaluate/range-window.ts';
import { ABSENT, type CellKind, FLOAT } from '../evaluate/step-series.ts';
import { type KahanSum, kahanAdd } from '../model/kahan.ts';
import { failExecution } from '../query-error.ts';
import { noteIgnoredHistograms } from './over-time.ts';

export function deriv(window: RangeWindow): CellKind {
  if (!hasTwoFloats(window)) return ABSENT;
  window.value = regress(window, window.floats.times[window.from]!).slope;
  return FLOAT;
}

export function predictLinear(window: RangeWindow): CellKind {
  if (!hasTwoFloats(window)) return ABSENT;
  const { slope, intercept } = regress(window, window.timeMs);
  window.value = slope * window.scalars[0]! + intercept;
  return FLOAT;
}

/** Also says that histograms are left out, where there is a float to go on with. */
function hasTwoFloats(window: RangeWindow): boolean {
  const floats = floatCount(window);
  if (floats > 0 && histogramCount(window) > 0) noteIgnoredHistograms(window, window.position);
  return floats >= 2;
}

/** Least squares; seconds since `originMs` as x, so that large times lose no digits. */
function regress({ floats, from, to }: RangeWindow, originMs: number): { slope: number; intercept: number } {
  const { times, values } = floats;
  const first = values[from]!;
  const x: KahanSum = { sum: 0, compensation: 0 };
  const y: KahanSum = { sum: 0, compensation: 0 };
  const xy: KahanSum = { sum: 0, compensation: 0 };
  const xx: KahanSum = { sum: 0, compensation: 0 };
  let isConstant = true;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (i > from && value !== first) isConstant = false;
    const seconds = (times[i]! - originMs) / 1000;
    kahanAdd(x, seconds);
    kahanAdd(y, value);
    kahanAdd(xy, seconds * value);
    kahanAdd(xx, seconds * seconds);
  }
  if (isConstant) {
    if (Math.abs(first) === Number.POSITIVE_INFINITY) return { slope: Number.NaN, intercept: Number.NaN };
    return { slope: 0, intercept: first };
  }
  const n = to - from;
  const total = ({ sum, compensation }: KahanSum): number => sum + compensation;
  const covariance = total(xy) - (total(x) * total(y)) / n;
  const variance = total(xx) - (total(x) * total(x)) / n;
  const slope = covariance / variance;
  return { slope, intercept: total(y) / n - (slope * total(x)) / n };
}

export function doubleExponentialSmoothing(window: RangeWindow): CellKind {
  const smoothing = window.scalars[0]!;
  const trendFactor = window.scalars[1]!;
  if (smoothing <= 0 || smoothing >= 1) {
    failExecution(`invalid smoothing factor. Expected: 0 < sf < 1, got: ${smoothing.toFixed(6)}`);
  }
  if (trendFactor <= 0 || trendFactor >= 1) {
    failExecution(`invalid trend factor. Expected: 0 < tf < 1, got: ${trendFactor.toFixed(6)}`);
  }
  if (!hasTwoFloats(window)) return ABSENT;
  const { values } = window.floats;
  let level = values[window.from]!;
  let previous = 0;
  let trend = values[window.from + 1]! - level;
  for (let i = window.from + 1; i < window.to; i++) {
    if (i > window.from + 1) trend = trendFactor * (level - previous) + (1 - trendFactor) * trend;
    const next = smoothing * values[i]! + (1 - smoothing) * (level + trend);
    previous = level;
    level = next;
  }
  window.value = level;
  return FLOAT;
}
