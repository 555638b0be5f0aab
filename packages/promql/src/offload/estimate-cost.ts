/** How much an evaluation has to do, in steps of series: a rough figure, to tell quick queries from slow ones. */

import type { QueryTimes } from '../evaluate/query-context.ts';
import { resolveDuration } from '../evaluate/resolve-duration.ts';
import { childrenOf, type Expr } from '../parse/ast.ts';

export interface CostOptions extends QueryTimes {
  readonly steps: number;
  readonly samplesRead: number;
  readonly seriesRead: number;
  readonly defaultStepMs: (rangeMs: number) => number;
}

export function estimateCost(expr: Expr, options: CostOptions): number {
  const { steps, samplesRead, seriesRead } = options;
  const { nodes, points } = sizeOf(expr, options);
  return samplesRead + (seriesRead + nodes) * steps * points;
}

/** How many nodes, and how many points the deepest chain of subqueries makes of one step. */
function sizeOf(expr: Expr, options: CostOptions): { readonly nodes: number; readonly points: number } {
  let nodes = 1;
  let points = 1;
  for (const child of childrenOf(expr)) {
    const inner = sizeOf(child, options);
    nodes += inner.nodes;
    points = Math.max(points, inner.points);
  }
  if (expr.kind !== 'subquery') return { nodes, points };
  const rangeMs = resolveDuration(expr.range, options);
  const stepMs = expr.step ? resolveDuration(expr.step, options) : options.defaultStepMs(rangeMs);
  return { nodes, points: points * Math.max(1, rangeMs / Math.max(1, stepMs)) };
}
