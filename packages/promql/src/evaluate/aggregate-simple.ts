/** count, group, min, max, stddev, stdvar and quantile: one float for each group and step. */
import { quantile } from '../functions/quantile.ts';
import type { AggregateExpr } from '../parse/ast.ts';
import { dropsName, type SeriesGroup } from './evaluate-aggregate.ts';
import { MESSAGE } from './messages.ts';
import type { Evaluation } from './query-context.ts';
import { ABSENT, createStepSeries, FLOAT, type StepSeries } from './step-series.ts';

export function aggregateSimple(
  group: SeriesGroup,
  expr: AggregateExpr,
  { parameter, evaluation }: { parameter: Float64Array | undefined; evaluation: Evaluation },
): StepSeries {
  const { query, grid } = evaluation;
  const out = createStepSeries(group.labels, grid.count, dropsName(group));
  const { operator } = expr;
  if (operator === 'count' || operator === 'group') {
    countMembers(group, out, operator === 'group');
    return out;
  }
  if (operator === 'min' || operator === 'max') extreme(group, out, operator === 'min' ? -1 : 1);
  else if (operator === 'quantile') quantiles(group, out, parameter!);
  else variance(group, out, operator === 'stddev');
  query.checkTime();
  if (operator === 'quantile') noteQuantiles(expr, parameter!, evaluation);
  if (group.members.some(({ histograms }) => histograms)) {
    query.annotations.inform(MESSAGE.ignoredInAggregation(operator), expr.expr.position);
  }
  return out;
}

function countMembers({ members }: SeriesGroup, { kinds, values }: StepSeries, isGroup: boolean): void {
  for (const member of members) {
    for (let step = 0; step < kinds.length; step++) {
      if (member.kinds[step] === ABSENT) continue;
      kinds[step] = FLOAT;
      values[step] = isGroup ? 1 : values[step]! + 1;
    }
  }
}

/** NaN gives way to any number. */
function extreme({ members }: SeriesGroup, { kinds, values }: StepSeries, sign: 1 | -1): void {
  for (const member of members) {
    for (let step = 0; step < kinds.length; step++) {
      if (member.kinds[step] !== FLOAT) continue;
      const value = member.values[step]!;
      const best = values[step]!;
      if (kinds[step] === ABSENT || sign * value > sign * best || Number.isNaN(best)) values[step] = value;
      kinds[step] = FLOAT;
    }
  }
}

/** Welford's method, step by step in columns. */
function variance({ members }: SeriesGroup, { kinds, values }: StepSeries, isDeviation: boolean): void {
  const counts = new Float64Array(kinds.length);
  const means = new Float64Array(kinds.length);
  for (const member of members) {
    for (let step = 0; step < kinds.length; step++) {
      if (member.kinds[step] !== FLOAT) continue;
      const value = member.values[step]!;
      if (kinds[step] === ABSENT) {
        kinds[step] = FLOAT;
        counts[step] = 1;
        means[step] = value;
        values[step] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      const count = counts[step]! + 1;
      const delta = value - means[step]!;
      const mean = means[step]! + delta / count;
      counts[step] = count;
      means[step] = mean;
      values[step] = values[step]! + delta * (value - mean);
    }
  }
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] === ABSENT) continue;
    const mean = values[step]! / counts[step]!;
    values[step] = isDeviation ? Math.sqrt(mean) : mean;
  }
}

function quantiles({ members }: SeriesGroup, { kinds, values }: StepSeries, parameter: Float64Array): void {
  for (let step = 0; step < kinds.length; step++) {
    const present: number[] = [];
    for (const member of members) if (member.kinds[step] === FLOAT) present.push(member.values[step]!);
    if (present.length === 0) continue;
    kinds[step] = FLOAT;
    values[step] = quantile(parameter[step]!, present);
  }
}

function noteQuantiles(
  { parameter: source }: AggregateExpr,
  parameter: Float64Array,
  { query }: Evaluation,
): void {
  const { position } = source!;
  const note = (q: number): void => query.annotations.warn(MESSAGE.invalidQuantile(q), position);
  if (parameter.some(Number.isNaN)) note(Number.NaN);
  const numbers = parameter.filter((q) => !Number.isNaN(q));
  const most = numbers.reduce((a, b) => Math.max(a, b), 0);
  const least = numbers.reduce((a, b) => Math.min(a, b), 0);
  if (most > 1) note(most);
  if (least < 0) note(least);
}
