/** Calls of functions over range vectors: one series at a time, all steps of it in a row. */
import { RANGE_FUNCTIONS } from '../functions/range-functions.ts';
import { labelValue, METRIC_NAME } from '../model/labels.ts';
import type { CallExpr, Expr, MatrixSelector, Subquery } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';
import { evaluateSubquery } from './evaluate-subquery.ts';
import { timeAt } from './grid.ts';
import { resolveAt, resolveOffset } from './load-selections.ts';
import { MESSAGE } from './messages.ts';
import type { Evaluation } from './query-context.ts';
import { fromStepSeries, type RangeInput, toRangeInput } from './range-input.ts';
import type { RangeWindow } from './range-window.ts';
import { resolveDuration } from './resolve-duration.ts';
import {
  createStepRows,
  FLOAT,
  HISTOGRAM,
  isEmptySeries,
  type StepSeries,
  setHistogram,
} from './step-series.ts';

/** The functions that mean something with samples beyond the range, in the order Prometheus lists them. */
const EXTENDED_FUNCTIONS = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
} as const;

/** These keep the metric's name, since what they answer is one of its samples. */
const KEEPS_NAME: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);
const USES_START_TIMES: ReadonlySet<string> = new Set(['rate', 'irate', 'increase', 'resets']);

export function isRangeArgument(arg: Expr): arg is MatrixSelector | Subquery {
  return arg.kind === 'matrix-selector' || arg.kind === 'subquery';
}

/** `scalars`: the values of the other arguments, by step. */
export function evaluateRangeCall(
  call: CallExpr,
  range: MatrixSelector | Subquery,
  { scalars, evaluation }: { scalars: readonly StepSeries[]; evaluation: Evaluation },
): StepSeries[] {
  const { query, grid } = evaluation;
  const { name } = call.func;
  const compute = RANGE_FUNCTIONS.get(name)!;
  const extension = range.kind === 'matrix-selector' ? range.selector.extension : undefined;
  if (extension && !(EXTENDED_FUNCTIONS[extension] as readonly string[]).includes(name)) {
    failExecution(
      `${extension} modifier can only be used with: ${EXTENDED_FUNCTIONS[extension].join(', ')} - not with ${name}`,
    );
  }
  const inputs = rangeInputs(range, evaluation, USES_START_TIMES.has(name));
  const rangeMs = resolveDuration(range.range, query);
  const modifiers = range.kind === 'subquery' ? range : range.selector;
  const atMs = resolveAt(modifiers.at, query);
  const offsetMs = resolveOffset(modifiers, query);
  const before = extension ? query.lookbackMs : 0;
  const after = extension === 'smoothed' ? query.lookbackMs : 0;
  const window = createWindow(call, { rangeMs, extension, evaluation });
  const result: StepSeries[] = [];
  const cells = inputs.length * grid.count;
  query.budget.charge(cells);
  const rows = createStepRows(grid.count);
  for (const input of inputs) {
    query.checkTime();
    const out = rows.open(input.labels, input.dropName || !KEEPS_NAME.has(name));
    const { kinds, values } = out;
    openWindow(window, input);
    for (let step = 0; step < grid.count; step++) {
      const timeMs = timeAt(grid, step);
      window.timeMs = timeMs;
      window.endMs = (atMs ?? timeMs) - offsetMs;
      window.startMs = window.endMs - rangeMs;
      moveWindow(window, window.startMs - before, window.endMs + after);
      if (window.from === window.to && window.histogramFrom === window.histogramTo) continue;
      for (let i = 0; i < scalars.length; i++) window.scalars[i] = scalars[i]!.values[step]!;
      const kind = compute(window);
      if (kind === FLOAT) {
        kinds[step] = FLOAT;
        values[step] = window.value;
      } else if (kind === HISTOGRAM) setHistogram(out, step, window.histogram!);
    }
    if (isEmptySeries(out)) continue;
    rows.keep();
    result.push(out);
    if (name === 'rate' || name === 'increase') noteNonCounter(call, out, evaluation);
  }
  query.budget.release(cells);
  return result;
}

export function rangeInputs(
  range: MatrixSelector | Subquery,
  evaluation: Evaluation,
  usesStartTimes = false,
): RangeInput[] {
  if (range.kind === 'subquery') {
    const { series, grid } = evaluateSubquery(range, evaluation);
    return series.map((inner) => fromStepSeries(inner, grid));
  }
  const data = evaluation.query.selections.get(range.selector) ?? [];
  const withStarts = usesStartTimes && evaluation.query.useStartTimestamps;
  return data.map((series) => {
    const input = toRangeInput(series);
    if (withStarts) return input;
    return {
      ...input,
      floats: { ...input.floats, starts: undefined },
      histograms: { ...input.histograms, starts: undefined },
    };
  });
}

function createWindow(
  call: CallExpr,
  {
    rangeMs,
    extension,
    evaluation,
  }: { rangeMs: number; extension: RangeWindow['extension']; evaluation: Evaluation },
): RangeWindow {
  const first = call.args[0]!.position;
  return {
    input: undefined as unknown as RangeInput,
    floats: undefined as unknown as RangeInput['floats'],
    histograms: undefined as unknown as RangeInput['histograms'],
    from: 0,
    to: 0,
    histogramFrom: 0,
    histogramTo: 0,
    resetCursor: 0,
    startMs: 0,
    endMs: 0,
    rangeMs,
    timeMs: 0,
    scalars: [],
    extension,
    annotations: evaluation.query.annotations,
    position: first,
    argsPosition: { start: first.start, end: call.args.at(-1)!.position.end },
    value: 0.5,
    histogram: undefined,
  };
}

function openWindow(window: RangeWindow, input: RangeInput): void {
  window.input = input;
  window.floats = input.floats;
  window.histograms = input.histograms;
  window.from = 0;
  window.to = 0;
  window.histogramFrom = 0;
  window.histogramTo = 0;
  window.resetCursor = 0;
}

/** Windows only move forward, so both ends do. */
function moveWindow(window: RangeWindow, startMs: number, endMs: number): void {
  const { times } = window.floats;
  let { from, to } = window;
  while (to < times.length && times[to]! <= endMs) to++;
  while (from < to && times[from]! <= startMs) from++;
  window.from = from;
  window.to = to;
  const histogramTimes = window.histograms.times;
  if (histogramTimes.length === 0) return;
  while (window.histogramTo < histogramTimes.length && histogramTimes[window.histogramTo]! <= endMs) {
    window.histogramTo++;
  }
  while (window.histogramFrom < window.histogramTo && histogramTimes[window.histogramFrom]! <= startMs) {
    window.histogramFrom++;
  }
}

/** rate() of something that is no counter by its name, or by its type where types are known. */
function noteNonCounter(call: CallExpr, { labels, kinds }: StepSeries, { query }: Evaluation): void {
  const metric = labelValue(labels, METRIC_NAME);
  if (metric === '' || !kinds.includes(FLOAT)) return;
  const { position } = call.args[0]!;
  if (query.typeAndUnitLabels) {
    const type = labelValue(labels, '__type__');
    if (type !== 'counter' && type !== 'histogram') {
      query.annotations.inform(MESSAGE.possibleNonCounterType(metric, type), position);
    }
  } else if (!/_(total|sum|count|bucket)$/.test(metric)) {
    query.annotations.inform(MESSAGE.possibleNonCounter(metric), position);
  }
}
