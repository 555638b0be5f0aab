/** OTLP requests in JSON (OTLP spec § JSON Protobuf Encoding), as plain objects that a case can bend. */
import { randomBytes } from 'node:crypto';
import type { Signal } from '@sluice/core/names';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

export const hexTraceId = (): string => randomBytes(16).toString('hex');
export const hexSpanId = (): string => randomBytes(8).toString('hex');
export const nanoText = (offsetMs = 0): string => `${BigInt(Date.now() + offsetMs) * 1_000_000n}`;

export const everyKindOfJsonValue: readonly JsonObject[] = [
  { key: 'string', value: { stringValue: 'Grüße, 世界 👋' } },
  { key: 'bool', value: { boolValue: true } },
  { key: 'int', value: { intValue: '-9007199254740993' } },
  { key: 'double', value: { doubleValue: 2.5 } },
  { key: 'array', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: 1 }] } } },
  { key: 'kvlist', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: false } }] } } },
  { key: 'bytes', value: { bytesValue: 'AP+A' } },
  { key: 'empty', value: {} },
];

export const jsonSpan = (more: JsonObject = {}): JsonObject => ({
  traceId: hexTraceId(),
  spanId: hexSpanId(),
  name: 'GET /orders',
  kind: 2,
  startTimeUnixNano: nanoText(-5),
  endTimeUnixNano: nanoText(),
  ...more,
});

export const jsonLogRecord = (more: JsonObject = {}): JsonObject => ({
  timeUnixNano: nanoText(),
  observedTimeUnixNano: nanoText(),
  severityNumber: 9,
  severityText: 'INFO',
  body: { stringValue: 'order 7 paid' },
  ...more,
});

export const jsonPoint = (more: JsonObject = { asDouble: 1.5 }): JsonObject => ({
  startTimeUnixNano: nanoText(-60_000),
  timeUnixNano: nanoText(),
  ...more,
});

export const jsonMetric = (more: JsonObject = { gauge: { dataPoints: [jsonPoint()] } }): JsonObject => ({
  name: 'orders.paid',
  unit: '{order}',
  ...more,
});

const FULL_JSON: Readonly<Record<Signal, () => readonly JsonObject[]>> = {
  traces: () => [
    jsonSpan({
      traceState: 'vendor=state',
      parentSpanId: hexSpanId(),
      flags: 257,
      attributes: everyKindOfJsonValue,
      droppedAttributesCount: 1,
      events: [{ timeUnixNano: nanoText(), name: 'exception', attributes: everyKindOfJsonValue }],
      droppedEventsCount: 1,
      links: [{ traceId: hexTraceId(), spanId: hexSpanId(), traceState: 's=1', flags: 1 }],
      droppedLinksCount: 1,
      status: { code: 2, message: 'broken' },
    }),
  ],
  logs: () => [
    jsonLogRecord({
      body: { kvlistValue: { values: everyKindOfJsonValue } },
      attributes: everyKindOfJsonValue,
      droppedAttributesCount: 1,
      flags: 1,
      traceId: hexTraceId(),
      spanId: hexSpanId(),
      eventName: 'order.paid',
    }),
  ],
  metrics: () => [
    jsonMetric(),
    jsonMetric({
      sum: { dataPoints: [jsonPoint({ asInt: '7' })], aggregationTemporality: 2, isMonotonic: true },
    }),
    jsonMetric({
      histogram: {
        dataPoints: [
          jsonPoint({
            count: '6',
            sum: 12.5,
            bucketCounts: ['1', '2', '3'],
            explicitBounds: [0.1, 1],
            min: 0,
            max: 9,
          }),
        ],
        aggregationTemporality: 1,
      },
    }),
    jsonMetric({
      exponentialHistogram: {
        dataPoints: [
          jsonPoint({
            count: '4',
            sum: 3,
            scale: -2,
            zeroCount: '1',
            positive: { offset: -3, bucketCounts: ['2', '1'] },
            zeroThreshold: 0.001,
          }),
        ],
        aggregationTemporality: 1,
      },
    }),
    jsonMetric({
      summary: {
        dataPoints: [jsonPoint({ count: '3', sum: 6, quantileValues: [{ quantile: 0.5, value: 2 }] })],
      },
    }),
  ],
};

const SHAPE = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
  metrics: { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' },
} as const;

export const JSON_ITEM: Readonly<Record<Signal, (more?: JsonObject) => JsonObject>> = {
  traces: jsonSpan,
  logs: jsonLogRecord,
  metrics: jsonMetric,
};

/** An export request of items, all in one resource and one scope. */
export function jsonRequest(signal: Signal, ...items: readonly Json[]): JsonObject {
  const { resources, scopes, items: name } = SHAPE[signal];
  return {
    [resources]: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'conformance' } }] },
        [scopes]: [{ scope: { name: 'conformance', version: '1.0.0' }, [name]: items }],
      },
    ],
  };
}

export function soundJsonRequest(signal: Signal, count = 1): JsonObject {
  return jsonRequest(signal, ...Array.from({ length: count }, () => JSON_ITEM[signal]()));
}

export function fullJsonRequest(signal: Signal): JsonObject {
  return jsonRequest(signal, ...FULL_JSON[signal]());
}
