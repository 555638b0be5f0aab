/** topk, bottomk, limitk and limit_ratio: some of each group's series, as they are. */
import { compareNanLowest } from '../functions/quantile.ts';
import { formatGeneral } from '../model/go-float.ts';
import type { AggregateExpr } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import type { SeriesGroup } from './evaluate-aggregate.ts';
import { hashFraction } from './hash-fraction.ts';
import { MESSAGE } from './messages.ts';
import type { Evaluation } from './query-context.ts';
import {
  ABSENT,
  copyCell,
  createStepSeries,
  FLOAT,
  HISTOGRAM,
  isEmptySeries,
  mergeSameLabels,
  type StepSeries,
} from './step-series.ts';

interface RankedInput {
  readonly parameter: Float64Array;
  /** How many series there are in all: more cannot be chosen. */
  readonly total: number;
  readonly evaluation: Evaluation;
}

export function aggregateRanked(
  expr: AggregateExpr,
  groups: readonly SeriesGroup[],
  { parameter, total, evaluation }: RankedInput,
): StepSeries[] {
  const { grid, query } = evaluation;
  if (!checkParameter(expr, parameter, evaluation)) return [];
  const chosen = new Map<StepSeries, StepSeries>();
  const take = (member: StepSeries, step: number): void => {
    let out = chosen.get(member);
    if (!out) {
      out = createStepSeries(member.labels, grid.count, member.dropName);
      chosen.set(member, out);
    }
    copyCell(member, out, step);
  };
  const select = selectorFor(expr, evaluation);
  for (let step = 0; step < grid.count; step++) {
    if (step % 64 === 0) query.checkTime();
    const value = parameter[step]!;
    const limit =
      expr.operator === 'limit_ratio' ? Math.max(-1, Math.min(1, value)) : Math.min(Math.trunc(value), total);
    if (expr.operator === 'limit_ratio' ? limit === 0 : limit < 1) continue;
    for (const { members } of groups) {
      const present = members.filter(({ kinds }) => kinds[step] !== ABSENT);
      for (const member of select(present, step, limit)) take(member, step);
    }
  }
  const result = [...chosen.values()].filter((series) => !isEmptySeries(series));
  return grid.count === 1 ? result : mergeSameLabels(result);
}

type Select = (present: readonly StepSeries[], step: number, limit: number) => readonly StepSeries[];

/** In the order of the result: best first for topk and bottomk. */
function selectorFor({ operator, position }: AggregateExpr, { query }: Evaluation): Select {
  if (operator === 'limitk') return (present, _step, limit) => present.slice(0, limit);
  if (operator === 'limit_ratio') {
    const fractions = new Map<StepSeries, number>();
    const fractionOf = (series: StepSeries): number => {
      const fraction = fractions.get(series) ?? hashFraction(series.labels);
      fractions.set(series, fraction);
      return fraction;
    };
    return (present, _step, limit) => present.filter((series) => isInRatio(fractionOf(series), limit));
  }
  const sign = operator === 'topk' ? -1 : 1;
  return (present, step, limit) => {
    if (present.some(({ kinds }) => kinds[step] === HISTOGRAM)) {
      query.annotations.inform(MESSAGE.ignoredInAggregation(operator), position);
    }
    const floats = present.filter(({ kinds }) => kinds[step] === FLOAT);
    // NaN comes last either way.
    return floats
      .sort((a, b) => {
        const left = a.values[step]!;
        const right = b.values[step]!;
        if (Number.isNaN(left) || Number.isNaN(right)) return compareNanLowest(right, left);
        return sign * (left - right) || 0;
      })
      .slice(0, limit);
  };
}

/** A negative ratio takes what its complement leaves. */
function isInRatio(fraction: number, ratio: number): boolean {
  return ratio >= 0 ? fraction < ratio : fraction >= 1 + ratio;
}

/** False when nothing can be chosen at any step. */
function checkParameter(expr: AggregateExpr, parameter: Float64Array, { query }: Evaluation): boolean {
  const hasNan = parameter.some(Number.isNaN);
  const most = parameter.reduce((a, b) => (b > a ? b : a), Number.NEGATIVE_INFINITY);
  const least = parameter.reduce((a, b) => (b < a ? b : a), Number.POSITIVE_INFINITY);
  if (expr.operator === 'limit_ratio') {
    if (most === 0 && least === 0) return false;
    if (hasNan) failExecution('Ratio value is NaN');
    const { position } = expr.parameter!;
    if (most > 1) query.annotations.warn(MESSAGE.invalidRatio(most, 1), position);
    if (least < -1) query.annotations.warn(MESSAGE.invalidRatio(least, -1), position);
    return true;
  }
  if (most < 1 && !hasNan) return false;
  if (hasNan) failExecution('Parameter value is NaN');
  if (least <= -(2 ** 63)) failExecution(`Scalar value ${formatGeneral(least)} underflows int64`);
  if (most >= 2 ** 63 - 1024) failExecution(`Scalar value ${formatGeneral(most)} overflows int64`);
  return true;
}
