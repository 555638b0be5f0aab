/** Type rules that the grammar cannot express; the first violation, innermost first, ends the parse. */
import { goQuote } from '../model/go-quote.ts';
import { METRIC_NAME } from '../model/labels.ts';
import {
  type BinaryExpr,
  type CallExpr,
  documentedType,
  type Expr,
  isComparison,
  isSetOperator,
  type ValueType,
  type VectorSelector,
  valueTypeOf,
} from './ast.ts';
import { isSpace } from './lexer.ts';
import type { PositionRange } from './position.ts';
import { SyntaxFault } from './syntax-error.ts';

export function checkTypes(expr: Expr, query: string): ValueType {
  switch (expr.kind) {
    case 'number':
    case 'string':
      break;
    case 'vector-selector':
      checkSelector(expr);
      break;
    case 'matrix-selector':
      checkTypes(expr.selector, query);
      break;
    case 'paren':
      checkTypes(expr.expr, query);
      break;
    case 'subquery': {
      const type = checkTypes(expr.expr, query);
      if (type !== 'vector') {
        fail(expr.position, `subquery is only allowed on instant vector, got ${type} instead`);
      }
      break;
    }
    case 'unary': {
      const type = checkTypes(expr.expr, query);
      if (type !== 'scalar' && type !== 'vector') {
        fail(
          expr.position,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${documentedType(type)}"`,
        );
      }
      break;
    }
    case 'binary':
      checkBinary(expr, query);
      break;
    case 'aggregate':
      expectType(expr.expr, 'vector', 'aggregation expression', query);
      if (expr.parameter) {
        const type = expr.operator === 'count_values' ? 'string' : 'scalar';
        expectType(expr.parameter, type, 'aggregation parameter', query);
      }
      break;
    case 'call':
      checkCall(expr, query);
      break;
  }
  return valueTypeOf(expr);
}

function fail(position: PositionRange, message: string): never {
  throw new SyntaxFault(position, message);
}

function expectType(expr: Expr, wanted: ValueType, context: string, query: string): void {
  const type = checkTypes(expr, query);
  if (type !== wanted) {
    fail(expr.position, `expected type ${documentedType(wanted)} in ${context}, got ${documentedType(type)}`);
  }
}

function checkSelector({ name, matchers, position }: VectorSelector, mayMatchAll = false): void {
  if (name !== '') {
    const other = matchers.slice(0, -1).find((matcher) => matcher.name === METRIC_NAME);
    if (other) {
      fail(position, `metric name must not be set twice: ${goQuote(name)} or ${goQuote(other.value)}`);
    }
  } else if (!mayMatchAll && matchers.every((matcher) => matcher.matches(''))) {
    fail(position, 'vector selector must contain at least one non-empty matcher');
  }
}

function checkBinary(expr: BinaryExpr, query: string): void {
  const { operator, left, right, matching, position } = expr;
  const leftType = checkTypes(left, query);
  const rightType = checkTypes(right, query);
  if (expr.returnBool && !isComparison(operator)) {
    fail(operatorRange(expr, query), 'bool modifier can only be used on comparison operators');
  }
  if (isComparison(operator) && !expr.returnBool && leftType === 'scalar' && rightType === 'scalar') {
    fail(operatorRange(expr, query), 'comparisons between scalars must use BOOL modifier');
  }
  const twice = matching.isOn ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (twice !== undefined) {
    fail(operatorRange(expr, query), `label ${goQuote(twice)} must not occur in ON and GROUP clause at once`);
  }
  for (const [side, type] of [
    [left, leftType],
    [right, rightType],
  ] as const) {
    if (type !== 'scalar' && type !== 'vector') {
      fail(side.position, 'binary expression must contain only scalar and instant vector types');
    }
  }
  const hasFill = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (leftType !== 'vector' || rightType !== 'vector') {
    if (matching.labels.length > 0) fail(position, 'vector matching only allowed between instant vectors');
    if (hasFill) fail(position, 'filling in missing series only allowed between instant vectors');
    if (isSetOperator(operator)) {
      fail(position, `set operator "${operator}" not allowed in binary scalar expression`);
    }
  } else if (isSetOperator(operator)) {
    if (matching.cardinality !== 'many-to-many') {
      fail(position, `no grouping allowed for "${operator}" operation`);
    }
    if (hasFill) fail(position, 'filling in missing series not allowed for set operators');
  }
}

/** The operator with its modifiers, without the blanks around it. */
function operatorRange({ left, right }: BinaryExpr, query: string): PositionRange {
  let start = left.position.end;
  let end = right.position.start - 1;
  while (isSpace(query[start])) start++;
  while (isSpace(query[end])) end--;
  return { start, end };
}

function checkCall(expr: CallExpr, query: string): void {
  const { func, args, position } = expr;
  const name = goQuote(func.name);
  const count = func.args.length;
  if (func.variadic === 0) {
    if (args.length !== count) {
      fail(position, `expected ${count} argument(s) in call to ${name}, got ${args.length}`);
    }
  } else {
    const least = count - 1;
    const most = least + func.variadic;
    if (args.length < least) {
      fail(position, `expected at least ${least} argument(s) in call to ${name}, got ${args.length}`);
    }
    if (func.variadic > 0 && args.length > most) {
      fail(position, `expected at most ${most} argument(s) in call to ${name}, got ${args.length}`);
    }
  }
  const infoSelector = func.name === 'info' ? args[1] : undefined;
  if (infoSelector) checkInfoSelector(expr, infoSelector);
  for (const [i, arg] of args.entries()) {
    const wanted = func.args[Math.min(i, count - 1)]!;
    if (arg === infoSelector && arg.kind === 'vector-selector') {
      checkSelector(arg, true);
      continue;
    }
    const type = checkTypes(arg, query);
    if (type !== wanted) {
      fail(
        arg.position,
        `expected type ${documentedType(wanted)} in call to function ${name}, got ${documentedType(type)}`,
      );
    }
  }
}

/** The second argument of info() is a selector of labels, not of a metric. */
function checkInfoSelector(call: CallExpr, selector: Expr): void {
  const type = valueTypeOf(selector);
  if (type !== 'vector') {
    fail(
      call.position,
      `expected type instant vector in call to function "info", got ${documentedType(type)}`,
    );
  }
  if (selector.kind !== 'vector-selector') fail(selector.position, 'expected label selectors only');
  if (selector.name !== '') {
    fail(selector.position, 'expected label selectors only, got vector selector instead');
  }
}
