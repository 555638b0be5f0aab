/** The tree of an expression. Nodes are never changed; modifiers make new ones. */
import type { Matcher } from '../model/matcher.ts';
import type { FunctionSignature } from './function-signatures.ts';
import type { PositionRange } from './position.ts';
import type { Aggregator } from './token.ts';

export type ValueType = 'none' | 'scalar' | 'string' | 'vector' | 'matrix';

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | UnaryExpr
  | BinaryExpr
  | ParenExpr
  | AggregateExpr
  | CallExpr;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration (`5m`), and to be printed as one. */
  readonly isDuration: boolean;
  readonly position: PositionRange;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly position: PositionRange;
}

/** Arithmetic on durations, known once step and range of the query are. Without operands: `step()`, `range()`. */
export interface DurationExpr {
  readonly kind: 'duration';
  readonly operator: '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';
  readonly left: Duration | undefined;
  readonly right: Duration | undefined;
  readonly isWrapped: boolean;
  readonly position: PositionRange;
}

/** Seconds, or an expression of seconds. */
export type Duration = NumberLiteral | DurationExpr;

export type AtModifier = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'start' | 'end' };

/** `offset` and `@`, which selectors and subqueries share. */
export interface TimeModifiers {
  readonly offset: Duration | undefined;
  readonly at: AtModifier | undefined;
}

export interface VectorSelector extends TimeModifiers {
  readonly kind: 'vector-selector';
  /** The name written outside the braces, '' when there is none. */
  readonly name: string;
  /** All matchers, the one for `name` last. */
  readonly matchers: readonly Matcher[];
  readonly extension: 'anchored' | 'smoothed' | undefined;
  readonly position: PositionRange;
}

export interface MatrixSelector {
  readonly kind: 'matrix-selector';
  readonly selector: VectorSelector;
  readonly range: Duration;
  readonly position: PositionRange;
}

export interface Subquery extends TimeModifiers {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly range: Duration;
  /** Undefined: the default evaluation interval. */
  readonly step: Duration | undefined;
  readonly position: PositionRange;
}

export interface UnaryExpr {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expr: Expr;
  readonly position: PositionRange;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type TrimOperator = '</' | '>/';
export type SetOperator = 'and' | 'or' | 'unless';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | TrimOperator | SetOperator;

export interface VectorMatching {
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  readonly labels: readonly string[];
  /** `on` keeps the labels, `ignoring` drops them. */
  readonly isOn: boolean;
  /** Labels of `group_left`/`group_right` taken from the "one" side. */
  readonly include: readonly string[];
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly matching: VectorMatching;
  readonly returnBool: boolean;
  readonly position: PositionRange;
}

export interface ParenExpr {
  readonly kind: 'paren';
  readonly expr: Expr;
  readonly position: PositionRange;
}

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly operator: Aggregator;
  readonly expr: Expr;
  readonly parameter: Expr | undefined;
  readonly grouping: readonly string[];
  readonly isWithout: boolean;
  readonly position: PositionRange;
}

export interface CallExpr {
  readonly kind: 'call';
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
  readonly position: PositionRange;
}

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return ['==', '!=', '<', '<=', '>', '>='].includes(operator);
}

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return operator === 'and' || operator === 'or' || operator === 'unless';
}

export function valueTypeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector-selector':
    case 'aggregate':
      return 'vector';
    case 'matrix-selector':
    case 'subquery':
      return 'matrix';
    case 'call':
      return expr.func.returns;
    case 'paren':
    case 'unary':
      return valueTypeOf(expr.expr);
    case 'binary':
      return valueTypeOf(expr.left) === 'scalar' && valueTypeOf(expr.right) === 'scalar'
        ? 'scalar'
        : 'vector';
  }
}

/** The type as the documentation and the error messages call it. */
export function documentedType(type: ValueType): string {
  return type === 'vector' ? 'instant vector' : type === 'matrix' ? 'range vector' : type;
}

export function withoutParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}

/** The direct parts of an expression, from left to right; a selector is a part of its range selector. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
      return [];
    case 'matrix-selector':
      return [expr.selector];
    case 'subquery':
    case 'unary':
    case 'paren':
      return [expr.expr];
    case 'binary':
      return [expr.left, expr.right];
    case 'aggregate':
      return expr.parameter ? [expr.expr, expr.parameter] : [expr.expr];
    case 'call':
      return expr.args;
  }
}
