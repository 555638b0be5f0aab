/** `offset`, `@`, `anchored` and `smoothed` put onto the selector or subquery before them. */
import type {
  AtModifier,
  Duration,
  Expr,
  MatrixSelector,
  Subquery,
  TimeModifiers,
  VectorSelector,
} from './ast.ts';
import { SyntaxFault } from './syntax-error.ts';

type Timed = VectorSelector | MatrixSelector | Subquery;

export function withOffset(expr: Expr, offset: Duration, end: number): Expr {
  const timed = requireTimed(expr, 'offset modifier');
  if (modifiersOf(timed).offset !== undefined) {
    throw new SyntaxFault(expr.position, 'offset may not be set multiple times');
  }
  // `offset 0` leaves no trace, so that another may follow (Prometheus sees only a non-zero one).
  const isZero = offset.kind === 'number' && offset.value === 0;
  return withModifiers(timed, isZero ? {} : { offset }, end);
}

export function withAt(expr: Expr, at: AtModifier, end: number): Expr {
  const timed = requireTimed(expr, '@ modifier');
  if (modifiersOf(timed).at !== undefined) {
    throw new SyntaxFault(expr.position, '@ <timestamp> may not be set multiple times');
  }
  return withModifiers(timed, { at }, end);
}

export function withExtension(expr: Expr, extension: 'anchored' | 'smoothed'): Expr {
  if (expr.kind === 'subquery') {
    throw new SyntaxFault(expr.position, `${extension} modifier is not supported for subqueries`);
  }
  if (expr.kind !== 'vector-selector' && expr.kind !== 'matrix-selector') {
    throw new SyntaxFault(expr.position, `${extension} modifier not implemented`);
  }
  const selector = expr.kind === 'matrix-selector' ? expr.selector : expr;
  if (selector.extension !== undefined && selector.extension !== extension) {
    throw new SyntaxFault(expr.position, 'anchored and smoothed modifiers cannot be used together');
  }
  const extended = { ...selector, extension };
  return expr.kind === 'matrix-selector' ? { ...expr, selector: extended } : extended;
}

function requireTimed(expr: Expr, what: string): Timed {
  if (expr.kind === 'vector-selector' || expr.kind === 'matrix-selector' || expr.kind === 'subquery')
    return expr;
  throw new SyntaxFault(
    expr.position,
    `${what} must be preceded by an instant vector selector or range vector selector or a subquery`,
  );
}

function modifiersOf(expr: Timed): TimeModifiers {
  return expr.kind === 'matrix-selector' ? expr.selector : expr;
}

function withModifiers(expr: Timed, modifiers: Partial<TimeModifiers>, end: number): Expr {
  const position = { start: expr.position.start, end };
  if (expr.kind === 'matrix-selector') {
    return { ...expr, selector: { ...expr.selector, ...modifiers }, position };
  }
  return { ...expr, ...modifiers, position };
}
