/** Aggregations: series by group, then one reducer for each way of aggregating. */
import { dropLabels, keepLabels, type Labels, labelsKey, METRIC_NAME, NO_LABELS } from '../model/labels.ts';
import { type AggregateExpr, withoutParens } from '../parse/ast.ts';
import { aggregateCountValues } from './aggregate-count-values.ts';
import { aggregateRanked } from './aggregate-ranked.ts';
import { aggregateSimple } from './aggregate-simple.ts';
import { aggregateMean, aggregateSum } from './aggregate-sum.ts';
import { evaluateExpression, evaluateScalar } from './evaluate-expression.ts';
import type { Evaluation } from './query-context.ts';
import { isEmptySeries, type StepSeries } from './step-series.ts';

export interface SeriesGroup {
  readonly labels: Labels;
  readonly members: StepSeries[];
}

export function evaluateAggregate(expr: AggregateExpr, evaluation: Evaluation): StepSeries[] {
  const { operator } = expr;
  if (operator === 'count_values') {
    return aggregateCountValues(expr, evaluateExpression(expr.expr, evaluation), evaluation);
  }
  const parameter = expr.parameter ? evaluateScalar(withoutParens(expr.parameter), evaluation) : undefined;
  const series = evaluateExpression(expr.expr, evaluation);
  const groups = groupSeries(series, expr);
  switch (operator) {
    case 'sum':
      return reduce(groups, (group) => aggregateSum(group, expr, evaluation));
    case 'avg':
      return reduce(groups, (group) => aggregateMean(group, expr, evaluation));
    case 'topk':
    case 'bottomk':
    case 'limitk':
    case 'limit_ratio':
      return aggregateRanked(expr, groups, { parameter: parameter!, total: series.length, evaluation });
    default:
      return reduce(groups, (group) => aggregateSimple(group, expr, { parameter, evaluation }));
  }
}

function reduce(groups: readonly SeriesGroup[], toSeries: (group: SeriesGroup) => StepSeries): StepSeries[] {
  return groups.map(toSeries).filter((series) => !isEmptySeries(series));
}

/** Groups in the order of their first member. */
function groupSeries(series: readonly StepSeries[], expr: AggregateExpr): SeriesGroup[] {
  const toLabels = groupingOf(expr);
  const groups = new Map<string, SeriesGroup>();
  for (const member of series) {
    const labels = toLabels(member.labels);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group) group.members.push(member);
    else groups.set(key, { labels, members: [member] });
  }
  return [...groups.values()];
}

/** The labels a group has; `without` also drops the metric's name. */
export function groupingOf({
  grouping,
  isWithout,
}: Pick<AggregateExpr, 'grouping' | 'isWithout'>): (labels: Labels) => Labels {
  if (isWithout) {
    const dropped = new Set([...grouping, METRIC_NAME]);
    return (labels) => dropLabels(labels, dropped);
  }
  if (grouping.length === 0) return () => NO_LABELS;
  const kept = new Set(grouping);
  return (labels) => keepLabels(labels, kept);
}

/** A group drops its name at a step's end if any of its members does. */
export function dropsName({ members }: SeriesGroup): boolean {
  return members.some(({ dropName }) => dropName);
}
