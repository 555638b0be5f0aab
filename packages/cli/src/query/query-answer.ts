/** Answers of Prometheus' query endpoints: one list of series, whatever type the result has. */
import { UsageError } from '@sluice/core/errors';
import { formatLabels, toLabels } from '@sluice/promql/model/labels';

export interface ResultSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly ResultSample[];
}

export interface ResultSample {
  readonly timeMs: number;
  /** As the server wrote it; a native histogram as its count and sum. */
  readonly text: string;
  /** NaN for what is no number. */
  readonly value: number;
}

export interface QueryResult {
  readonly type: 'scalar' | 'string' | 'vector' | 'matrix';
  readonly series: readonly ResultSeries[];
}

export type QueryAnswer =
  | {
      readonly status: 'success';
      readonly result: QueryResult;
      readonly warnings: readonly string[];
      readonly infos: readonly string[];
      /** As it came. */
      readonly document: unknown;
    }
  | { readonly status: 'error'; readonly errorType: string; readonly error: string };

/** @throws UsageError for what is no answer of a Prometheus. */
export function readAnswer(
  { status, text }: { readonly status: number; readonly text: string },
  url: string,
): QueryAnswer {
  let document: unknown;
  try {
    document = JSON.parse(text);
    return toAnswer(document as WireAnswer);
  } catch {
    throw new UsageError(`what answers at ${url} is no Prometheus API (HTTP ${status})`);
  }
}

type WirePoint = readonly [number, string];
type WireHistogram = readonly [number, { readonly count: string; readonly sum: string }];

interface WireSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: WirePoint;
  readonly values?: readonly WirePoint[];
  readonly histogram?: WireHistogram;
  readonly histograms?: readonly WireHistogram[];
}

interface WireAnswer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data: { readonly resultType: QueryResult['type']; readonly result: unknown };
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

function toAnswer(wire: WireAnswer): QueryAnswer {
  if (wire.status === 'error') {
    return { status: 'error', errorType: String(wire.errorType), error: String(wire.error) };
  }
  const { resultType: type, result } = wire.data;
  const series =
    type === 'vector' || type === 'matrix'
      ? (result as readonly WireSeries[]).map(toSeries)
      : [{ labels: {}, samples: [toSample(result as WirePoint)] }];
  const { warnings = [], infos = [] } = wire;
  return { status: 'success', result: { type, series }, warnings, infos, document: wire };
}

function toSeries({ metric, value, values = [], histogram, histograms = [] }: WireSeries): ResultSeries {
  const samples = [
    ...[...(value ? [value] : []), ...values].map(toSample),
    ...[...(histogram ? [histogram] : []), ...histograms].map(toHistogramSample),
  ];
  return { labels: metric, samples: samples.sort((a, b) => a.timeMs - b.timeMs) };
}

function toSample([seconds, text]: WirePoint): ResultSample {
  return { timeMs: seconds * 1000, text, value: toNumber(text) };
}

function toHistogramSample([seconds, { count, sum }]: WireHistogram): ResultSample {
  return { timeMs: seconds * 1000, text: `{count:${count}, sum:${sum}}`, value: Number.NaN };
}

function toNumber(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

/** `name{a="b"}`. */
export function seriesName(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = '', ...rest } = labels;
  const text = formatLabels(toLabels(rest));
  return text === '{}' && name !== '' ? name : `${name}${text}`;
}
