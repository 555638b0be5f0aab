/** Functions of one float each; histograms fall out. */
import { createStepSeries, FLOAT, isEmptySeries, type StepSeries } from '../evaluate/step-series.ts';

export const MATH_FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map([
  ['abs', Math.abs],
  ['acos', Math.acos],
  ['acosh', Math.acosh],
  ['asin', Math.asin],
  ['asinh', Math.asinh],
  ['atan', Math.atan],
  ['atanh', Math.atanh],
  ['ceil', Math.ceil],
  ['cos', Math.cos],
  ['cosh', Math.cosh],
  ['deg', (value: number) => (value * 180) / Math.PI],
  ['exp', Math.exp],
  ['floor', Math.floor],
  ['ln', Math.log],
  ['log10', Math.log10],
  ['log2', Math.log2],
  ['rad', (value: number) => (value * Math.PI) / 180],
  ['sgn', (value: number) => (value < 0 ? -1 : value > 0 ? 1 : value)],
  ['sin', Math.sin],
  ['sinh', Math.sinh],
  ['sqrt', Math.sqrt],
  ['tan', Math.tan],
  ['tanh', Math.tanh],
]);

/** `compute` may look at the step. The metric's name goes. */
export function mapFloats(
  series: readonly StepSeries[],
  compute: (value: number, step: number) => number,
): StepSeries[] {
  const result: StepSeries[] = [];
  for (const { labels, kinds, values } of series) {
    const out = createStepSeries(labels, kinds.length, true);
    for (let step = 0; step < kinds.length; step++) {
      if (kinds[step] !== FLOAT) continue;
      out.kinds[step] = FLOAT;
      out.values[step] = compute(values[step]!, step);
    }
    if (!isEmptySeries(out)) result.push(out);
  }
  return result;
}

/** Nothing is left at steps where the lower bound lies above the upper one. */
export function clamp(
  series: readonly StepSeries[],
  { low, high }: { low?: Float64Array; high?: Float64Array },
): StepSeries[] {
  const clamped = mapFloats(series, (value, step) =>
    Math.max(
      low?.[step] ?? Number.NEGATIVE_INFINITY,
      Math.min(high?.[step] ?? Number.POSITIVE_INFINITY, value),
    ),
  );
  if (low && high) {
    for (const { kinds } of clamped) {
      for (let step = 0; step < kinds.length; step++) if (high[step]! < low[step]!) kinds[step] = 0;
    }
  }
  return clamped.filter((out) => !isEmptySeries(out));
}

/** Ties round up. The inverse of the unit gives fewer rounding errors than the unit (0.1 is not exact, 10 is). */
export function roundTo(series: readonly StepSeries[], unit: Float64Array | undefined): StepSeries[] {
  return mapFloats(series, (value, step) => {
    const inverse = 1 / (unit?.[step] ?? 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
}
