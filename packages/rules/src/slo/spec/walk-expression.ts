/** Every part of an expression, the whole first. */
import { childrenOf, type Expr } from '@sluice/promql/parse/ast';

export function* walkExpression(expr: Expr): Generator<Expr> {
  yield expr;
  for (const child of childrenOf(expr)) yield* walkExpression(child);
}
