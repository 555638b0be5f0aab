/**
 * Evaluates an expression on a grid, node by node, each whole column at once. A scalar is one series
 * without labels and with a value at every step.
 */
import { evaluateCall } from '../functions/evaluate-call.ts';
import { multiplyHistogram } from '../histogram/arithmetic.ts';
import { NO_LABELS } from '../model/labels.ts';
import { type Expr, valueTypeOf } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import { evaluateAggregate } from './evaluate-aggregate.ts';
import { evaluateBinary } from './evaluate-binary.ts';
import { evaluateVectorSelector } from './evaluate-selector.ts';
import { isStepInvariant } from './is-step-invariant.ts';
import type { Evaluation } from './query-context.ts';
import { createStepSeries, FLOAT, HISTOGRAM, type StepSeries, setHistogram } from './step-series.ts';

export function evaluateExpression(expr: Expr, evaluation: Evaluation): StepSeries[] {
  const { query, grid } = evaluation;
  query.checkTime();
  if (grid.count === 0) return [];
  if (expr.kind === 'number') return [constant(expr.value, evaluation)];
  if (grid.count > 1 && isStepInvariant(expr)) {
    // The same at every step: evaluated once, then repeated.
    const once = evaluateExpression(expr, { query, grid: { ...grid, count: 1 } });
    query.budget.charge(once.length * (grid.count - 1));
    const repeated = once.map((series) => repeat(series, grid.count));
    query.budget.release(once.length * (grid.count - 1));
    return repeated;
  }
  const result = evaluateNode(expr, evaluation);
  // Held until the node above has used it; released there would need ownership, so its peak is what counts.
  query.budget.charge(result.length * grid.count);
  query.budget.release(result.length * grid.count);
  return result;
}

function evaluateNode(expr: Expr, evaluation: Evaluation): StepSeries[] {
  switch (expr.kind) {
    case 'number':
      return [constant(expr.value, evaluation)];
    case 'vector-selector':
      return evaluateVectorSelector(expr, evaluation);
    case 'paren':
      return evaluateExpression(expr.expr, evaluation);
    case 'unary': {
      const series = evaluateExpression(expr.expr, evaluation);
      if (expr.operator === '+') return series;
      return series.map(negate);
    }
    case 'binary':
      return evaluateBinary(expr, evaluation);
    case 'aggregate':
      return evaluateAggregate(expr, evaluation);
    case 'call':
      return evaluateCall(expr, evaluation);
    case 'string':
    case 'matrix-selector':
    case 'subquery':
      return failExecution(`unexpected ${valueTypeOf(expr)} inside an expression`);
  }
}

/** The value of a scalar expression at each step. */
export function evaluateScalar(expr: Expr, evaluation: Evaluation): Float64Array {
  return evaluateExpression(expr, evaluation)[0]!.values;
}

export function constant(value: number, { grid }: Evaluation): StepSeries {
  const series = createStepSeries(NO_LABELS, grid.count);
  series.kinds.fill(FLOAT);
  series.values.fill(value);
  return series;
}

function repeat({ labels, dropName, kinds, values, histograms }: StepSeries, count: number): StepSeries {
  const series = createStepSeries(labels, count, dropName);
  series.kinds.fill(kinds[0]!);
  series.values.fill(values[0]!);
  if (histograms?.[0]) series.histograms = new Array(count).fill(histograms[0]);
  return series;
}

function negate(series: StepSeries): StepSeries {
  const negated = createStepSeries(series.labels, series.kinds.length, true);
  for (let step = 0; step < series.kinds.length; step++) {
    if (series.kinds[step] === FLOAT) {
      negated.kinds[step] = FLOAT;
      negated.values[step] = -series.values[step]!;
    } else if (series.kinds[step] === HISTOGRAM) {
      setHistogram(negated, step, multiplyHistogram(series.histograms![step]!, -1));
    }
  }
  return negated;
}
