/** timestamp and start_timestamp: of the sample itself for a selector, of the evaluation for anything else. */
import { evaluateExpression } from '../evaluate/evaluate-expression.ts';
import { referenceOf, visitSamples } from '../evaluate/evaluate-selector.ts';
import { timeAt } from '../evaluate/grid.ts';
import type { Evaluation } from '../evaluate/query-context.ts';
import {
  ABSENT,
  createStepSeries,
  isEmptySeries,
  type StepSeries,
  setFloat,
} from '../evaluate/step-series.ts';
import type { CallExpr } from '../parse/ast.ts';

/** `start`: answers only for selectors, and only while start timestamps are used; 0 where it is not known. */
export function sampleTimes(call: CallExpr, evaluation: Evaluation, which: 'sample' | 'start'): StepSeries[] {
  const { query, grid } = evaluation;
  const selector = call.args[0]!;
  if (which === 'start' && (selector.kind !== 'vector-selector' || !query.useStartTimestamps)) return [];
  if (selector.kind !== 'vector-selector') {
    return evaluateExpression(selector, evaluation).map((series) => {
      const out = createStepSeries(series.labels, grid.count, true);
      for (let step = 0; step < grid.count; step++) {
        if (series.kinds[step] !== ABSENT) setFloat(out, step, timeAt(grid, step) / 1000);
      }
      return out;
    });
  }
  const result: StepSeries[] = [];
  for (const series of query.selections.get(selector) ?? []) {
    query.checkTime();
    const out = createStepSeries(series.labels, grid.count, true);
    visitSamples(series, referenceOf(selector, evaluation), evaluation, (step, index) => {
      const timeMs = which === 'sample' ? series.times[index]! : (series.startTimes?.[index] ?? 0);
      setFloat(out, step, timeMs / 1000);
    });
    if (!isEmptySeries(out)) result.push(out);
  }
  return result;
}
