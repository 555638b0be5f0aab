/** count_values: how many series of a group have each value, the value as a label. */

import { formatHistogram } from '../histogram/format-histogram.ts';
import { formatFixed } from '../model/go-float.ts';
import { goQuote } from '../model/go-quote.ts';
import { type Labels, labelsKey, withLabel } from '../model/labels.ts';
import { type AggregateExpr, withoutParens } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import { groupingOf } from './evaluate-aggregate.ts';
import type { Evaluation } from './query-context.ts';
import { ABSENT, createStepSeries, HISTOGRAM, type StepSeries, setFloat } from './step-series.ts';

export function aggregateCountValues(
  expr: AggregateExpr,
  series: readonly StepSeries[],
  { query, grid }: Evaluation,
): StepSeries[] {
  const label = withoutParens(expr.parameter!);
  const name = label.kind === 'string' ? label.value : '';
  if (!isLabelName(name)) failExecution(`invalid label name ${goQuote(name)}`);
  const grouping = expr.isWithout ? expr.grouping : [...expr.grouping, name];
  const toGroup = groupingOf({ grouping, isWithout: expr.isWithout });
  const results = new Map<string, StepSeries>();
  const counterOf = (labels: Labels): StepSeries => {
    const group = toGroup(labels);
    const key = labelsKey(group);
    let counter = results.get(key);
    if (!counter) {
      // Each distinct value is a series: the limit holds for them too.
      query.budget.charge(grid.count);
      counter = createStepSeries(group, grid.count);
      results.set(key, counter);
    }
    return counter;
  };
  for (const { labels, kinds, values, histograms } of series) {
    query.checkTime();
    for (let step = 0; step < grid.count; step++) {
      if (kinds[step] === ABSENT) continue;
      const text =
        kinds[step] === HISTOGRAM ? formatHistogram(histograms![step]!) : formatFixed(values[step]!);
      const counter = counterOf(withLabel(labels, name, text));
      setFloat(counter, step, counter.values[step]! + 1);
    }
  }
  query.budget.release(results.size * grid.count);
  return [...results.values()];
}

/** Prometheus 3 takes any name that is valid UTF-8 and not empty. */
export function isLabelName(name: string): boolean {
  return name !== '' && !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(name);
}
