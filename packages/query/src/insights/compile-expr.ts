/** Turns expressions into functions over rows, so that nothing is looked up by name while records stream by. */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import { type ArithmeticOperator, aggregateOf, type Expr, printExpr } from './ast.ts';
import { FUNCTIONS } from './functions.ts';
import { InsightsError } from './insights-error.ts';
import type { Row, RowScope } from './row-scope.ts';
import { createTimeFloor } from './time-period.ts';
import { compareValues, isEqual, isTrue, toNumber, toText, type Value } from './values.ts';

export type Getter = (row: Row) => Value;

type Call = Extract<Expr, { kind: 'call' }>;

/** @throws InsightsError */
export function compileExpr(expr: Expr, scope: RowScope): Getter {
  const column = expr.kind === 'literal' ? undefined : scope.columnOf(printExpr(expr));
  if (column !== undefined) return (row) => row[column];
  switch (expr.kind) {
    case 'literal':
      return () => expr.value;
    case 'field': {
      const slot = scope.slotOf(expr.name);
      return (row) => row[slot];
    }
    case 'unary': {
      const operand = compileExpr(expr.operand, scope);
      if (expr.operator === 'not') return (row) => !isTrue(operand(row));
      return (row) => {
        const value = toNumber(operand(row));
        return value === undefined ? undefined : -value;
      };
    }
    case 'binary':
      return compileBinary(expr, scope);
    case 'call':
      return compileCall(expr, scope);
    case 'period':
      return () => expr.text;
    case 'list':
    case 'regex':
      // The parser lets them stand only behind in and like.
      throw new TypeError(`${printExpr(expr)} is no value`);
  }
}

/** Whether an expression is a time, and so shown as one. */
export function isTimeExpr(expr: Expr, scope: RowScope): boolean {
  const column = scope.columnOf(printExpr(expr));
  if (column !== undefined) return scope.isTime(column);
  if (expr.kind === 'field') return scope.isTime(scope.slotOf(expr.name));
  return expr.kind === 'call' && /^(?:bin|datefloor|dateceil|frommillis|now)$/i.test(expr.name);
}

function compileBinary(
  { operator, left, right }: Extract<Expr, { kind: 'binary' }>,
  scope: RowScope,
): Getter {
  const a = compileExpr(left, scope);
  if (operator === 'like' || operator === 'not like') {
    const test = createLike(right);
    const matches: (row: Row) => boolean = (row) => {
      const value = a(row);
      return value !== undefined && test(toText(value));
    };
    return operator === 'like' ? matches : (row) => !matches(row);
  }
  if (operator === 'in' || operator === 'not in') {
    const values = right.kind === 'list' ? right.values : [];
    const has = (value: Value): boolean => values.some((other) => isEqual(value, other));
    return operator === 'in' ? (row) => has(a(row)) : (row) => !has(a(row));
  }
  const b = compileExpr(right, scope);
  switch (operator) {
    case 'and':
      return (row) => isTrue(a(row)) && isTrue(b(row));
    case 'or':
      return (row) => isTrue(a(row)) || isTrue(b(row));
    case '=':
      return (row) => isEqual(a(row), b(row));
    case '!=':
      // As in SQL, what is absent differs from nothing.
      return (row) => {
        const [value, other] = [a(row), b(row)];
        return value !== undefined && other !== undefined && !isEqual(value, other);
      };
    case '<':
      return (row) => (compareValues(a(row), b(row)) ?? 1) < 0;
    case '<=':
      return (row) => (compareValues(a(row), b(row)) ?? 1) <= 0;
    case '>':
      return (row) => (compareValues(a(row), b(row)) ?? -1) > 0;
    case '>=':
      return (row) => (compareValues(a(row), b(row)) ?? -1) >= 0;
    default:
      return (row) => calculate(operator, toNumber(a(row)), toNumber(b(row)));
  }
}

/** A text is looked for as it is; only regular expressions have wildcards. */
function createLike(pattern: Expr): (text: string) => boolean {
  if (pattern.kind === 'regex') return createLinearRegex(pattern.source).test;
  const part = pattern.kind === 'literal' ? String(pattern.value) : '';
  return (text) => text.includes(part);
}

function calculate(operator: ArithmeticOperator, a: number | undefined, b: number | undefined): Value {
  if (a === undefined || b === undefined) return undefined;
  const result = arithmetic(operator, a, b);
  return Number.isFinite(result) ? result : undefined;
}

function arithmetic(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return a ** b;
  }
}

function compileCall(call: Call, scope: RowScope): Getter {
  const { name, args, offset } = call;
  const fail = (what: string): never => {
    throw new InsightsError(scope.source, offset, what);
  };
  const lower = name.toLowerCase();
  if (lower === 'bin' || lower === 'datefloor' || lower === 'dateceil') {
    return compileFloor(call, scope) ?? fail(`${name} needs a period such as 5m`);
  }
  if (lower === 'now') return () => scope.nowMs;
  if (aggregateOf(call) !== undefined) return fail(`${name} is an aggregate: it belongs into stats`);
  const known = FUNCTIONS.get(lower);
  if (known === undefined) return fail(`${JSON.stringify(name)} is no function`);
  if (args.length < known.minArgs || args.length > known.maxArgs) {
    const range =
      known.minArgs === known.maxArgs ? String(known.minArgs) : `${known.minArgs} to ${known.maxArgs}`;
    return fail(`${name} takes ${range} arguments, not ${args.length}`);
  }
  const values = args.map((arg) => compileExpr(arg, scope));
  return (row) => known.apply(values.map((value) => value(row)));
}

/** `bin(5m)` is of @timestamp; `datefloor(field, 5m)` and `dateceil` of any time in milliseconds. */
function compileFloor({ name, args }: Call, scope: RowScope): Getter | undefined {
  const period = args.at(-1);
  const isBin = name.toLowerCase() === 'bin';
  if (period?.kind !== 'period' || args.length > 2 || (!isBin && args.length < 2)) return undefined;
  const time = createTimeFloor(period.text);
  if (time === undefined) return undefined;
  const value = compileExpr(args.length === 2 ? args[0]! : { kind: 'field', name: '@timestamp' }, scope);
  const isCeil = name.toLowerCase() === 'dateceil';
  return (row) => {
    const ms = toNumber(value(row));
    if (ms === undefined) return undefined;
    const floor = time.floor(ms);
    return isCeil && floor !== ms ? time.next(floor) : floor;
  };
}
