/** Requests as object literals: what a test wants to see, in the bytes that the code under test reads. */
import type { Signal } from '@sluice/core/names';
import { convertJsonRequest } from '../json-request.ts';

export const TRACE_ID = '5b8efff798038103d269b633813fc60c';
export const SPAN_ID = 'eee19b7ec3c1b174';
export const NOW_MS = Date.UTC(2026, 0, 1);
export const NOW_NANO = `${NOW_MS}000000`;

export const SPAN = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  name: 'GET /cart',
  kind: 2,
  startTimeUnixNano: NOW_NANO,
  endTimeUnixNano: NOW_NANO,
};
export const LOG_RECORD = { timeUnixNano: NOW_NANO, body: { stringValue: 'order placed' } };
export const NUMBER_POINT = { timeUnixNano: NOW_NANO, asInt: '1' };
export const GAUGE = { name: 'queue.depth', gauge: { dataPoints: [NUMBER_POINT] } };

/** @throws OtlpFormatError as `convertJsonRequest` does. */
export function fromJson(signal: Signal, request: unknown): Uint8Array {
  return convertJsonRequest(signal, new TextEncoder().encode(JSON.stringify(request))).bytes;
}

export function traceRequest(...spans: readonly object[]): Uint8Array {
  return fromJson('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

export function logRequest(...logRecords: readonly object[]): Uint8Array {
  return fromJson('logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}

export function metricRequest(...metrics: readonly object[]): Uint8Array {
  return fromJson('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
}
