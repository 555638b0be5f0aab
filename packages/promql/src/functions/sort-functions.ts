/** sort, sort_desc, sort_by_label: the order of an instant query's result; a range query has its own. */
import { MESSAGE } from '../evaluate/messages.ts';
import type { Evaluation } from '../evaluate/query-context.ts';
import { FLOAT, isEmptySeries, type StepSeries } from '../evaluate/step-series.ts';
import { compareLabels, labelValue } from '../model/labels.ts';
import type { CallExpr } from '../parse/ast.ts';
import { compareNatural } from './compare-natural.ts';

interface SortContext {
  readonly direction: 1 | -1;
  readonly evaluation: Evaluation;
}

/** Histograms fall out, NaN comes last either way. */
export function sortByValue(
  call: CallExpr,
  series: StepSeries[],
  { direction, evaluation }: SortContext,
): StepSeries[] {
  const floats = series.map(floatsOf).filter((candidate) => !isEmptySeries(candidate));
  if (isRange(call, evaluation)) return floats;
  return floats.sort((a, b) => {
    const left = a.values[0]!;
    const right = b.values[0]!;
    if (Number.isNaN(left) || Number.isNaN(right))
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left === right ? 0 : left < right ? -direction : direction;
  });
}

export function sortByLabel(
  call: CallExpr,
  series: StepSeries[],
  { direction, evaluation }: SortContext,
): StepSeries[] {
  if (isRange(call, evaluation)) return series;
  const names = call.args.slice(1).map((arg) => (arg.kind === 'string' ? arg.value : ''));
  return [...series].sort((a, b) => {
    for (const name of names) {
      const order = compareNatural(labelValue(a.labels, name), labelValue(b.labels, name));
      if (order !== 0) return direction * order;
    }
    return direction * compareLabels(a.labels, b.labels);
  });
}

function isRange(call: CallExpr, { query, grid }: Evaluation): boolean {
  if (grid.count === 1) return false;
  query.annotations.warn(MESSAGE.sortInRange, call.position);
  return true;
}

function floatsOf(series: StepSeries): StepSeries {
  if (!series.histograms) return series;
  return {
    ...series,
    kinds: series.kinds.map((kind) => (kind === FLOAT ? kind : 0)),
    values: series.values,
    histograms: undefined,
  };
}
