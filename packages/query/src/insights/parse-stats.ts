/** Parses the stats command: aggregates, calculations with them, and what they are grouped by. */
import {
  AGGREGATE_FUNCTIONS,
  type Aggregate,
  aggregateOf,
  type Expr,
  type NamedExpr,
  printExpr,
  type StatsCommand,
} from './ast.ts';
import { type Cursor, isWord, listOf, peek, take } from './cursor.ts';
import { InsightsError } from './insights-error.ts';

/** @throws InsightsError */
export function parseStats(cursor: Cursor, parseNamed: (cursor: Cursor) => NamedExpr): StatsCommand {
  const aggregates = new Map<string, Aggregate>();
  const known = new Set<string>();
  const columns = listOf(cursor, (at) => {
    const { offset } = peek(at);
    const column = parseNamed(at);
    const calls = collectAggregates(column.expr, at.source);
    // `a - b` of two columns before it is a calculation as well.
    if (calls.length === 0 && !usesOnly(column.expr, known)) {
      throw new InsightsError(
        at.source,
        offset,
        `stats needs an aggregate function (${AGGREGATE_FUNCTIONS.join(', ')})`,
      );
    }
    for (const call of calls) aggregates.set(call.name, call);
    known.add(column.name);
    return column;
  });
  let groups: readonly NamedExpr[] = [];
  if (isWord(cursor, 'by')) {
    take(cursor);
    groups = listOf(cursor, parseNamed);
  }
  return { kind: 'stats', columns, aggregates: [...aggregates.values()], groups };
}

function collectAggregates(expr: Expr, source: string): readonly Aggregate[] {
  switch (expr.kind) {
    case 'call': {
      const called = aggregateOf(expr);
      if (called === undefined) return expr.args.flatMap((arg) => collectAggregates(arg, source));
      return [toAggregate(expr, source)];
    }
    case 'unary':
      return collectAggregates(expr.operand, source);
    case 'binary':
      return [...collectAggregates(expr.left, source), ...collectAggregates(expr.right, source)];
    default:
      return [];
  }
}

function toAggregate(expr: Extract<Expr, { kind: 'call' }>, source: string): Aggregate {
  const called = aggregateOf(expr)!;
  const [first, second] = expr.args;
  const fail = (what: string): never => {
    throw new InsightsError(source, expr.offset, what);
  };
  const isAll = called === 'count' && (first === undefined || (first.kind === 'field' && first.name === '*'));
  if (first === undefined && !isAll) fail(`${called} needs a field`);
  if (first !== undefined && collectAggregates(first, source).length > 0)
    fail(`${called} cannot take another aggregate`);
  const isPercentile = called === 'pct' || called === 'percentile';
  if (expr.args.length > (isPercentile ? 2 : 1)) fail(`${called} takes one field`);
  const parameter = second?.kind === 'literal' ? Number(second.value) : Number.NaN;
  if (isPercentile && !(parameter >= 0 && parameter <= 100))
    fail(`${called} needs a percentage from 0 to 100 as its second argument`);
  return { function: called, argument: isAll ? undefined : first, parameter, name: printExpr(expr) };
}

function usesOnly(expr: Expr, names: ReadonlySet<string>): boolean {
  switch (expr.kind) {
    case 'field':
      return names.has(expr.name);
    case 'call':
      return expr.args.length > 0 && expr.args.every((arg) => arg.kind === 'literal' || usesOnly(arg, names));
    case 'unary':
      return usesOnly(expr.operand, names);
    case 'binary':
      return [expr.left, expr.right].every((side) => side.kind === 'literal' || usesOnly(side, names));
    default:
      return false;
  }
}
