/**
 * info(): adds the labels of info series (by default `target_info`) with the same `instance` and `job`.
 * Where several info series of one metric match, the newest sample wins.
 */
import { goQuote } from '../model/go-quote.ts';
import { keepLabels, type Labels, labelsKey, labelValue, METRIC_NAME, withLabels } from '../model/labels.ts';
import { createMatcher, type Matcher } from '../model/matcher.ts';
import { type CallExpr, childrenOf, type Expr } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import type { SeriesData } from '../series-reader.ts';
import { evaluateExpression } from './evaluate-expression.ts';
import { visitSamples } from './evaluate-selector.ts';
import { resolveAt, resolveOffset } from './load-selections.ts';
import type { Evaluation, QueryTimes } from './query-context.ts';
import {
  ABSENT,
  copyCell,
  createStepSeries,
  isEmptySeries,
  mergeSameLabels,
  type StepSeries,
} from './step-series.ts';

/** Labels that tell what an info series is about. */
const IDENTIFYING_LABELS: ReadonlySet<string> = new Set(['instance', 'job']);

/** Matchers of the info metric's name: without a positive one, everything that ends in `_info`. */
export function infoNameMatchers(own: readonly Matcher[]): readonly Matcher[] {
  if (own.length === 0) return [createMatcher(METRIC_NAME, '=', 'target_info')];
  const isPositive = own.some(({ operator }) => operator === '=' || operator === '=~');
  return isPositive ? own : [createMatcher(METRIC_NAME, '=~', '.+_info'), ...own];
}

/** When the info series are looked at: as the first selector of the argument is, by `@` and `offset`. */
export function infoReference(expr: Expr, times: QueryTimes): { atMs: number | undefined; offsetMs: number } {
  const path: Expr[] = [];
  const find = (node: Expr): boolean => {
    path.push(node);
    if (node.kind === 'vector-selector' || childrenOf(node).some(find)) return true;
    path.pop();
    return false;
  };
  if (!find(expr)) return { atMs: undefined, offsetMs: 0 };
  let atMs: number | undefined;
  let offsetMs = 0;
  for (const node of path.reverse()) {
    if (atMs !== undefined) break;
    if (node.kind !== 'vector-selector' && node.kind !== 'subquery') continue;
    offsetMs += resolveOffset(node, times);
    atMs = resolveAt(node.at, times);
  }
  return { atMs, offsetMs };
}

export function evaluateInfo(call: CallExpr, evaluation: Evaluation): StepSeries[] {
  const base = evaluateExpression(call.args[0]!, evaluation);
  const selector = call.args[1]?.kind === 'vector-selector' ? call.args[1] : undefined;
  const own = selector?.matchers ?? [];
  const nameMatchers = infoNameMatchers(own.filter(({ name }) => name === METRIC_NAME));
  const dataMatchers = own.filter(({ name }) => name !== METRIC_NAME);
  const isInfoSeries = ({ labels }: StepSeries): boolean => {
    const name = labelValue(labels, METRIC_NAME);
    return nameMatchers.every((matcher) => matcher.matches(name));
  };
  const enriched = base.filter((series) => !isInfoSeries(series));
  const info = relevantInfo(evaluation.query.selections.get(call) ?? [], enriched);
  const newest = newestInfo(info, infoReference(call.args[0]!, evaluation.query), evaluation);
  const metrics = [...new Set(info.map(({ labels }) => labelValue(labels, METRIC_NAME)))].sort();
  const requiresInfo = dataMatchers.some((matcher) => !matcher.matches(''));
  const dataNames = new Set(dataMatchers.map(({ name }) => name));
  const results: StepSeries[] = [];
  for (const series of base) {
    evaluation.query.checkTime();
    if (isInfoSeries(series)) {
      results.push(series);
      continue;
    }
    const candidates = metrics.map((metric) => newest.get(infoKey(metric, series.labels)));
    results.push(...enrich(series, candidates, { dataNames, requiresInfo }));
  }
  return mergeSameLabels(results);
}

/** Info series that share an identifying value with a series to be enriched, for each label that those have. */
function relevantInfo(info: readonly SeriesData[], enriched: readonly StepSeries[]): SeriesData[] {
  const values = new Map<string, Set<string>>();
  for (const { labels } of enriched) {
    for (const name of IDENTIFYING_LABELS) {
      const value = labelValue(labels, name);
      if (value === '') continue;
      const known = values.get(name);
      if (known) known.add(value);
      else values.set(name, new Set([value]));
    }
  }
  if (values.size === 0) return [];
  return info.filter(({ labels }) =>
    [...values].every(([name, known]) => known.has(labelValue(labels, name))),
  );
}

function infoKey(metric: string, labels: Labels): string {
  return `${metric}\u0002${labelsKey(keepLabels(labels, IDENTIFYING_LABELS))}`;
}

/** By info metric and identifying labels: the labels of the newest info sample at each step. */
function newestInfo(
  info: readonly SeriesData[],
  reference: { atMs: number | undefined; offsetMs: number },
  evaluation: Evaluation,
): Map<string, (Labels | undefined)[]> {
  const newest = new Map<string, { labels: Labels; timeMs: number }[]>();
  for (const series of info) {
    const key = infoKey(labelValue(series.labels, METRIC_NAME), series.labels);
    let steps = newest.get(key);
    if (!steps) {
      steps = new Array(evaluation.grid.count);
      newest.set(key, steps);
    }
    const column = steps;
    visitSamples(series, reference, evaluation, (step, index, histogram) => {
      if (histogram) {
        failExecution(`this should be an info metric, with float samples: ${describe(series.labels)}`);
      }
      const timeMs = series.times[index]!;
      const known = column[step];
      if (known?.timeMs === timeMs) {
        failExecution(
          `found duplicate series for info metric: existing ${describe(known.labels)} @ ${timeMs}, new ${describe(series.labels)} @ ${timeMs}`,
        );
      }
      if (!known || known.timeMs < timeMs) column[step] = { labels: series.labels, timeMs };
    });
  }
  return new Map([...newest].map(([key, steps]) => [key, Array.from(steps, (entry) => entry?.labels)]));
}

function describe(labels: Labels): string {
  return `{${labels.map(({ name, value }) => `${name}=${goQuote(value)}`).join(', ')}}`;
}

/** A series may get other labels at other steps, and so become several. */
function enrich(
  series: StepSeries,
  candidates: readonly ((Labels | undefined)[] | undefined)[],
  { dataNames, requiresInfo }: { dataNames: ReadonlySet<string>; requiresInfo: boolean },
): StepSeries[] {
  const byKey = new Map<string, StepSeries>();
  for (let step = 0; step < series.kinds.length; step++) {
    if (series.kinds[step] === ABSENT) continue;
    const found = candidates.map((steps) => steps?.[step]).filter((labels) => labels !== undefined);
    if (found.length === 0 && requiresInfo) continue;
    const labels = withInfoLabels(series.labels, found, dataNames);
    const key = labelsKey(labels);
    let out = byKey.get(key);
    if (!out) {
      out = createStepSeries(labels, series.kinds.length, series.dropName);
      byKey.set(key, out);
    }
    copyCell(series, out, step);
  }
  return [...byKey.values()].filter((out) => !isEmptySeries(out));
}

function withInfoLabels(base: Labels, found: readonly Labels[], dataNames: ReadonlySet<string>): Labels {
  const added = new Map<string, string>();
  for (const labels of found) {
    for (const { name, value } of labels) {
      if (name === METRIC_NAME || (dataNames.size > 0 && !dataNames.has(name))) continue;
      const known = added.get(name);
      if (known !== undefined && known !== value) failExecution(`conflicting label: ${name}`);
      if (labelValue(base, name) === '') added.set(name, value);
    }
  }
  return added.size === 0 ? base : withLabels(base, added);
}
