/** Aggregations over series: sum, avg, min, max, count, stddev, stdvar, topk, bottomk, sort. */
import type { Grouping, MetricExpr } from './ast.ts';
import { labelsKey } from './log-query.ts';
import type { Series } from './metric-query.ts';

type AggregationExpr = Extract<MetricExpr, { kind: 'aggregation' }>;

export function aggregate(expr: AggregationExpr, series: readonly Series[]): readonly Series[] {
  const { operation, parameter = 0, grouping } = expr;
  if (operation === 'sort' || operation === 'sort_desc') return sortByLast(series, operation === 'sort');
  const groups = new Map<string, { labels: Series['labels']; members: Series[] }>();
  for (const member of series) {
    const labels = groupLabels(member.labels, grouping);
    const key = labelsKey(labels);
    const group = groups.get(key) ?? { labels, members: [] };
    groups.set(key, group);
    group.members.push(member);
  }
  const rows = [...groups.values()];
  if (operation === 'topk' || operation === 'bottomk') {
    return rows.flatMap(({ members }) => pickExtremes(members, parameter, operation === 'topk'));
  }
  return rows.map(({ labels, members }) => ({
    labels,
    values: members[0]!.values.map((_, i) => {
      const values: number[] = [];
      for (const member of members) {
        const value = member.values[i];
        if (value !== undefined) values.push(value);
      }
      return values.length === 0 ? undefined : reduce(operation, values);
    }),
  }));
}

/** No grouping at all puts everything into one group. */
function groupLabels(labels: Series['labels'], grouping: Grouping | undefined): Series['labels'] {
  const kept = Object.entries(labels).filter(
    ([name]) => grouping !== undefined && grouping.labels.includes(name) !== grouping.isWithout,
  );
  return Object.fromEntries(kept);
}

function reduce(
  operation: Exclude<AggregationExpr['operation'], 'topk' | 'bottomk' | 'sort' | 'sort_desc'>,
  values: readonly number[],
): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = sum / values.length;
  const variance = (): number =>
    values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  switch (operation) {
    case 'sum':
      return sum;
    case 'avg':
      return mean;
    case 'min':
      return values.reduce((a, b) => Math.min(a, b));
    case 'max':
      return values.reduce((a, b) => Math.max(a, b));
    case 'count':
      return values.length;
    case 'stdvar':
      return variance();
    case 'stddev':
      return Math.sqrt(variance());
  }
}

/** At each time the k largest (or smallest); a series keeps its labels. */
function pickExtremes(members: readonly Series[], k: number, isLargest: boolean): readonly Series[] {
  const kept = members.map(({ values }) => values.map((): number | undefined => undefined));
  const times = members[0]!.values.length;
  for (let i = 0; i < times; i++) {
    const ranked = members
      .map(({ values }, index) => ({ index, value: values[i] }))
      .filter((row): row is { index: number; value: number } => row.value !== undefined)
      .sort((a, b) => (isLargest ? b.value - a.value : a.value - b.value) || a.index - b.index);
    for (const { index, value } of ranked.slice(0, k)) kept[index]![i] = value;
  }
  const picked = members
    .map(({ labels }, i) => ({ labels, values: kept[i]! }))
    .filter(({ values }) => values.some((value) => value !== undefined));
  return sortByLast(picked, !isLargest);
}

function sortByLast(series: readonly Series[], isAscending: boolean): readonly Series[] {
  const last = ({ values }: Series): number => values.at(-1) ?? Number.NEGATIVE_INFINITY;
  return series.toSorted((a, b) => (isAscending ? last(a) - last(b) : last(b) - last(a)));
}
