/** Subqueries: the inner expression on a grid of its own, aligned to multiples of the step since 1970. */
import type { Subquery } from '../parse/ast.ts';
import { evaluateExpression } from './evaluate-expression.ts';
import { type Grid, gridBetween, lastTimeOf } from './grid.ts';
import { resolveAt, resolveOffset } from './load-selections.ts';
import type { Evaluation } from './query-context.ts';
import { resolveDuration } from './resolve-duration.ts';
import type { StepSeries } from './step-series.ts';

export function evaluateSubquery(
  subquery: Subquery,
  { query, grid }: Evaluation,
): { readonly series: readonly StepSeries[]; readonly grid: Grid } {
  const rangeMs = resolveDuration(subquery.range, query);
  const stepMs = (subquery.step && resolveDuration(subquery.step, query)) || query.defaultStepMs(rangeMs);
  const offsetMs = resolveOffset(subquery, query);
  const atMs = resolveAt(subquery.at, query);
  const windowStart = (atMs ?? grid.startMs) - offsetMs - rangeMs;
  // The window is open to the left: the first step after its start.
  let startMs = stepMs * Math.trunc(windowStart / stepMs);
  if (startMs <= windowStart) startMs += stepMs;
  const inner = gridBetween(startMs, (atMs ?? lastTimeOf(grid)) - offsetMs, stepMs);
  if (inner.count === 0) return { series: [], grid: inner };
  // Refused before anything of that size is allocated.
  query.budget.charge(inner.count);
  const series = evaluateExpression(subquery.expr, { query, grid: inner });
  query.budget.release(inner.count);
  return { series, grid: inner };
}
