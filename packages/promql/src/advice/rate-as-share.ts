/** `rate(x{status=~"5.."}[5m]) > 0.01`: meant as one percent, read as one in a hundred seconds. */
import { type Expr, isComparison, type VectorSelector, withoutParens } from '../parse/ast.ts';
import type { Advice } from './find-advice.ts';

/** Labels that tell failures from successes, by the conventions of OpenTelemetry and Prometheus clients. */
const OUTCOME_LABEL = /^((http_)?(response_)?status(_code)?|(grpc_)?code|outcome|result)$/;

export function adviseOnRateAsShare(expr: Expr): Advice | undefined {
  if (expr.kind !== 'binary' || !isComparison(expr.operator)) return undefined;
  const limit = withoutParens(expr.right);
  if (limit.kind !== 'number' || limit.value <= 0 || limit.value >= 1) return undefined;
  const selector = ratedSelector(expr.left);
  const outcome = selector?.matchers.find(
    ({ name, operator }) => OUTCOME_LABEL.test(name) && (operator === '=' || operator === '=~'),
  );
  if (!outcome) return undefined;
  return {
    position: expr.position,
    message: `${limit.value} is compared with events per second, not with a share of them: for a share, divide by the rate without the matcher of "${outcome.name}"`,
  };
}

/** The selector of `rate(…)`, or of a sum of it. */
function ratedSelector(expr: Expr): VectorSelector | undefined {
  const plain = withoutParens(expr);
  if (plain.kind === 'aggregate' && plain.operator === 'sum') return ratedSelector(plain.expr);
  if (plain.kind !== 'call' || !['rate', 'irate'].includes(plain.func.name)) return undefined;
  const [range] = plain.args.map(withoutParens);
  return range?.kind === 'matrix-selector' ? range.selector : undefined;
}
