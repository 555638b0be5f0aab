/** sum and avg, of floats and of histograms; a mix of both answers nothing and is warned about. */

import { divideHistogram } from '../histogram/arithmetic.ts';
import { compactHistogram } from '../histogram/bounds.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { createHistogramMean } from '../histogram/histogram-mean.ts';
import { accumulate, createHistogramSum, totalOf } from '../histogram/histogram-sum.ts';
import { lostBy } from '../model/kahan.ts';
import { labelValue, METRIC_NAME } from '../model/labels.ts';
import type { AggregateExpr } from '../parse/ast.ts';
import { dropsName, type SeriesGroup } from './evaluate-aggregate.ts';
import { MESSAGE } from './messages.ts';
import type { Evaluation } from './query-context.ts';
import { ABSENT, createStepSeries, FLOAT, HISTOGRAM, type StepSeries, setHistogram } from './step-series.ts';

const isInfinite = (value: number): boolean =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;

export function aggregateSum(
  group: SeriesGroup,
  expr: AggregateExpr,
  { query, grid }: Evaluation,
): StepSeries {
  const out = createStepSeries(group.labels, grid.count, dropsName(group));
  const { kinds, values } = out;
  const lost = new Float64Array(grid.count);
  let hasHistograms = false;
  for (const member of group.members) {
    query.checkTime();
    const memberKinds = member.kinds;
    const memberValues = member.values;
    if (member.histograms) hasHistograms = true;
    for (let step = 0; step < memberKinds.length; step++) {
      if (memberKinds[step] !== FLOAT) continue;
      const value = memberValues[step]!;
      if (kinds[step] === ABSENT) {
        kinds[step] = FLOAT;
        values[step] = value;
        continue;
      }
      const sum = values[step]!;
      const next = sum + value;
      lost[step] = isInfinite(next) ? 0 : lost[step]! + lostBy(sum, value, next);
      values[step] = next;
    }
  }
  for (let step = 0; step < values.length; step++) values[step]! += lost[step]!;
  if (hasHistograms) aggregateHistograms(group, out, { expr, evaluation: { query, grid }, combine: sumOf });
  return out;
}

export function aggregateMean(group: SeriesGroup, expr: AggregateExpr, evaluation: Evaluation): StepSeries {
  const { query, grid } = evaluation;
  const out = createStepSeries(group.labels, grid.count, dropsName(group));
  for (let step = 0; step < grid.count; step++) {
    if (step % 256 === 0) query.checkTime();
    const mean = meanAt(group.members, step);
    if (mean === undefined) continue;
    out.kinds[step] = FLOAT;
    out.values[step] = mean;
  }
  if (group.members.some(({ histograms }) => histograms)) {
    aggregateHistograms(group, out, { expr, evaluation, combine: meanOf });
  }
  return out;
}

/** The mean of the sum, or corrected value by value once the sum would overflow. */
function meanAt(members: readonly StepSeries[], step: number): number | undefined {
  let sum = 0;
  let lost = 0;
  let count = 0;
  let mean: number | undefined;
  for (const { kinds, values } of members) {
    if (kinds[step] !== FLOAT) continue;
    const value = values[step]!;
    count++;
    if (count === 1) {
      sum = value;
      continue;
    }
    if (mean === undefined) {
      const next = sum + value;
      if (!isInfinite(next)) {
        lost += lostBy(sum, value, next);
        sum = next;
        continue;
      }
      mean = sum / (count - 1);
      lost /= count - 1;
    }
    const weight = (count - 1) / count;
    const before = weight * mean;
    const next = before + value / count;
    lost = isInfinite(next) ? 0 : weight * lost + lostBy(before, value / count, next);
    mean = next;
  }
  if (count === 0) return undefined;
  return mean === undefined ? sum / count + lost / count : mean + lost;
}

type Combine = (
  histograms: readonly Histogram[],
  note: (index: number, outcome: { isIncompatible: boolean; hasReconciledBounds: boolean }) => boolean,
) => Histogram | undefined;

function sumOf(histograms: readonly Histogram[], note: Parameters<Combine>[1]): Histogram | undefined {
  const sum = createHistogramSum(histograms[0]!);
  for (let i = 1; i < histograms.length; i++) if (!note(i, accumulate(sum, histograms[i]!))) return undefined;
  return totalOf(sum);
}

function meanOf(histograms: readonly Histogram[], note: Parameters<Combine>[1]): Histogram | undefined {
  if (histograms.length === 1) return divideHistogram(histograms[0]!, 1);
  const mean = createHistogramMean(histograms[0]!);
  for (let i = 1; i < histograms.length; i++) if (!note(i, mean.add(histograms[i]!))) return undefined;
  return mean.value();
}

function aggregateHistograms(
  { members }: SeriesGroup,
  out: StepSeries,
  { expr, evaluation, combine }: { expr: AggregateExpr; evaluation: Evaluation; combine: Combine },
): void {
  const { annotations } = evaluation.query;
  const { position } = expr.expr;
  for (let step = 0; step < out.kinds.length; step++) {
    const present = members.filter(({ kinds }) => kinds[step] === HISTOGRAM);
    if (present.length === 0) continue;
    if (out.kinds[step] === FLOAT) {
      annotations.warn(MESSAGE.mixedInAggregation, position);
      out.kinds[step] = ABSENT;
      continue;
    }
    const histograms = present.map((member) => member.histograms![step]!);
    const result = combine(histograms, (index, { isIncompatible, hasReconciledBounds }) => {
      if (isIncompatible) {
        const metric = labelValue(present[index]!.labels, METRIC_NAME);
        annotations.warn(MESSAGE.mixedBucketKinds(metric), position);
      }
      if (hasReconciledBounds) annotations.inform(MESSAGE.reconciledBounds('aggregation'), position);
      return !isIncompatible;
    });
    if (!result) continue;
    const hints = new Set(histograms.map(({ resetHint }) => resetHint));
    if (hints.has('reset') && hints.has('not_reset')) {
      annotations.warn(MESSAGE.resetConflict('aggregation'), position);
    }
    setHistogram(out, step, compactHistogram(result));
  }
}
