/** histogram_*(): of native histograms, and the two that also know classic ones by their `le` buckets. */
import { aboutMetric } from '../evaluate/annotations.ts';
import { evaluateExpression, evaluateScalar } from '../evaluate/evaluate-expression.ts';
import { MESSAGE } from '../evaluate/messages.ts';
import type { Evaluation } from '../evaluate/query-context.ts';
import {
  createStepSeries,
  HISTOGRAM,
  isEmptySeries,
  SAME_LABELSET,
  type StepSeries,
  setFloat,
} from '../evaluate/step-series.ts';
import type { Histogram } from '../histogram/histogram.ts';
import {
  type Estimate,
  fractionOfHistogram,
  quantileOfHistogram,
  varianceOfHistogram,
} from '../histogram/histogram-quantile.ts';
import { formatOpenMetrics } from '../model/go-float.ts';
import { type Labels, labelsKey, labelValue, METRIC_NAME, withLabel } from '../model/labels.ts';
import type { CallExpr, Expr } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import { type ClassicBuckets, classicFraction, classicQuantile } from './classic-buckets.ts';
import { groupHistograms, type HistogramGroup, visitGroup } from './histogram-groups.ts';

type HistogramCall = (call: CallExpr, evaluation: Evaluation) => StepSeries[];

const STATISTICS: Readonly<Record<string, (histogram: Histogram) => number>> = {
  histogram_avg: ({ sum, count }) => sum / count,
  histogram_count: ({ count }) => count,
  histogram_sum: ({ sum }) => sum,
  histogram_stddev: (histogram) => Math.sqrt(varianceOfHistogram(histogram)),
  histogram_stdvar: varianceOfHistogram,
};

export function histogramFunction(name: string): HistogramCall {
  const statistic = STATISTICS[name];
  if (statistic)
    return ({ args }, evaluation) => statistics(evaluateExpression(args[0]!, evaluation), statistic);
  if (name === 'histogram_quantile') return histogramQuantile;
  return name === 'histogram_quantiles' ? histogramQuantiles : histogramFraction;
}

function statistics(series: readonly StepSeries[], compute: (histogram: Histogram) => number): StepSeries[] {
  const result: StepSeries[] = [];
  for (const { labels, kinds, histograms } of series) {
    if (!histograms) continue;
    const out = createStepSeries(labels, kinds.length, true);
    for (let step = 0; step < kinds.length; step++) {
      if (kinds[step] === HISTOGRAM) setFloat(out, step, compute(histograms[step]!));
    }
    if (!isEmptySeries(out)) result.push(out);
  }
  return result;
}

function histogramQuantile({ args }: CallExpr, evaluation: Evaluation): StepSeries[] {
  const quantiles = evaluateScalar(args[0]!, evaluation);
  const groups = groupHistograms(evaluateExpression(args[1]!, evaluation), args[1]!, evaluation);
  noteQuantiles(quantiles, args[0]!, evaluation);
  return groups
    .map((group) => quantileColumn(group, quantiles, { expr: args[1]!, evaluation }))
    .filter((out) => !isEmptySeries(out));
}

function quantileColumn(group: HistogramGroup, quantiles: Float64Array, context: Context): StepSeries {
  const out = createStepSeries(group.labels, quantiles.length, true);
  visitGroup(group, context, {
    native: (step, histogram) => {
      const estimate = quantileOfHistogram(quantiles[step]!, histogram);
      note(estimate, group.labels, context);
      setFloat(out, step, estimate.value);
    },
    classic: (step, buckets) =>
      setFloat(out, step, quantileAt(step, quantiles[step]!, { buckets, group, context })),
  });
  return out;
}

interface Context {
  /** The expression that the histograms come from. */
  readonly expr: Expr;
  readonly evaluation: Evaluation;
}

function quantileAt(
  step: number,
  q: number,
  { buckets, group, context }: { buckets: ClassicBuckets; group: HistogramGroup; context: Context },
): number {
  const { value, forced } = classicQuantile(q, buckets);
  if (forced) {
    const { query, grid } = context.evaluation;
    const timeMs = grid.startMs + step * grid.stepMs;
    const metric = labelValue(group.labels, METRIC_NAME);
    query.annotations.forcedMonotonicity(metric, context.expr.position, { timeMs, ...forced });
  }
  return value;
}

/** Several quantiles at once, each with its number as a label. */
function histogramQuantiles({ args }: CallExpr, evaluation: Evaluation): StepSeries[] {
  const [source, label, ...others] = args as [Expr, Expr, ...Expr[]];
  const name = label.kind === 'string' ? label.value : '';
  const columns = others.map((arg) => {
    const quantiles = evaluateScalar(arg, evaluation);
    noteQuantiles(quantiles, arg, evaluation);
    return quantiles;
  });
  const groups = groupHistograms(evaluateExpression(source, evaluation), source, evaluation);
  const results = new Map<string, StepSeries>();
  for (const quantiles of columns) {
    for (const group of groups) {
      const column = quantileColumn(group, quantiles, { expr: source, evaluation });
      for (let step = 0; step < quantiles.length; step++) {
        if (column.kinds[step] === 0) continue;
        const labels = withLabel(group.labels, name, formatOpenMetrics(quantiles[step]!));
        const out = outputFor(results, labels, quantiles.length);
        // The label may have told histograms apart before it got the quantile's number.
        if (out.kinds[step] !== 0) failExecution(SAME_LABELSET);
        setFloat(out, step, column.values[step]!);
      }
    }
  }
  return [...results.values()];
}

function outputFor(results: Map<string, StepSeries>, labels: Labels, count: number): StepSeries {
  const key = labelsKey(labels);
  let out = results.get(key);
  if (!out) {
    out = createStepSeries(labels, count, true);
    results.set(key, out);
  }
  return out;
}

function histogramFraction({ args }: CallExpr, evaluation: Evaluation): StepSeries[] {
  const lower = evaluateScalar(args[0]!, evaluation);
  const upper = evaluateScalar(args[1]!, evaluation);
  const context = { expr: args[2]!, evaluation };
  const groups = groupHistograms(evaluateExpression(args[2]!, evaluation), args[2]!, evaluation);
  return groups
    .map((group) => {
      const out = createStepSeries(group.labels, lower.length, true);
      visitGroup(group, context, {
        native: (step, histogram) => {
          const estimate = fractionOfHistogram(lower[step]!, upper[step]!, histogram);
          note(estimate, group.labels, context);
          setFloat(out, step, estimate.value);
        },
        classic: (step, buckets) => setFloat(out, step, classicFraction(lower[step]!, upper[step]!, buckets)),
      });
      return out;
    })
    .filter((out) => !isEmptySeries(out));
}

const NOTES: Readonly<Record<NonNullable<Estimate['note']>, string>> = {
  'nan-result': MESSAGE.nanResult,
  'nan-skew': MESSAGE.nanSkew,
  'nan-excluded': MESSAGE.nanExcluded,
};

function note(estimate: Estimate, labels: Labels, { expr, evaluation }: Context): void {
  if (!estimate.note) return;
  const message = aboutMetric(NOTES[estimate.note], labelValue(labels, METRIC_NAME));
  evaluation.query.annotations.inform(message, expr.position);
}

function noteQuantiles(quantiles: Float64Array, { position }: Expr, { query }: Evaluation): void {
  for (const q of new Set(quantiles)) {
    if (!(q >= 0 && q <= 1)) query.annotations.warn(MESSAGE.invalidQuantile(q), position);
  }
}
