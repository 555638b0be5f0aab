/** The endpoints that take an expression: evaluate it, format it, show its tree, find its exemplars. */

import type { QueryOptions } from '@sluice/promql/engine';
import { goQuote } from '@sluice/promql/model/go-quote';
import { childrenOf, type Expr } from '@sluice/promql/parse/ast';
import { ALL_FEATURES, parseExpression } from '@sluice/promql/parse/parse-expression';
import { prettifyExpression } from '@sluice/promql/parse/prettify-expression';
import type { QueryResult, QueryValue } from '@sluice/promql/query-result';
import { ApiError, answer, answerText } from './api-answer.ts';
import {
  asParameter,
  invalidParameter,
  MAX_TIME_MS,
  MIN_TIME_MS,
  type Parameters,
  parseDuration,
  readDuration,
  readLimit,
  readOptionalDuration,
  readOptionalTime,
  readTime,
  toParameterError,
} from './parameters.ts';
import type { Call, Handler } from './prometheus-routes.ts';
import { formatSample, formatTimestamp, renderLabels, renderValue } from './render-value.ts';
import { translateExpression } from './translate-expression.ts';

/** Most points of one series (Prometheus HTTP API). */
const MAX_POINTS = 11_000;

const TRUNCATED = 'results truncated due to limit';

const STATS: ReadonlySet<string> = new Set(['', 'true', 'all']);

function unknownStats(value: string): string {
  return `value ${goQuote(value)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`;
}

const query: Handler = async (call) => {
  const { parameters, engine, clock } = call;
  const limit = readLimit(parameters);
  const timeMs = readOptionalTime(parameters, 'time', clock.nowMs());
  const options = queryOptions(call);
  return evaluate(call, limit, () => engine.instant(parameters.get('query'), { ...options, timeMs }));
};

const queryRange: Handler = async (call) => {
  const { parameters, engine } = call;
  const limit = readLimit(parameters);
  const startMs = readTime(parameters, 'start');
  const endMs = readTime(parameters, 'end');
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const stepMs = Math.floor(readDuration(parameters, 'step'));
  if (stepMs <= 0) {
    throw invalidParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (Math.floor((endMs - startMs) / stepMs) > MAX_POINTS) {
    throw new ApiError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const options = queryOptions(call);
  return evaluate(call, limit, () =>
    engine.range(parameters.get('query'), { ...options, startMs, endMs, stepMs }),
  );
};

function queryOptions({ parameters, store, signal }: Call): QueryOptions {
  const timeoutMs = readOptionalDuration(parameters, 'timeout');
  return {
    reader: store.reader,
    signal,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...readLookback(parameters),
  };
}

function readLookback(parameters: Parameters): { lookbackMs?: number } {
  const text = parameters.get('lookback_delta');
  if (text === '') return {};
  const lookbackMs = parseDuration(text);
  // What is not positive is the default, as in Prometheus.
  if (typeof lookbackMs === 'number') return lookbackMs > 0 ? { lookbackMs } : {};
  throw new ApiError('bad_data', `error parsing lookback delta duration: ${lookbackMs}`);
}

async function evaluate(
  { parameters, clock }: Call,
  limit: number,
  run: () => Promise<QueryResult>,
): Promise<Response> {
  const beganMs = clock.nowMs();
  let result: QueryResult;
  try {
    result = await run();
  } catch (error) {
    throw toParameterError('query', error);
  }
  const { value, isTruncated } = truncate(result.value, limit);
  const wanted = parameters.get('stats');
  const warnings = [...result.warnings];
  if (isTruncated) warnings.push(TRUNCATED);
  if (!STATS.has(wanted)) warnings.push(unknownStats(wanted));
  const stats =
    wanted === '' ? '' : `,"stats":${JSON.stringify(toStats(result, (clock.nowMs() - beganMs) / 1000))}`;
  return answerText(`{${await renderValue(value)}${stats}}`, { warnings, infos: result.infos });
}

function truncate(value: QueryValue, limit: number): { value: QueryValue; isTruncated: boolean } {
  if (limit > 0 && value.type === 'vector' && value.samples.length > limit) {
    return { value: { ...value, samples: value.samples.slice(0, limit) }, isTruncated: true };
  }
  if (limit > 0 && value.type === 'matrix' && value.series.length > limit) {
    return { value: { ...value, series: value.series.slice(0, limit) }, isTruncated: true };
  }
  return { value, isTruncated: false };
}

/** Prometheus' fields. Samples count once each, not once per step; times are not split further. */
function toStats({ stats }: QueryResult, seconds: number): unknown {
  return {
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: 0,
      execTotalTime: seconds,
    },
    samples: { totalQueryableSamples: stats.samplesRead, peakSamples: stats.peakSamples },
  };
}

function readExpression(parameters: Parameters): Expr {
  return asParameter('query', () => parseExpression(parameters.get('query'), ALL_FEATURES));
}

const queryExemplars: Handler = async ({ parameters, store }) => {
  const startMs = readOptionalTime(parameters, 'start', MIN_TIME_MS);
  const endMs = readOptionalTime(parameters, 'end', MAX_TIME_MS);
  if (endMs < startMs) throw new ApiError('bad_data', 'end timestamp must not be before start timestamp');
  const matcherSets = selectorsOf(parseExpression(parameters.get('query'), ALL_FEATURES));
  // Prometheus has no data then, not even an empty list of them.
  if (matcherSets.length === 0) return new Response(null, { status: 204 });
  const found = await store.catalog.exemplars({ startMs, endMs, matcherSets });
  const rendered = found.map(({ seriesLabels, exemplars }) => {
    const points = exemplars.map(
      ({ labels, value, timeMs }) =>
        `{"labels":${renderLabels(labels)},"value":"${formatSample(value)}","timestamp":${formatTimestamp(timeMs)}}`,
    );
    return `{"seriesLabels":${renderLabels(seriesLabels)},"exemplars":[${points.join(',')}]}`;
  });
  return answerText(`[${rendered.join(',')}]`);
};

function selectorsOf(expr: Expr): Extract<Expr, { kind: 'vector-selector' }>['matchers'][] {
  if (expr.kind === 'vector-selector') return [expr.matchers];
  return childrenOf(expr).flatMap(selectorsOf);
}

export const EXPRESSION_HANDLERS: Readonly<Record<string, Handler>> = {
  '/query': query,
  '/query_range': queryRange,
  '/query_exemplars': queryExemplars,
  '/format_query': ({ parameters }) => answer(prettifyExpression(readExpression(parameters))),
  '/parse_query': ({ parameters }) => answer(translateExpression(readExpression(parameters))),
};
