/**
 * The reading half of a query: finds every selector, works out the time it needs, and reads them a few at
 * a time, the same one once. The evaluation that follows touches memory only.
 */

import { toNumericBound } from '../advice/bucket-bound.ts';
import { toHistogramStatistics } from '../histogram/histogram-statistics.ts';
import { METRIC_NAME } from '../model/labels.ts';
import { createMatcher, type Matcher } from '../model/matcher.ts';
import {
  type AtModifier,
  type CallExpr,
  childrenOf,
  type Expr,
  type TimeModifiers,
  type VectorSelector,
} from '../parse/ast.ts';
import { QueryError } from '../query-error.ts';
import type {
  SelectedSeries,
  SelectHints,
  SelectWindow,
  SeriesData,
  SeriesReader,
} from '../series-reader.ts';
import { infoNameMatchers, infoReference } from './evaluate-info.ts';
import { type QueryTimes, TOO_MANY_SAMPLES } from './query-context.ts';
import { resolveDuration } from './resolve-duration.ts';

export interface LoadOptions extends QueryTimes {
  readonly lookbackMs: number;
  readonly defaultStepMs: (rangeMs: number) => number;
  readonly maxSamples: number;
  readonly maxSeries: number;
  /** `le="1"` also matches `le="1.0"`. */
  readonly hasNumericBounds: boolean;
  readonly signal: AbortSignal | undefined;
  checkTime(): void;
}

export interface LoadedSelections {
  readonly selections: ReadonlyMap<VectorSelector | CallExpr, readonly SeriesData[]>;
  readonly warnings: readonly string[];
  /** What each read gave, in their order: reads of several places are there once. */
  readonly selected: readonly SelectedSeries[];
}

interface Read {
  readonly key: VectorSelector | CallExpr;
  readonly matchers: readonly Matcher[];
  readonly window: SelectWindow;
  readonly onlyStatistics: boolean;
}

/** What encloses an expression, as far as it moves the times its selectors need. */
interface Surroundings {
  readonly offsetMs: number;
  readonly rangeMs: number;
  /** The nearest `@` of an enclosing subquery. */
  readonly at: number | undefined;
  readonly stepMs: number;
  readonly hints: SelectHints;
  readonly bucketUse: BucketUse;
}

/** Whether functions around a selector need the buckets of its native histograms. */
type BucketUse = 'unknown' | 'only-statistics' | 'buckets';

const STATISTICS: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const NEED_BUCKETS: ReadonlySet<string> = new Set([
  'histogram_quantile',
  'histogram_quantiles',
  'histogram_fraction',
]);

const NO_HINTS: SelectHints = { func: '', grouping: [], by: false };

export async function loadSelections(
  expr: Expr,
  reader: SeriesReader,
  options: LoadOptions,
): Promise<LoadedSelections> {
  const reads: Read[] = [];
  const root: Surroundings = {
    offsetMs: 0,
    rangeMs: 0,
    at: undefined,
    stepMs: options.stepMs,
    hints: NO_HINTS,
    bucketUse: 'unknown',
  };
  collectReads(expr, root, { options, reads });
  const { results, selected } = await readAll(reads, reader, options);
  return {
    selections: new Map(
      results.map(({ series }, i) => {
        const { key, onlyStatistics } = reads[i]!;
        return [key, onlyStatistics ? series.map(toHistogramStatistics) : series];
      }),
    ),
    warnings: results.flatMap(({ warnings = [] }) => warnings),
    selected,
  };
}

/** A query with more selectors reads them in turns, so that what is loaded is counted before more is asked for. */
const READS_AT_ONCE = 6;

/** Each in the place of its read. */
async function readAll(
  reads: readonly Read[],
  reader: SeriesReader,
  { maxSamples, maxSeries, signal, checkTime }: LoadOptions,
): Promise<{ readonly results: readonly SelectedSeries[]; readonly selected: readonly SelectedSeries[] }> {
  const results: SelectedSeries[] = new Array(reads.length);
  const places = new Map<string, number[]>();
  for (const [place, read] of reads.entries()) {
    const key = keyOf(read);
    places.set(key, [...(places.get(key) ?? []), place]);
  }
  const waiting = [...places.values()];
  let samples = 0;
  let series = 0;
  const work = async (): Promise<void> => {
    for (let same = waiting.shift(); same !== undefined; same = waiting.shift()) {
      signal?.throwIfAborted();
      const { matchers, window } = reads[same[0]!]!;
      const limits = { maxSeries: maxSeries - series, maxSamples: maxSamples - samples };
      const result = await reader.select(matchers, { ...window, limits, checkTime });
      for (const { times } of result.series) samples += times.length;
      series += result.series.length;
      if (samples > maxSamples) throw new QueryError('execution', TOO_MANY_SAMPLES);
      if (series > maxSeries) {
        const message = `query processing would load more than ${maxSeries.toLocaleString('en')} series`;
        throw new QueryError('execution', message);
      }
      for (const place of same) results[place] = result;
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, work)).catch((error: unknown) => {
    waiting.length = 0;
    throw error;
  });
  return { results, selected: [...places.values()].map(([first]) => results[first!]!) };
}

/** The same for reads with the same answer. */
function keyOf({ matchers, window: { signal: _signal, limits: _limits, ...window } }: Read): string {
  return JSON.stringify([matchers.map(({ name, operator, value }) => [name, operator, value]), window]);
}

export function resolveAt(at: AtModifier | undefined, times: QueryTimes): number | undefined {
  if (!at) return undefined;
  return at.kind === 'time' ? at.ms : at.kind === 'start' ? times.startMs : times.endMs;
}

export function resolveOffset({ offset }: TimeModifiers, times: QueryTimes): number {
  return offset ? resolveDuration(offset, times, { mayBeNegative: true }) : 0;
}

interface Collection {
  readonly options: LoadOptions;
  readonly reads: Read[];
}

function collectReads(expr: Expr, around: Surroundings, collection: Collection): void {
  const { options, reads } = collection;
  switch (expr.kind) {
    case 'vector-selector':
      reads.push({
        key: expr,
        matchers: boundMatchers(expr, options),
        window: windowOf(expr, 0, { around, options }),
        onlyStatistics: around.bucketUse === 'only-statistics',
      });
      return;
    case 'matrix-selector': {
      const rangeMs = resolveDuration(expr.range, options);
      const { selector } = expr;
      reads.push({
        key: selector,
        matchers: boundMatchers(selector, options),
        window: windowOf(selector, rangeMs, { around, options }),
        onlyStatistics: around.bucketUse === 'only-statistics',
      });
      return;
    }
    case 'subquery': {
      const rangeMs = resolveDuration(expr.range, options);
      const offsetMs = resolveOffset(expr, options);
      const at = resolveAt(expr.at, options);
      const stepMs = expr.step ? resolveDuration(expr.step, options) : options.defaultStepMs(rangeMs);
      const isPinned = at !== undefined;
      const inner: Surroundings = {
        // `@` makes everything outside it irrelevant.
        offsetMs: isPinned ? offsetMs : around.offsetMs + offsetMs,
        rangeMs: isPinned ? rangeMs : around.rangeMs + rangeMs,
        at: at ?? around.at,
        stepMs,
        hints: around.hints,
        // A subquery may skip samples: resets between those left show in their buckets only.
        bucketUse: 'buckets',
      };
      collectReads(expr.expr, inner, collection);
      return;
    }
    case 'binary': {
      const isTrim = expr.operator === '</' || expr.operator === '>/';
      const bucketUse: BucketUse = isTrim ? 'buckets' : around.bucketUse;
      const inner = { ...around, hints: NO_HINTS, bucketUse };
      collectReads(expr.left, inner, collection);
      collectReads(expr.right, inner, collection);
      return;
    }
    case 'aggregate': {
      const hints = { func: expr.operator, grouping: expr.grouping, by: !expr.isWithout };
      for (const child of childrenOf(expr)) collectReads(child, { ...around, hints }, collection);
      return;
    }
    case 'call': {
      const bucketUse = bucketUseOf(expr.func.name, around.bucketUse);
      const inner = { ...around, hints: { ...NO_HINTS, func: expr.func.name }, bucketUse };
      const isInfo = expr.func.name === 'info';
      for (const child of isInfo ? expr.args.slice(0, 1) : expr.args) collectReads(child, inner, collection);
      if (isInfo) reads.push(infoRead(expr, inner, options));
      return;
    }
    default:
      for (const child of childrenOf(expr)) collectReads(child, around, collection);
  }
}

function boundMatchers({ matchers }: VectorSelector, { hasNumericBounds }: LoadOptions): readonly Matcher[] {
  return hasNumericBounds ? matchers.map(toNumericBound) : matchers;
}

function windowOf(
  selector: VectorSelector,
  rangeMs: number,
  { around, options }: { around: Surroundings; options: LoadOptions },
): SelectWindow {
  const at = resolveAt(selector.at, options);
  let startMs = at ?? (around.at ?? options.startMs) - around.offsetMs - around.rangeMs;
  let endMs = at ?? (around.at ?? options.endMs) - around.offsetMs;
  const isExtended = rangeMs === 0 || selector.extension !== undefined;
  // Windows are open to the left: a sample exactly at their start does not belong to them.
  startMs -= rangeMs + (isExtended ? options.lookbackMs : 0) - 1;
  if (selector.extension === 'smoothed') endMs += options.lookbackMs;
  const offsetMs = resolveOffset(selector, options);
  return {
    startMs: startMs - offsetMs,
    endMs: endMs - offsetMs,
    stepMs: around.stepMs,
    rangeMs,
    lookbackMs: options.lookbackMs,
    hints: around.hints,
    limits: { maxSeries: options.maxSeries, maxSamples: options.maxSamples },
    ...(options.signal && { signal: options.signal }),
  };
}

/** The info series that a call of info() may need: all those its second argument names. */
function infoRead(call: CallExpr, around: Surroundings, options: LoadOptions): Read {
  const selector = call.args[1]?.kind === 'vector-selector' ? call.args[1] : undefined;
  const own = selector?.matchers ?? [createMatcher(METRIC_NAME, '=', 'target_info')];
  const named = infoNameMatchers(own.filter(({ name }) => name === METRIC_NAME));
  const matchers = [...own.filter(({ name }) => name !== METRIC_NAME), ...named];
  const { atMs, offsetMs } = infoReference(call.args[0]!, options);
  const start = atMs ?? (around.at ?? options.startMs) - around.offsetMs - around.rangeMs;
  const end = atMs ?? (around.at ?? options.endMs) - around.offsetMs;
  const window: SelectWindow = {
    startMs: start - offsetMs - options.lookbackMs + 1,
    endMs: end - offsetMs,
    stepMs: around.stepMs,
    rangeMs: 0,
    lookbackMs: options.lookbackMs,
    hints: around.hints,
    limits: { maxSeries: options.maxSeries, maxSamples: options.maxSamples },
    ...(options.signal && { signal: options.signal }),
  };
  return { key: call, matchers, window, onlyStatistics: false };
}

function bucketUseOf(func: string, around: BucketUse): BucketUse {
  if (around === 'buckets' || NEED_BUCKETS.has(func)) return 'buckets';
  return STATISTICS.has(func) ? 'only-statistics' : around;
}
