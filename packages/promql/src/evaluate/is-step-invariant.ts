/** Whether an expression has the same value at every step: everything in it is pinned with `@` or constant. */
import type { Expr } from '../parse/ast.ts';

/** Functions that look at the evaluation time, or at the times of samples. */
export const TIME_DEPENDENT_FUNCTIONS: ReadonlySet<string> = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
]);

export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true;
    case 'vector-selector':
    case 'subquery':
      return expr.at !== undefined;
    case 'matrix-selector':
      return expr.selector.at !== undefined;
    case 'paren':
    case 'unary':
      return isStepInvariant(expr.expr);
    case 'binary':
      return isStepInvariant(expr.left) && isStepInvariant(expr.right);
    case 'aggregate':
      return isStepInvariant(expr.expr) && (!expr.parameter || isStepInvariant(expr.parameter));
    case 'call': {
      const { name } = expr.func;
      // timestamp(x @ t) is the time of one sample; of anything computed it is the evaluation time.
      if (name === 'timestamp')
        return expr.args[0]!.kind === 'vector-selector' && isStepInvariant(expr.args[0]!);
      return !TIME_DEPENDENT_FUNCTIONS.has(name) && expr.args.every(isStepInvariant);
    }
  }
}
