/** Scalars out of vectors, out of each other, and out of the query itself. */
import { timeAt } from '../evaluate/grid.ts';
import type { Evaluation } from '../evaluate/query-context.ts';
import { createStepSeries, FLOAT, type StepSeries, setFloat } from '../evaluate/step-series.ts';
import { NO_LABELS } from '../model/labels.ts';

/** The value of the only float, NaN where there is none or more than one. */
export function scalarOf(series: readonly StepSeries[], { grid }: Evaluation): StepSeries {
  const out = createStepSeries(NO_LABELS, grid.count);
  for (let step = 0; step < grid.count; step++) {
    let found = 0;
    let value = Number.NaN;
    for (const candidate of series) {
      if (candidate.kinds[step] !== FLOAT) continue;
      found++;
      value = candidate.values[step]!;
    }
    setFloat(out, step, found === 1 ? value : Number.NaN);
  }
  return out;
}

export function timeOfStep({ grid }: Evaluation): StepSeries {
  const out = createStepSeries(NO_LABELS, grid.count);
  for (let step = 0; step < grid.count; step++) setFloat(out, step, timeAt(grid, step) / 1000);
  return out;
}

export function fromScalars(
  a: Float64Array,
  b: Float64Array,
  combine: (a: number, b: number) => number,
): StepSeries[] {
  const out = createStepSeries(NO_LABELS, a.length);
  for (let step = 0; step < a.length; step++) setFloat(out, step, combine(a[step]!, b[step]!));
  return [out];
}

/** start(), end(), range() and step() of the whole query in seconds, also inside subqueries. */
export function queryConstant(name: 'start' | 'end' | 'range' | 'step', { query }: Evaluation): number {
  const { startMs, endMs, stepMs } = query;
  switch (name) {
    case 'start':
      return startMs / 1000;
    case 'end':
      return endMs / 1000;
    case 'range':
      return (endMs - startMs) / 1000;
    case 'step':
      return startMs === endMs ? 0 : stepMs / 1000;
  }
}
