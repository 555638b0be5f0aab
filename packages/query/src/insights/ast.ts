/** CloudWatch Logs Insights queries as a tree. Names follow AWS's documentation of the query syntax. */
export type Expr =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: string | number }
  /** `5m` as bin and datefloor take it. */
  | { readonly kind: 'period'; readonly text: string }
  | { readonly kind: 'list'; readonly values: readonly (string | number)[] }
  | { readonly kind: 'regex'; readonly source: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expr[]; readonly offset: number }
  | { readonly kind: 'unary'; readonly operator: 'not' | '-'; readonly operand: Expr }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expr;
      readonly right: Expr;
    };

export type BinaryOperator =
  | 'or'
  | 'and'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'like'
  | 'not like'
  | 'in'
  | 'not in'
  | ArithmeticOperator;

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^';

/** An expression and the name of its column. */
export interface NamedExpr {
  readonly expr: Expr;
  readonly name: string;
}

export interface SortKey {
  readonly expr: Expr;
  readonly isDescending: boolean;
}

export type Command =
  | { readonly kind: 'fields' | 'display' | 'dedup'; readonly columns: readonly NamedExpr[] }
  | { readonly kind: 'filter'; readonly condition: Expr }
  | StatsCommand
  | { readonly kind: 'sort'; readonly keys: readonly SortKey[] }
  | { readonly kind: 'limit'; readonly count: number }
  | ParseCommand;

export interface StatsCommand {
  readonly kind: 'stats';
  /** Aggregates, or calculations with aggregates and with the names of earlier columns. */
  readonly columns: readonly NamedExpr[];
  /** Every aggregate call in the columns, once. */
  readonly aggregates: readonly Aggregate[];
  readonly groups: readonly NamedExpr[];
}

export interface ParseCommand {
  readonly kind: 'parse';
  readonly source: Expr;
  readonly pattern: /** The texts around the wildcards: one more than there are names. */
    | { readonly kind: 'glob'; readonly literals: readonly string[] }
    /** RE2, with one group per name. */
    | { readonly kind: 'regex'; readonly source: string };
  readonly names: readonly string[];
}

export const AGGREGATE_FUNCTIONS = [
  'count',
  'count_distinct',
  'sum',
  'avg',
  'min',
  'max',
  'pct',
  'percentile',
  'median',
  'stddev',
  'variance',
  'earliest',
  'latest',
  'sortsfirst',
  'sortslast',
] as const;
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

export interface Aggregate {
  readonly function: AggregateFunction;
  /** `undefined`: count of everything. */
  readonly argument: Expr | undefined;
  /** The percentile of pct. */
  readonly parameter: number;
  /** The call as it was written. */
  readonly name: string;
}

/** The name of an aggregate function in lower case, or `undefined` for any other expression. */
export function aggregateOf(expr: Expr): AggregateFunction | undefined {
  const name = expr.kind === 'call' ? expr.name.toLowerCase() : '';
  return AGGREGATE_FUNCTIONS.find((known) => known === name);
}

/** The text of an expression without needless spaces: the name of a column that was given none. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'field':
      return expr.name;
    case 'literal':
      return JSON.stringify(expr.value);
    case 'period':
      return expr.text;
    case 'list':
      return JSON.stringify(expr.values);
    case 'regex':
      return `/${expr.source}/`;
    case 'call':
      return `${expr.name}(${expr.args.map(printExpr).join(',')})`;
    case 'unary':
      return expr.operator === '-' ? `-${printExpr(expr.operand)}` : `not ${printExpr(expr.operand)}`;
    case 'binary': {
      const operator = /^\W+$/.test(expr.operator) ? expr.operator : ` ${expr.operator} `;
      return `${printOperand(expr.left)}${operator}${printOperand(expr.right)}`;
    }
  }
}

/** In parentheses, so that `(a+b)*c` and `a+b*c` have different names. */
function printOperand(expr: Expr): string {
  return expr.kind === 'binary' ? `(${printExpr(expr)})` : printExpr(expr);
}
