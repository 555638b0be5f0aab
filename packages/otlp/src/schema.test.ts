import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { describe, expect, test } from 'vitest';
import { decodeLogs } from './decode-logs.ts';
import { decodeMetrics } from './decode-metrics.ts';
import { decodeTraces } from './decode-traces.ts';
import { convertJsonRequest } from './json-request.ts';
import { REQUEST_SCHEMA, SCHEMA } from './schema.ts';
import { decodeWithOracle } from './testing/descriptors.ts';
import { toModelLogs, toModelMetrics, toModelSpans } from './testing/oracle-model.ts';
import { sdkLogs, sdkMetrics, sdkSpans } from './testing/sdk-data.ts';
import { validateRequest } from './validate.ts';

/** Field numbers and names of the SDK's serializers are not ours: a mistake in the table shows here. */
describe('what the OpenTelemetry SDK writes', () => {
  const protobuf = {
    traces: ProtobufTraceSerializer.serializeRequest(sdkSpans())!,
    logs: ProtobufLogsSerializer.serializeRequest(sdkLogs())!,
    metrics: ProtobufMetricsSerializer.serializeRequest(sdkMetrics())!,
  };
  const json = {
    traces: JsonTraceSerializer.serializeRequest(sdkSpans())!,
    logs: JsonLogsSerializer.serializeRequest(sdkLogs())!,
    metrics: JsonMetricsSerializer.serializeRequest(sdkMetrics())!,
  };

  test.each(['traces', 'logs', 'metrics'] as const)(
    'is accepted without a rejection or warning: %s',
    (signal) => {
      const result = validateRequest(signal, protobuf[signal], { nowMs: Date.UTC(2026, 0, 1) });
      expect(result).toMatchObject({ status: 'ok', rejected: 0, warnings: [] });
      expect(convertJsonRequest(signal, json[signal]).warnings).toEqual([]);
    },
  );

  test('means the same in protobuf and in JSON', () => {
    const fromJson = (signal: 'traces' | 'logs' | 'metrics') =>
      convertJsonRequest(signal, json[signal]).bytes;
    expect(decodeTraces(fromJson('traces'))).toEqual(decodeTraces(protobuf.traces));
    expect(decodeLogs(fromJson('logs'))).toEqual(decodeLogs(protobuf.logs));
    expect(decodeMetrics(fromJson('metrics'))).toEqual(decodeMetrics(protobuf.metrics));
  });

  test('decodes to what the SDK was given', () => {
    const [span] = decodeTraces(protobuf.traces)[0]!.scopes[0]!.spans;
    expect(span).toMatchObject({
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: 'eee19b7ec3c1b174',
      parentSpanId: 'eee19b7ec3c1b173',
      traceState: 'vendor=1',
      name: 'GET /cart',
      kind: 2,
      startTimeUnixNano: 1_767_225_599_000_000_001n,
      endTimeUnixNano: 1_767_225_600_000_000_002n,
      droppedAttributesCount: 1,
      droppedEventsCount: 2,
      droppedLinksCount: 3,
      status: { code: 2, message: 'timeout' },
      flags: 0x301,
      events: [{ name: 'exception', timeUnixNano: 1_767_225_599_500_000_000n, droppedAttributesCount: 4 }],
      links: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }],
    });
    const [record] = decodeLogs(protobuf.logs)[0]!.scopes[0]!.records;
    expect(record).toMatchObject({
      timeUnixNano: 1_767_225_599_000_000_001n,
      observedTimeUnixNano: 1_767_225_600_000_000_002n,
      severityNumber: 17,
      severityText: 'ERROR',
      eventName: 'order.failed',
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: 'eee19b7ec3c1b174',
      flags: 1,
    });
    const metrics = decodeMetrics(protobuf.metrics)[0]!.scopes[0]!.metrics;
    expect(metrics.map(({ name, unit, data }) => [name, unit, data.type])).toEqual([
      ['requests', '{request}', 'sum'],
      ['temperature', 'Cel', 'gauge'],
      ['latency', 's', 'histogram'],
      ['size', 'By', 'exponentialHistogram'],
    ]);
    expect(metrics[3]!.data.points[0]).toMatchObject({
      scale: 2,
      zeroCount: 1n,
      count: 6n,
      positive: { offset: -3, bucketCounts: [1n, 0n, 2n] },
      negative: { offset: 4, bucketCounts: [2n] },
    });
  });

  test('reads the same through descriptors built from the table', () => {
    expect(toModelSpans(decodeWithOracle('traces', protobuf.traces))).toEqual(decodeTraces(protobuf.traces));
    expect(toModelLogs(decodeWithOracle('logs', protobuf.logs))).toEqual(decodeLogs(protobuf.logs));
    expect(toModelMetrics(decodeWithOracle('metrics', protobuf.metrics))).toEqual(
      decodeMetrics(protobuf.metrics),
    );
  });
});

describe('the table', () => {
  test('gives every field of a message its own number and names', () => {
    for (const { name, fields } of Object.values(SCHEMA)) {
      for (const key of ['number', 'name', 'jsonName'] as const) {
        const values = fields.map((field) => field[key]);
        expect(new Set(values).size, `${name}.${key}`).toBe(values.length);
      }
    }
  });

  test('spells JSON names and enum values as the specification does', () => {
    expect(REQUEST_SCHEMA.traces.fields.map(({ jsonName }) => jsonName)).toEqual(['resourceSpans']);
    expect(SCHEMA.Span.fields.find(({ number }) => number === 7)?.jsonName).toBe('startTimeUnixNano');
    const severities = SCHEMA.LogRecord.fields.find(({ name }) => name === 'severity_number')?.values;
    expect(severities?.get('SEVERITY_NUMBER_TRACE')).toBe(1);
    expect(severities?.get('SEVERITY_NUMBER_INFO')).toBe(9);
    expect(severities?.get('SEVERITY_NUMBER_FATAL4')).toBe(24);
  });
});
