/** absent and absent_over_time: 1 where there is nothing, with the labels that the selector demands. */
import type { Evaluation } from '../evaluate/query-context.ts';
import {
  ABSENT,
  createStepSeries,
  isEmptySeries,
  type StepSeries,
  setFloat,
} from '../evaluate/step-series.ts';
import { fromPairs, type Labels, METRIC_NAME } from '../model/labels.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';

export function absent(call: CallExpr, series: readonly StepSeries[], evaluation: Evaluation): StepSeries[] {
  return whereNothing(series, { labels: demandedLabels(call.args[0]!), dropName: false, evaluation });
}

export function absentOverTime(
  call: CallExpr,
  series: readonly StepSeries[],
  evaluation: Evaluation,
): StepSeries[] {
  return whereNothing(series, { labels: demandedLabels(call.args[0]!), dropName: true, evaluation });
}

function whereNothing(
  series: readonly StepSeries[],
  { labels, dropName, evaluation }: { labels: Labels; dropName: boolean; evaluation: Evaluation },
): StepSeries[] {
  const out = createStepSeries(labels, evaluation.grid.count, dropName);
  for (let step = 0; step < evaluation.grid.count; step++) {
    if (series.every(({ kinds }) => kinds[step] === ABSENT)) setFloat(out, step, 1);
  }
  return isEmptySeries(out) ? [] : [out];
}

/** Labels that exactly one `=` matcher fixes; one with a second matcher is left out. */
function demandedLabels(expr: Expr): Labels {
  const selector =
    expr.kind === 'vector-selector' ? expr : expr.kind === 'matrix-selector' ? expr.selector : undefined;
  const demanded = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, operator, value } of selector?.matchers ?? []) {
    if (name === METRIC_NAME) continue;
    if (operator === '=' && !seen.has(name)) {
      demanded.set(name, value);
      seen.add(name);
    } else demanded.delete(name);
  }
  return fromPairs(demanded);
}
