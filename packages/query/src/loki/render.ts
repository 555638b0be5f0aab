/** Results in Loki's JSON, as Grafana's data source reads it. */
import type { LogLabels } from '@sluice/backends/log-reader';
import { type LogResult, labelsKey, type QueryStats } from '../logql/log-query.ts';
import type { MetricResult } from '../logql/metric-query.ts';

export interface RenderOptions {
  readonly stats: QueryStats;
  readonly elapsedMs: number;
}

/** Asked for by the header X-Loki-Response-Encoding-Flags: labels stay apart by where they come from. */
export const CATEGORIZE_LABELS = 'categorize-labels';

export function renderStreams(
  results: readonly LogResult[],
  { isCategorized, ...options }: RenderOptions & { readonly isCategorized: boolean },
): unknown {
  const streams = new Map<string, { stream: LogLabels; values: unknown[] }>();
  for (const { timeNs, line, categories } of results) {
    const { stream: own, structuredMetadata, parsed } = categories;
    const labels = isCategorized ? own : { ...own, ...structuredMetadata, ...parsed };
    const key = labelsKey(labels);
    const stream = streams.get(key) ?? { stream: labels, values: [] };
    streams.set(key, stream);
    const extra = {
      ...(Object.keys(structuredMetadata).length === 0 ? {} : { structuredMetadata }),
      ...(Object.keys(parsed).length === 0 ? {} : { parsed }),
    };
    stream.values.push(isCategorized ? [String(timeNs), line, extra] : [String(timeNs), line]);
  }
  const result = [...streams].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stream]) => stream);
  return success({
    resultType: 'streams',
    ...(isCategorized ? { encodingFlags: [CATEGORIZE_LABELS] } : {}),
    result,
    stats: renderStats(results.length, options),
  });
}

export function renderMatrix(
  { series }: MetricResult,
  timesMs: readonly number[],
  options: RenderOptions,
): unknown {
  const result = series
    .map(({ labels, values }) => ({
      metric: labels,
      values: values.flatMap((value, i) =>
        value === undefined ? [] : [[timesMs[i]! / 1000, formatValue(value)]],
      ),
    }))
    .filter(({ values }) => values.length > 0);
  return success({ resultType: 'matrix', result, stats: renderStats(result.length, options) });
}

export function renderVector(
  { isScalar, series }: MetricResult,
  timeMs: number,
  options: RenderOptions,
): unknown {
  // Whole milliseconds, as Loki's samples have them.
  const time = Math.round(timeMs) / 1000;
  if (isScalar) {
    const value = series[0]?.values[0] ?? Number.NaN;
    return success({
      resultType: 'scalar',
      result: [time, formatValue(value)],
      stats: renderStats(1, options),
    });
  }
  const result = series.flatMap(({ labels, values }) =>
    values[0] === undefined ? [] : [{ metric: labels, value: [time, formatValue(values[0])] }],
  );
  return success({ resultType: 'vector', result, stats: renderStats(result.length, options) });
}

export function success(data: unknown): unknown {
  return { status: 'success', data };
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : withoutExponent(String(value));
}

/** Go's format `f`: digits only, however many (`1e+21` has 22 of them). */
function withoutExponent(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

function renderStats(entries: number, { stats, elapsedMs }: RenderOptions): unknown {
  const seconds = Math.max(elapsedMs, 0.001) / 1000;
  const store = {
    totalChunksRef: stats.chunks,
    totalChunksDownloaded: stats.chunks,
    chunk: { decompressedBytes: stats.bytes, decompressedLines: stats.lines },
  };
  return {
    summary: {
      bytesProcessedPerSecond: Math.round(stats.bytes / seconds),
      linesProcessedPerSecond: Math.round(stats.lines / seconds),
      totalBytesProcessed: stats.bytes,
      totalLinesProcessed: stats.lines,
      execTime: elapsedMs / 1000,
      queueTime: 0,
      subqueries: 0,
      totalEntriesReturned: entries,
      splits: 0,
      shards: 0,
    },
    querier: { store },
    ingester: {},
  };
}
