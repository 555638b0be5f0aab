/** The tree of an expression as /api/v1/parse_query shows it (Prometheus documentation, HTTP API § Parsing a PromQL expression). */
import { formatFixed } from '@sluice/promql/model/go-float';
import type { Matcher } from '@sluice/promql/model/matcher';
import type {
  AtModifier,
  BinaryExpr,
  Duration,
  Expr,
  TimeModifiers,
  VectorSelector,
} from '@sluice/promql/parse/ast';
import { isSetOperator, valueTypeOf } from '@sluice/promql/parse/ast';

export type TranslatedNode = Readonly<Record<string, unknown>>;

export function translateExpression(expr: Expr): TranslatedNode {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatFixed(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'vector-selector':
      return { type: 'vectorSelector', ...selectorParts(expr) };
    case 'matrix-selector':
      return { type: 'matrixSelector', range: toMs(expr.range), ...selectorParts(expr.selector) };
    case 'subquery':
      return {
        type: 'subquery',
        expr: translateExpression(expr.expr),
        range: toMs(expr.range),
        step: toMs(expr.step),
        ...timeParts(expr),
      };
    case 'unary':
      return { type: 'unaryExpr', op: expr.operator, expr: translateExpression(expr.expr) };
    case 'paren':
      return { type: 'parenExpr', expr: translateExpression(expr.expr) };
    case 'binary':
      return {
        type: 'binaryExpr',
        op: expr.operator,
        lhs: translateExpression(expr.left),
        rhs: translateExpression(expr.right),
        matching: matchingOf(expr),
        bool: expr.returnBool,
      };
    case 'aggregate':
      return {
        type: 'aggregation',
        op: expr.operator,
        expr: translateExpression(expr.expr),
        param: expr.parameter ? translateExpression(expr.parameter) : null,
        grouping: expr.grouping,
        without: expr.isWithout,
      };
    case 'call': {
      const { name, args: argTypes, variadic, returns: returnType } = expr.func;
      const args = expr.args.map(translateExpression);
      return { type: 'call', func: { name, argTypes, variadic, returnType }, args };
    }
  }
}

function selectorParts(selector: VectorSelector): TranslatedNode {
  return {
    name: selector.name,
    matchers: selector.matchers.map(({ name, operator, value }: Matcher) => ({
      name,
      value,
      type: operator,
    })),
    ...timeParts(selector),
    anchored: selector.extension === 'anchored',
    smoothed: selector.extension === 'smoothed',
  };
}

function timeParts({ offset, at }: TimeModifiers): TranslatedNode {
  return {
    offset: toMs(offset),
    timestamp: at?.kind === 'time' ? at.ms : null,
    startOrEnd: startOrEnd(at),
  };
}

function startOrEnd(at: AtModifier | undefined): string | null {
  return at && at.kind !== 'time' ? at.kind : null;
}

/** Expressions of durations are known only with a query's step and range: 0, as in Prometheus. */
function toMs(duration: Duration | undefined): number {
  return duration?.kind === 'number' ? Math.round(duration.value * 1000) : 0;
}

/** There is no matching where a side is a scalar. */
function matchingOf({ operator, left, right, matching }: BinaryExpr): TranslatedNode | null {
  if (valueTypeOf(left) === 'scalar' || valueTypeOf(right) === 'scalar') return null;
  const { cardinality, labels, isOn, include, fillLeft = null, fillRight = null } = matching;
  return {
    card: isSetOperator(operator) ? 'many-to-many' : cardinality,
    labels,
    on: isOn,
    include,
    fillValues: { lhs: fillLeft, rhs: fillRight },
  };
}
