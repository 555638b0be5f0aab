/** Instant selectors: at each step the newest sample that is not older than the lookback. */
import type { Histogram } from '../histogram/histogram.ts';
import type { VectorSelector } from '../parse/ast.ts';
import type { SeriesData } from '../series-reader.ts';
import { evaluateSmoothedSelector } from './evaluate-smoothed.ts';
import { timeAt } from './grid.ts';
import { resolveAt, resolveOffset } from './load-selections.ts';
import type { Evaluation } from './query-context.ts';
import { createStepRows, isEmptySeries, type StepSeries, setFloat, setHistogram } from './step-series.ts';

export interface Reference {
  /** The time every step looks at, when `@` fixes one. */
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}

export function evaluateVectorSelector(selector: VectorSelector, { query, grid }: Evaluation): StepSeries[] {
  const data = query.selections.get(selector) ?? [];
  if (selector.extension === 'smoothed') return evaluateSmoothedSelector(selector, data, { query, grid });
  return lookUpSeries(data, referenceOf(selector, { query, grid }), { query, grid });
}

export function referenceOf(selector: VectorSelector, { query }: Evaluation): Reference {
  return { atMs: resolveAt(selector.at, query), offsetMs: resolveOffset(selector, query) };
}

export function lookUpSeries(
  data: readonly SeriesData[],
  reference: Reference,
  evaluation: Evaluation,
): StepSeries[] {
  const result: StepSeries[] = [];
  const { budget } = evaluation.query;
  const cells = data.length * evaluation.grid.count;
  // Charged before anything of that size is allocated.
  budget.charge(cells);
  const rows = createStepRows(evaluation.grid.count);
  for (const series of data) {
    evaluation.query.checkTime();
    const out = rows.open(series.labels);
    visitSamples(series, reference, evaluation, (step, index, histogram) => {
      if (histogram) setHistogram(out, step, histogram);
      else setFloat(out, step, series.values[index]!);
    });
    if (isEmptySeries(out)) continue;
    rows.keep();
    result.push(out);
  }
  budget.release(cells);
  return result;
}

/** Calls `visit` with the index of the sample that each step sees. */
export function visitSamples(
  series: SeriesData,
  { atMs, offsetMs }: Reference,
  { query, grid }: Evaluation,
  visit: (step: number, index: number, histogram: Histogram | undefined) => void,
): void {
  const { times, histograms, stale } = series;
  const { length } = times;
  let index = -1;
  for (let step = 0; step < grid.count; step++) {
    const reference = (atMs ?? timeAt(grid, step)) - offsetMs;
    while (index + 1 < length && times[index + 1]! <= reference) index++;
    if (index < 0 || times[index]! <= reference - query.lookbackMs || stale?.[index] === 1) continue;
    visit(step, index, histograms?.[index]);
  }
}
