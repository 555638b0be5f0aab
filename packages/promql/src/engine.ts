/**
 * PromQL: an expression and a series reader into a value. Reads are asynchronous and happen first, all at
 * once; the evaluation is synchronous and touches memory only. Every limit ends a query with the error
 * type that Prometheus has for it.
 */
import type { Clock } from '@sluice/core/ports/clock';
import { findAdvice } from './advice/find-advice.ts';
import { type Annotations, createAnnotations } from './evaluate/annotations.ts';
import { evaluateExpression } from './evaluate/evaluate-expression.ts';
import { rangeInputs } from './evaluate/evaluate-range-call.ts';
import { extendedSamples } from './evaluate/extended-samples.ts';
import { type Grid, gridBetween } from './evaluate/grid.ts';
import { loadSelections, resolveAt, resolveOffset } from './evaluate/load-selections.ts';
import {
  createSampleBudget,
  type Evaluation,
  type QueryContext,
  type SampleBudget,
} from './evaluate/query-context.ts';
import { resolveDuration } from './evaluate/resolve-duration.ts';
import { estimateCost } from './offload/estimate-cost.ts';
import type { Offload } from './offload/evaluation-job.ts';
import {
  documentedType,
  type Expr,
  type MatrixSelector,
  type Subquery,
  valueTypeOf,
  withoutParens,
} from './parse/ast.ts';
import { type ParseOptions, parseExpression } from './parse/parse-expression.ts';
import { QueryError } from './query-error.ts';
import { type QueryResult, type QueryValue, toMatrix, toRawMatrix, toVector } from './query-result.ts';
import type { SeriesReader } from './series-reader.ts';

export interface EngineOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** How old the newest sample of a series may be; default 5 minutes. */
  readonly lookbackMs?: number;
  /** Step of subqueries that name none, by their range; default 1 minute. */
  readonly defaultStepMs?: (rangeMs: number) => number;
  /** Samples in memory, default 50 million (`--query.max-samples` of Prometheus). */
  readonly maxSamples?: number;
  /** Series of one selector, default 1 million. */
  readonly maxSeries?: number;
  /** Characters of label values that functions write, default 64 Mi: a few words for each of a million series. */
  readonly maxLabelText?: number;
  /** Steps of a range query, default 11,000 (Prometheus HTTP API). */
  readonly maxSteps?: number;
  /** Default 2 minutes (`--query.timeout`). */
  readonly timeoutMs?: number;
  readonly features?: ParseOptions;
  /** rate, increase, irate and resets know from start timestamps when a counter started; default true. */
  readonly useStartTimestamps?: boolean;
  /** Whether a counter is one by its `__type__` label rather than by its name; default false. */
  readonly typeAndUnitLabels?: boolean;
  /**
   * Infos about what is likely a slip, and bounds of buckets compared as numbers: beyond Prometheus;
   * default false.
   */
  readonly hasAdvice?: boolean;
  /** Takes evaluations that would hold up the process for long; without it all of them are done in place. */
  readonly offload?: Offload;
}

export interface QueryOptions {
  readonly reader: SeriesReader;
  readonly lookbackMs?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Engine {
  /** The value at one time. Throws QueryError. */
  instant(query: string, options: QueryOptions & { readonly timeMs: number }): Promise<QueryResult>;
  /** A matrix: the value at each step from start to end, both included. Throws QueryError. */
  range(
    query: string,
    options: QueryOptions & { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  ): Promise<QueryResult>;
}

/** Some ten milliseconds' worth of evaluation, see `estimateCost`. */
const OFFLOAD_COST = 200_000;

/** The time is looked at once in so many checks. */
const CHECKS_PER_CLOCK_READ = 32;

export function createEngine(engine: EngineOptions): Engine {
  const settings = {
    lookbackMs: 300_000,
    defaultStepMs: () => 60_000,
    maxSamples: 50_000_000,
    maxSeries: 1_000_000,
    maxLabelText: 64 * 1024 * 1024,
    maxSteps: 11_000,
    timeoutMs: 120_000,
    features: {},
    useStartTimestamps: true,
    typeAndUnitLabels: false,
    hasAdvice: false,
    offload: undefined,
    ...engine,
  };

  const run = async (query: string, expr: Expr, request: Request): Promise<QueryResult> => {
    const { grid, options, stepMs } = request;
    const times = { startMs: grid.startMs, endMs: request.endMs, stepMs };
    const lookbackMs = options.lookbackMs || settings.lookbackMs;
    const timeoutMs = Math.min(options.timeoutMs ?? settings.timeoutMs, settings.timeoutMs);
    const deadlineMs = settings.clock.nowMs() + timeoutMs;
    const budget = createSampleBudget(settings.maxSamples, settings.maxLabelText);
    const annotations = createAnnotations();
    if (settings.hasAdvice) {
      for (const { message, position } of findAdvice(expr)) annotations.inform(message, position);
    }
    if (timeoutMs <= 0) throw new QueryError('timeout', 'query timed out in query execution');
    const checkTime = createTimeCheck(settings.clock, deadlineMs, options.signal);
    const { selections, warnings, selected } = await loadSelections(expr, options.reader, {
      ...times,
      lookbackMs,
      defaultStepMs: settings.defaultStepMs,
      maxSamples: settings.maxSamples,
      maxSeries: settings.maxSeries,
      hasNumericBounds: settings.hasAdvice,
      signal: options.signal,
      checkTime,
    }).catch((error: unknown) => failRead(error, options.signal));
    const read = chargeSelections(selections.values(), budget);
    const { offload, clock, defaultStepMs } = settings;
    // A function cannot go to another thread.
    if (offload !== undefined && engine.defaultStepMs === undefined) {
      const cost = estimateCost(expr, { ...times, ...read, steps: grid.count, defaultStepMs });
      if (cost > OFFLOAD_COST) {
        const { offload: _offload, clock: _clock, defaultStepMs: _step, ...cloneable } = settings;
        return offload({
          query,
          settings: cloneable,
          times:
            stepMs === 0
              ? { kind: 'instant', timeMs: grid.startMs }
              : { kind: 'range', startMs: grid.startMs, endMs: request.endMs, stepMs },
          lookbackMs,
          timeoutMs: deadlineMs - clock.nowMs(),
          selected,
          signal: options.signal,
        });
      }
    }
    for (const warning of warnings) annotations.foreign(warning);
    const context: QueryContext = {
      ...times,
      lookbackMs,
      defaultStepMs: settings.defaultStepMs,
      useStartTimestamps: settings.useStartTimestamps,
      typeAndUnitLabels: settings.typeAndUnitLabels,
      selections,
      annotations,
      budget,
      checkTime,
    };
    const value = evaluateGuarded(() => request.evaluate({ query: context, grid }));
    return { value, ...textsOf(annotations, query), stats: { ...read, peakSamples: budget.peak() } };
  };

  return {
    async instant(query, options) {
      const expr = parseExpression(query, settings.features);
      const { timeMs } = options;
      const grid = { startMs: timeMs, stepMs: 1, count: 1 };
      const evaluate = (evaluation: Evaluation): QueryValue => instantValue(expr, evaluation);
      return run(query, expr, { grid, endMs: timeMs, stepMs: 0, options, evaluate });
    },
    async range(query, options) {
      const { startMs, endMs, stepMs } = options;
      if (endMs < startMs) throw new QueryError('bad_data', 'end timestamp must not be before start time');
      if (!(stepMs > 0)) {
        throw new QueryError(
          'bad_data',
          'zero or negative query resolution step widths are not accepted. Try a positive integer',
        );
      }
      const grid = gridBetween(startMs, endMs, stepMs);
      if (grid.count - 1 > settings.maxSteps) {
        throw new QueryError(
          'bad_data',
          `exceeded maximum resolution of ${settings.maxSteps.toLocaleString('en')} points per timeseries. Try decreasing the query resolution (?step=XX)`,
        );
      }
      const expr = parseExpression(query, settings.features);
      const type = valueTypeOf(expr);
      if (type !== 'vector' && type !== 'scalar') {
        throw new QueryError(
          'bad_data',
          `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
        );
      }
      const evaluate = (evaluation: Evaluation): QueryValue =>
        toMatrix(evaluateExpression(expr, evaluation), grid);
      return run(query, expr, { grid, endMs, stepMs, options, evaluate });
    },
  };
}

/** A tree too deep for the stack is the query's fault, not the engine's. */
function evaluateGuarded(evaluate: () => QueryValue): QueryValue {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new QueryError('execution', 'expression is too deep or its result too large to be evaluated', {
      cause: error,
    });
  }
}

interface Request {
  readonly grid: Grid;
  readonly endMs: number;
  readonly stepMs: number;
  readonly options: QueryOptions;
  evaluate(evaluation: Evaluation): QueryValue;
}

function instantValue(expr: Expr, evaluation: Evaluation): QueryValue {
  const { startMs: timeMs } = evaluation.grid;
  const plain = withoutParens(expr);
  if (plain.kind === 'string') return { type: 'string', timeMs, value: plain.value };
  if (plain.kind === 'matrix-selector' || plain.kind === 'subquery') return rawMatrix(plain, evaluation);
  const series = evaluateExpression(expr, evaluation);
  if (valueTypeOf(expr) === 'scalar') return { type: 'scalar', timeMs, value: series[0]!.values[0]! };
  return toVector(series, timeMs);
}

function rawMatrix(range: MatrixSelector | Subquery, evaluation: Evaluation): QueryValue {
  const { query, grid } = evaluation;
  const modifiers = range.kind === 'subquery' ? range : range.selector;
  const endMs = (resolveAt(modifiers.at, query) ?? grid.startMs) - resolveOffset(modifiers, query);
  const startMs = endMs - resolveDuration(range.range, query);
  const inputs = rangeInputs(range, evaluation);
  if (range.kind === 'matrix-selector' && range.selector.extension) {
    const { extension } = range.selector;
    const extended = extendedSamples(inputs, { startMs, endMs, extension, lookbackMs: query.lookbackMs });
    return toRawMatrix(extended, startMs - 1, endMs);
  }
  return toRawMatrix(inputs, startMs, endMs);
}

function chargeSelections(
  selections: Iterable<readonly { readonly times: Float64Array }[]>,
  budget: SampleBudget,
): { samplesRead: number; seriesRead: number } {
  let samplesRead = 0;
  let seriesRead = 0;
  for (const series of selections) {
    seriesRead += series.length;
    for (const { times } of series) samplesRead += times.length;
  }
  budget.charge(samplesRead);
  return { samplesRead, seriesRead };
}

function textsOf(annotations: Annotations, query: string): Pick<QueryResult, 'warnings' | 'infos'> {
  return { warnings: annotations.texts('warning', query), infos: annotations.texts('info', query) };
}

function createTimeCheck(
  clock: Pick<Clock, 'nowMs'>,
  deadlineMs: number,
  signal: AbortSignal | undefined,
): () => void {
  let checks = 0;
  return () => {
    if (checks++ % CHECKS_PER_CLOCK_READ !== 0) return;
    if (signal?.aborted) throw new QueryError('canceled', 'query was canceled in expression evaluation');
    if (clock.nowMs() > deadlineMs) {
      throw new QueryError('timeout', 'query timed out in expression evaluation');
    }
  };
}

function failRead(error: unknown, signal: AbortSignal | undefined): never {
  if (error instanceof QueryError) throw error;
  if (signal?.aborted)
    throw new QueryError('canceled', 'query was canceled in query preparation', { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  throw new QueryError('execution', `expanding series: ${reason}`, { cause: error });
}
