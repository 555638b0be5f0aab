/**
 * Evaluates metric queries at a row of times. Every expression becomes series of values, one per time
 * (NaN-free: `undefined` where there is none), so that an instant query is a row of one.
 */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import type { LogLabels } from '@sluice/backends/log-reader';
import { aggregate } from './aggregate.ts';
import type { Grouping, MetricExpr } from './ast.ts';
import { combine } from './binary-operation.ts';
import { type LogSource, labelsKey, type QueryStats } from './log-query.ts';
import { LogqlError } from './logql-error.ts';
import { evaluateRange } from './range-aggregation.ts';

export interface Series {
  readonly labels: LogLabels;
  /** One per time. */
  readonly values: readonly (number | undefined)[];
}

/** A scalar is one series without labels that joins with every other. */
export interface MetricResult {
  readonly isScalar: boolean;
  readonly series: readonly Series[];
}

export interface MetricContext {
  readonly source: LogSource;
  readonly stats: QueryStats;
  /** Unix milliseconds, ascending, equally spaced. */
  readonly timesMs: readonly number[];
}

/** @throws LogqlError */
export async function evaluateMetric(expr: MetricExpr, context: MetricContext): Promise<MetricResult> {
  const { timesMs } = context;
  switch (expr.kind) {
    case 'number':
      return { isScalar: true, series: [constant(expr.value, timesMs)] };
    case 'vector':
      return { isScalar: false, series: [constant(expr.value, timesMs)] };
    case 'range':
      return { isScalar: false, series: await evaluateRange(expr, context) };
    case 'aggregation': {
      const additive = additiveGrouping(expr);
      const { series } = await evaluateMetric(additive ?? expr.expr, context);
      return { isScalar: false, series: aggregate(expr, series) };
    }
    case 'binary': {
      const left = await evaluateMetric(expr.left, context);
      const right = await evaluateMetric(expr.right, context);
      return combine(expr, left, right);
    }
    case 'label_replace': {
      const { series } = await evaluateMetric(expr.expr, context);
      return { isScalar: false, series: replaceLabels(expr, series) };
    }
  }
}

/**
 * `sum by (a) (count_over_time(…))`: counting by `a` at once gives the same, without a series for every
 * set of labels that a parser finds.
 */
function additiveGrouping(expr: Extract<MetricExpr, { kind: 'aggregation' }>): MetricExpr | undefined {
  const inner = expr.expr;
  if (expr.operation !== 'sum' || inner.kind !== 'range' || inner.grouping !== undefined) return undefined;
  const isAdditive = /^(?:rate|count_over_time|bytes_rate|bytes_over_time|sum_over_time)$/.test(
    inner.operation,
  );
  if (!isAdditive) return undefined;
  const grouping: Grouping = expr.grouping ?? { isWithout: false, labels: [] };
  return { ...inner, grouping };
}

function constant(value: number, timesMs: readonly number[]): Series {
  return { labels: {}, values: timesMs.map(() => value) };
}

function replaceLabels(
  { target, replacement, source, regex }: Extract<MetricExpr, { kind: 'label_replace' }>,
  series: readonly Series[],
): readonly Series[] {
  const matcher = createLinearRegex(regex, { isAnchored: true });
  const seen = new Set<string>();
  return series.map(({ labels, values }) => {
    const groups = matcher.exec(labels[source] ?? '');
    let changed = labels;
    if (groups !== undefined) {
      const value = replacement.replaceAll(
        /\$(?:(\d+)|\{(\w+)\}|\$)/g,
        (all, number: string, name: string) => {
          if (all === '$$') return '$';
          const index = number === undefined ? matcher.groupNames.indexOf(name) : Number(number);
          return groups[index < 0 ? Number(name) : index] ?? '';
        },
      );
      const { [target]: _old, ...rest } = labels;
      changed = value === '' ? rest : { ...rest, [target]: value };
    }
    const key = labelsKey(changed);
    if (seen.has(key)) throw new LogqlError('vector cannot contain metrics with the same labelset');
    seen.add(key);
    return { labels: changed, values };
  });
}
