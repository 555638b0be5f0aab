/** `histogram_quantile(0.95, x_bucket)`: buckets are counters, so this is the quantile since the process began. */
import { METRIC_NAME } from '../model/labels.ts';
import { childrenOf, type Expr, type VectorSelector } from '../parse/ast.ts';
import type { Advice } from './find-advice.ts';

export function adviseOnLifetimeQuantile(expr: Expr): Advice | undefined {
  if (expr.kind !== 'call' || expr.func.name !== 'histogram_quantile') return undefined;
  const raw = instantSelector(expr.args[1]!);
  if (!raw) return undefined;
  const metric = raw.matchers.find(({ name, operator }) => name === METRIC_NAME && operator === '=')?.value;
  if (!metric?.endsWith('_bucket')) return undefined;
  return {
    position: raw.position,
    message: `the quantile is that of all time, for "${metric}" only grows: take rate(${metric}[5m]), which is the quantile of the last five minutes`,
  };
}

/** A selector whose samples are taken as they are: one below a range selector is behind a function of time. */
function instantSelector(expr: Expr): VectorSelector | undefined {
  if (expr.kind === 'vector-selector') return expr;
  if (expr.kind === 'matrix-selector' || expr.kind === 'subquery') return undefined;
  for (const child of childrenOf(expr)) {
    const found = instantSelector(child);
    if (found) return found;
  }
  return undefined;
}
