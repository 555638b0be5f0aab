/** Talks to a running pipeline as its users do: OTLP in, Jaeger and Loki JSON out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Signal } from '@sluice/core/names';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { decodeTraces } from '@sluice/otlp/decode-traces';

export interface PipelineUrls {
  readonly ingestUrl: string;
  readonly apiUrl: string;
}

export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly startTime: number;
  readonly duration: number;
  readonly processID: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
}

export interface JaegerTag {
  readonly key: string;
  readonly value: unknown;
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<
    Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>
  >;
}

/** Posts protobuf as an SDK does. A broken connection is answered as status 0. */
export async function postOtlp(
  ingestUrl: string,
  signal: Signal,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  try {
    const response = await fetch(`${ingestUrl}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', ...headers },
      body: gzipSync(bytes, { level: 1 }),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

export async function findTrace(apiUrl: string, traceId: string): Promise<JaegerTrace | undefined> {
  const response = await fetch(`${apiUrl}/jaeger/api/traces/${traceId}`);
  if (response.status === 404) {
    await response.arrayBuffer();
    return undefined;
  }
  const { data } = (await response.json()) as { data: JaegerTrace[] };
  return data[0];
}

export interface LogLine {
  readonly timestampNs: string;
  readonly line: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Of the last day and all services, unless said otherwise. */
export interface LineSelection {
  readonly services?: readonly string[];
  /** What the line holds. */
  readonly text?: string;
  readonly range?: { readonly startNs: bigint; readonly endNs: bigint };
}

export interface FoundSpan {
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly name: string;
}

/** How what was sent is found again, where the people of a pipeline look for it. */
export interface Finder {
  findSpans(traceId: string): Promise<readonly FoundSpan[]>;
  findLines(selection: LineSelection): Promise<readonly LogLine[]>;
  /** Every span of the request, with its times and attributes. */
  expectSpans(bytes: Uint8Array): Promise<void>;
}

/** By Loki's API. */
export async function findLogs(
  apiUrl: string,
  { services, text, range }: LineSelection,
): Promise<readonly LogLine[]> {
  const url = new URL(`${apiUrl}/loki/api/v1/query_range`);
  const span =
    range === undefined ? { since: '24h' } : { start: String(range.startNs), end: String(range.endNs) };
  const selector = services === undefined ? '.+' : services.join('|');
  const filter = text === undefined ? '' : ` |= ${JSON.stringify(text)}`;
  const query = `{service=~${JSON.stringify(selector)}}${filter}`;
  url.search = new URLSearchParams({ query, limit: '5000', ...span }).toString();
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as {
    data: { result: { stream: Record<string, string>; values: [string, string][] }[] };
  };
  return data.result.flatMap(({ stream, values }) =>
    values.map(([timestampNs, line]) => ({ timestampNs, line, labels: stream })),
  );
}

/** Polls until the condition answers something else than undefined. @throws after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(50);
  }
}

/** Value of one series of `/metrics`; 0 when it is not there. */
export async function readMetric(apiUrl: string, series: string): Promise<number> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** Until the queue of a signal holds nothing: everything is delivered or given up. */
export async function untilDelivered(
  apiUrl: string,
  signal: 'traces' | 'logs',
  timeoutMs = 60_000,
): Promise<void> {
  await eventually(
    `the queue of ${signal} to be empty`,
    async () => {
      const text = await (await fetch(`${apiUrl}/metrics`)).text();
      const counts = text
        .split('\n')
        .filter((line) => line.startsWith(`sluice_queue_messages{queue="${signal}"`))
        .map((line) => Number(line.split(' ').at(-1)));
      return counts.length > 0 && counts.every((count) => count === 0) ? true : undefined;
    },
    timeoutMs,
  );
}

/** Span ids by trace id. */
export function tracesIn(bytes: Uint8Array): ReadonlyMap<string, readonly string[]> {
  const traces = new Map<string, string[]>();
  for (const { scopes } of decodeTraces(bytes)) {
    for (const { spans } of scopes) {
      for (const { traceId, spanId } of spans) {
        const ids = traces.get(traceId) ?? [];
        ids.push(spanId);
        traces.set(traceId, ids);
      }
    }
  }
  return traces;
}

export function countLogs(bytes: Uint8Array): number {
  return decodeLogs(bytes)
    .flatMap(({ scopes }) => scopes)
    .reduce((sum, { records }) => sum + records.length, 0);
}
