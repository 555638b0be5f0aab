/** Spans, records and metrics in the shape that the OpenTelemetry SDK hands to its serializers, every field set. */
import type {
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';

type SdkSpans = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0];
type SdkLogs = Parameters<typeof ProtobufLogsSerializer.serializeRequest>[0];
type SdkMetrics = Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0];

const START = [1_767_225_599, 1] as const;
const MIDDLE = [1_767_225_599, 500_000_000] as const;
const END = [1_767_225_600, 2] as const;

const TRACE_ID = '5b8efff798038103d269b633813fc60c';
const SPAN_ID = 'eee19b7ec3c1b174';

const RESOURCE = {
  attributes: { 'service.name': 'cart', 'process.pid': 4711, 'host.arch': ['arm64', 'amd64'] },
  schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
  asyncAttributesPending: false,
};
const SCOPE = { name: 'cart-instrumentation', version: '1.2.3', schemaUrl: 'https://example.com/scope' };
const ATTRIBUTES = { text: 'größe', whole: 42, fraction: 0.25, negative: -7, flag: true, empty: '' };
const CONTEXT = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  traceFlags: 1,
  traceState: { serialize: () => 'vendor=1' },
};

export function sdkSpans(): SdkSpans {
  const span = {
    resource: RESOURCE,
    instrumentationScope: SCOPE,
    spanContext: () => CONTEXT,
    parentSpanContext: { traceId: TRACE_ID, spanId: 'eee19b7ec3c1b173', traceFlags: 1, isRemote: true },
    name: 'GET /cart',
    kind: 1,
    startTime: START,
    endTime: END,
    duration: [1, 1],
    ended: true,
    attributes: ATTRIBUTES,
    droppedAttributesCount: 1,
    events: [{ name: 'exception', time: MIDDLE, attributes: ATTRIBUTES, droppedAttributesCount: 4 }],
    droppedEventsCount: 2,
    links: [
      {
        context: {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          traceFlags: 1,
          traceState: { serialize: () => 'other=2' },
        },
        attributes: ATTRIBUTES,
        droppedAttributesCount: 5,
      },
    ],
    droppedLinksCount: 3,
    status: { code: 2, message: 'timeout' },
  };
  return [span] as unknown as SdkSpans;
}

export function sdkLogs(): SdkLogs {
  const record = {
    resource: RESOURCE,
    instrumentationScope: SCOPE,
    hrTime: START,
    hrTimeObserved: END,
    severityNumber: 17,
    severityText: 'ERROR',
    eventName: 'order.failed',
    body: { order: 4711, reasons: ['stock', 'payment'], raw: Uint8Array.of(1, 2, 255) },
    attributes: ATTRIBUTES,
    droppedAttributesCount: 6,
    spanContext: CONTEXT,
  };
  return [record] as unknown as SdkLogs;
}

/** Numbers are those of the SDK's enums: data points 0 histogram, 1 exponential, 2 gauge, 3 sum. */
export function sdkMetrics(): SdkMetrics {
  const point = { attributes: ATTRIBUTES, startTime: START, endTime: END };
  const cumulative = { aggregationTemporality: 1 };
  const metrics = [
    {
      descriptor: { name: 'requests', description: 'Requests served.', unit: '{request}', valueType: 0 },
      dataPointType: 3,
      isMonotonic: true,
      ...cumulative,
      dataPoints: [{ ...point, value: 17 }],
    },
    {
      descriptor: { name: 'temperature', description: '', unit: 'Cel', valueType: 1 },
      dataPointType: 2,
      ...cumulative,
      dataPoints: [{ ...point, value: -3.5 }],
    },
    {
      descriptor: { name: 'latency', description: '', unit: 's', valueType: 1 },
      dataPointType: 0,
      aggregationTemporality: 0,
      dataPoints: [
        {
          ...point,
          value: {
            count: 5,
            sum: 7.5,
            min: 0.1,
            max: 4,
            buckets: { boundaries: [0.5, 1], counts: [1, 1, 3] },
          },
        },
      ],
    },
    {
      descriptor: { name: 'size', description: '', unit: 'By', valueType: 1 },
      dataPointType: 1,
      ...cumulative,
      dataPoints: [
        {
          ...point,
          value: {
            count: 6,
            sum: 3,
            min: -2,
            max: 2,
            scale: 2,
            zeroCount: 1,
            positive: { offset: -3, bucketCounts: [1, 0, 2] },
            negative: { offset: 4, bucketCounts: [2] },
          },
        },
      ],
    },
  ];
  return { resource: RESOURCE, scopeMetrics: [{ scope: SCOPE, metrics }] } as unknown as SdkMetrics;
}
