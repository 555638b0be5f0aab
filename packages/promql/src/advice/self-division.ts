/**
 * `rate(x{status=~"5.."}[5m]) / rate(x[5m])`: both sides keep the label that tells the left one from the
 * right one, so each series meets itself and every quotient is 1 (or NaN).
 */
import { METRIC_NAME } from '../model/labels.ts';
import { formatMatcher } from '../model/matcher.ts';
import { childrenOf, type Expr, type VectorSelector, withoutParens } from '../parse/ast.ts';
import { printDuration } from '../parse/print-expression.ts';
import type { Advice } from './find-advice.ts';

/** Functions that drop or make labels. */
const CHANGES_LABELS: ReadonlySet<string> = new Set([
  'absent',
  'absent_over_time',
  'histogram_quantile',
  'info',
  'label_join',
  'label_replace',
  'scalar',
  'vector',
]);

export function adviseOnSelfDivision(expr: Expr): Advice | undefined {
  if (expr.kind !== 'binary' || expr.operator !== '/' || expr.matching.cardinality !== 'one-to-one')
    return undefined;
  const part = selectorBehind(expr.left);
  const whole = selectorBehind(expr.right);
  if (!part || !whole || !isSameShape(expr.left, expr.right)) return undefined;
  const known = new Set(whole.matchers.map(formatMatcher));
  const extra = part.matchers.filter((matcher) => !known.has(formatMatcher(matcher)));
  if (extra.length === 0 || part.matchers.length - extra.length !== whole.matchers.length) return undefined;
  const { isOn, labels } = expr.matching;
  const selecting = extra.map(({ name }) => name).filter((name) => name !== METRIC_NAME);
  if (!selecting.every((name) => labels.includes(name) === isOn)) return undefined;
  const [label] = selecting;
  if (label === undefined) return undefined;
  return {
    position: expr.position,
    message: `each series of the left side is divided by itself, which gives 1: both sides keep the label "${label}" that selects the left one; aggregate both sides first, for example with sum()`,
  };
}

/** The one selector whose labels an expression still has. */
function selectorBehind(expr: Expr): VectorSelector | undefined {
  const plain = withoutParens(expr);
  switch (plain.kind) {
    case 'vector-selector':
      return plain;
    case 'matrix-selector':
      return plain.selector;
    case 'subquery':
    case 'unary':
      return selectorBehind(plain.expr);
    case 'call': {
      const sources = plain.args.flatMap((arg) => selectorBehind(arg) ?? []);
      return CHANGES_LABELS.has(plain.func.name) || sources.length !== 1 ? undefined : sources[0];
    }
    default:
      return undefined;
  }
}

/** The same functions of the same metric over the same time; only the matchers may differ. */
function isSameShape(a: Expr, b: Expr): boolean {
  const left = withoutParens(a);
  const right = withoutParens(b);
  if (outlineOf(left) !== outlineOf(right)) return false;
  const inner = childrenOf(left);
  const other = childrenOf(right);
  return inner.length === other.length && inner.every((child, i) => isSameShape(child, other[i]!));
}

function outlineOf(expr: Expr): string {
  switch (expr.kind) {
    case 'vector-selector':
      return JSON.stringify([expr.name, expr.at, expr.offset && printDuration(expr.offset)]);
    case 'matrix-selector':
      return `[${printDuration(expr.range)}]`;
    case 'subquery':
      return JSON.stringify([expr.at, expr.offset && printDuration(expr.offset), printDuration(expr.range)]);
    case 'call':
      return `${expr.func.name}()`;
    case 'unary':
      return expr.operator;
    case 'number':
    case 'string':
      return String(expr.value);
    default:
      return expr.kind;
  }
}
