/** Binary operators on two values, of floats and histograms in all combinations. */
import {
  addHistograms,
  divideHistogram,
  isEqualHistogram,
  multiplyHistogram,
  subtractHistograms,
} from '../histogram/arithmetic.ts';
import { compactHistogram } from '../histogram/bounds.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { trimHistogram } from '../histogram/trim-histogram.ts';
import type { ArithmeticOperator, BinaryOperator, ComparisonOperator } from '../parse/ast.ts';
import { isComparison } from '../parse/ast.ts';
import type { PositionRange } from '../parse/position.ts';
import type { Annotations } from './annotations.ts';
import { MESSAGE } from './messages.ts';

export interface Operand {
  value: number;
  histogram: Histogram | undefined;
}

export type Outcome =
  | { readonly kind: 'float'; readonly value: number; readonly keep: boolean }
  | { readonly kind: 'histogram'; readonly histogram: Histogram; readonly keep: boolean }
  | { readonly kind: 'none' };

export function arithmetic(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return power(left, right);
    case 'atan2':
      return Math.atan2(left, right);
  }
}

/** As C and Go: one to any power is one, and minus one to an infinite one as well (JavaScript: NaN). */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

export function compare(operator: ComparisonOperator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

export interface BinaryContext {
  readonly annotations: Annotations;
  readonly position: PositionRange;
  /** Conflicts of reset hints are told for vectors only (as in Prometheus). */
  readonly isVectorOnly: boolean;
}

/** A comparison answers the left operand and whether it holds. */
export function combineOperands(
  operator: BinaryOperator,
  left: Operand,
  right: Operand,
  context: BinaryContext,
): Outcome {
  const a = left.histogram;
  const b = right.histogram;
  if (!a && !b) {
    if (isComparison(operator)) {
      return { kind: 'float', value: left.value, keep: compare(operator, left.value, right.value) };
    }
    if (operator !== '</' && operator !== '>/') {
      return {
        kind: 'float',
        value: arithmetic(operator as ArithmeticOperator, left.value, right.value),
        keep: true,
      };
    }
  } else if (a && b) {
    const outcome = combineHistograms(operator, { left: a, right: b }, context);
    if (outcome) return outcome;
  } else if (a) {
    const histogram = scale(operator, a, right.value);
    if (histogram) return { kind: 'histogram', histogram, keep: true };
  } else if (b && operator === '*') {
    return { kind: 'histogram', histogram: compactHistogram(multiplyHistogram(b, left.value)), keep: true };
  }
  const type = (histogram: Histogram | undefined): string => (histogram ? 'histogram' : 'float');
  context.annotations.inform(MESSAGE.incompatibleTypes(operator, type(a), type(b)), context.position);
  return { kind: 'none' };
}

function scale(operator: BinaryOperator, histogram: Histogram, value: number): Histogram | undefined {
  switch (operator) {
    case '*':
      return compactHistogram(multiplyHistogram(histogram, value));
    case '/':
      return compactHistogram(divideHistogram(histogram, value));
    case '</':
      return trimHistogram(histogram, value, 'keep-below');
    case '>/':
      return trimHistogram(histogram, value, 'keep-above');
    default:
      return undefined;
  }
}

function combineHistograms(
  operator: BinaryOperator,
  { left, right }: { left: Histogram; right: Histogram },
  { annotations, position }: BinaryContext,
): Outcome | undefined {
  if (operator === '==' || operator === '!=') {
    const keep = isEqualHistogram(left, right) === (operator === '==');
    return { kind: 'histogram', histogram: left, keep };
  }
  if (operator !== '+' && operator !== '-') return undefined;
  const operation = operator === '+' ? 'addition' : 'subtraction';
  const combined = operator === '+' ? addHistograms(left, right) : subtractHistograms(left, right);
  if (combined.isIncompatible) {
    annotations.warn(MESSAGE.incompatibleBuckets(operator), position);
    return { kind: 'none' };
  }
  if (combined.hasResetConflict) annotations.warn(MESSAGE.resetConflict(operation), position);
  if (combined.hasReconciledBounds) annotations.inform(MESSAGE.reconciledBounds(operation), position);
  const histogram = compactHistogram(combined.histogram);
  return {
    kind: 'histogram',
    histogram: operator === '-' ? { ...histogram, resetHint: 'gauge' } : histogram,
    keep: true,
  };
}
