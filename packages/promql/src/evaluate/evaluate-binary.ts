/** Binary operators between scalars, between a vector and a scalar, and between vectors. */
import { NO_LABELS } from '../model/labels.ts';
import {
  type ArithmeticOperator,
  type BinaryExpr,
  isComparison,
  isSetOperator,
  valueTypeOf,
} from '../parse/ast.ts';
import { arithmetic, combineOperands, compare, type Operand } from './binary-values.ts';
import { evaluateExpression, evaluateScalar } from './evaluate-expression.ts';
import { evaluateSetOperator } from './evaluate-set-operator.ts';
import { evaluateVectorMatching } from './evaluate-vector-matching.ts';
import type { Evaluation } from './query-context.ts';
import {
  ABSENT,
  createStepSeries,
  FLOAT,
  isEmptySeries,
  type StepSeries,
  setFloat,
  setHistogram,
} from './step-series.ts';

export function evaluateBinary(expr: BinaryExpr, evaluation: Evaluation): StepSeries[] {
  const isLeftScalar = valueTypeOf(expr.left) === 'scalar';
  const isRightScalar = valueTypeOf(expr.right) === 'scalar';
  if (isLeftScalar && isRightScalar) return [betweenScalars(expr, evaluation)];
  if (isRightScalar) {
    const vector = evaluateExpression(expr.left, evaluation);
    return withScalar(expr, vector, {
      scalar: evaluateScalar(expr.right, evaluation),
      isSwapped: false,
      evaluation,
    });
  }
  if (isLeftScalar) {
    const scalar = evaluateScalar(expr.left, evaluation);
    const vector = evaluateExpression(expr.right, evaluation);
    return withScalar(expr, vector, { scalar, isSwapped: true, evaluation });
  }
  const left = evaluateExpression(expr.left, evaluation);
  const right = evaluateExpression(expr.right, evaluation);
  return isSetOperator(expr.operator)
    ? evaluateSetOperator(expr, { left, right }, evaluation)
    : evaluateVectorMatching(expr, { left, right }, evaluation);
}

/** Whether the result is something else than the metric it came from, so that the name has to go. */
export function changesMeaning(expr: BinaryExpr): boolean {
  if (isComparison(expr.operator)) return expr.returnBool;
  return expr.operator !== '</' && expr.operator !== '>/';
}

function betweenScalars({ operator, left, right }: BinaryExpr, evaluation: Evaluation): StepSeries {
  const a = evaluateScalar(left, evaluation);
  const b = evaluateScalar(right, evaluation);
  const result = createStepSeries(NO_LABELS, evaluation.grid.count);
  for (let step = 0; step < a.length; step++) {
    const value = isComparison(operator)
      ? Number(compare(operator, a[step]!, b[step]!))
      : arithmetic(operator as ArithmeticOperator, a[step]!, b[step]!);
    setFloat(result, step, value);
  }
  return result;
}

interface ScalarSide {
  readonly scalar: Float64Array;
  /** The scalar stands on the left. */
  readonly isSwapped: boolean;
  readonly evaluation: Evaluation;
}

function withScalar(
  expr: BinaryExpr,
  vector: readonly StepSeries[],
  { scalar, isSwapped, evaluation }: ScalarSide,
): StepSeries[] {
  const { operator, returnBool } = expr;
  const context = { annotations: evaluation.query.annotations, position: expr.position, isVectorOnly: false };
  const dropsName = changesMeaning(expr);
  const result: StepSeries[] = [];
  const number: Operand = { value: 0, histogram: undefined };
  const element: Operand = { value: 0, histogram: undefined };
  for (const series of vector) {
    const out = createStepSeries(series.labels, series.kinds.length, series.dropName || dropsName);
    for (let step = 0; step < series.kinds.length; step++) {
      const kind = series.kinds[step];
      if (kind === ABSENT) continue;
      if (
        kind === FLOAT &&
        !returnBool &&
        !isComparison(operator) &&
        operator !== '</' &&
        operator !== '>/'
      ) {
        const value = series.values[step]!;
        const other = scalar[step]!;
        const [a, b] = isSwapped ? [other, value] : [value, other];
        setFloat(out, step, arithmetic(operator as ArithmeticOperator, a, b));
        continue;
      }
      element.value = series.values[step]!;
      element.histogram = series.histograms?.[step];
      number.value = scalar[step]!;
      const outcome = isSwapped
        ? combineOperands(operator, number, element, context)
        : combineOperands(operator, element, number, context);
      if (outcome.kind === 'none') continue;
      if (returnBool) setFloat(out, step, Number(outcome.keep));
      else if (!outcome.keep) continue;
      // A filter answers the vector's element, on whichever side it stands.
      else if (isComparison(operator)) {
        if (element.histogram) setHistogram(out, step, element.histogram);
        else setFloat(out, step, element.value);
      } else if (outcome.kind === 'histogram') setHistogram(out, step, outcome.histogram);
      else setFloat(out, step, outcome.value);
    }
    if (!isEmptySeries(out)) result.push(out);
  }
  return result;
}
