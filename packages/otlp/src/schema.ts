/**
 * The OTLP messages as one table: field numbers, names and types of opentelemetry-proto v1 (trace, logs,
 * metrics, common, resource and the collector's requests). The JSON mapping and the generic part of the
 * wire walker are driven by it.
 */
import type { Signal } from '@sluice/core/names';

export type ScalarType =
  | 'string'
  | 'bytes'
  /** Bytes that OTLP/JSON writes as hex instead of base64: trace and span ids. */
  | 'id'
  | 'bool'
  | 'int64'
  | 'uint64'
  | 'fixed64'
  | 'sfixed64'
  | 'double'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32';

export interface FieldSchema {
  readonly number: number;
  /** As in the protobuf files. */
  readonly name: string;
  /** lowerCamelCase, as in OTLP/JSON. */
  readonly jsonName: string;
  readonly type: ScalarType | 'message' | 'enum';
  /** Set for messages. */
  readonly message?: MessageSchema;
  /** Set for enums: number by name. */
  readonly values?: ReadonlyMap<string, number>;
  readonly enumName?: string;
  readonly repeated: boolean;
  /** `optional` in the protobuf files: presence is told apart from zero. */
  readonly optional: boolean;
  readonly oneof?: string;
}

export interface MessageSchema {
  readonly name: string;
  readonly fields: readonly FieldSchema[];
}

/** Field notation: `number type`, then `*` if repeated, `?` if optional, `@oneof` if a member of one. */
const NOTATION = /^(\d+) (\w+)([*?]?)(?:@(\w+))?$/;

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

const RESOURCE_ENVELOPE = { resource: '1 Resource', schema_url: '3 string' } as const;
const SCOPE_ENVELOPE = { scope: '1 InstrumentationScope', schema_url: '3 string' } as const;
const POINT_TIMES = { start_time_unix_nano: '2 fixed64', time_unix_nano: '3 fixed64' } as const;

const MESSAGES = {
  ExportTraceServiceRequest: { resource_spans: '1 ResourceSpans*' },
  ResourceSpans: { ...RESOURCE_ENVELOPE, scope_spans: '2 ScopeSpans*' },
  ScopeSpans: { ...SCOPE_ENVELOPE, spans: '2 Span*' },
  Span: {
    trace_id: '1 id',
    span_id: '2 id',
    trace_state: '3 string',
    parent_span_id: '4 id',
    name: '5 string',
    kind: '6 SpanKind',
    start_time_unix_nano: '7 fixed64',
    end_time_unix_nano: '8 fixed64',
    attributes: '9 KeyValue*',
    dropped_attributes_count: '10 uint32',
    events: '11 Event*',
    dropped_events_count: '12 uint32',
    links: '13 Link*',
    dropped_links_count: '14 uint32',
    status: '15 Status',
    flags: '16 fixed32',
  },
  Event: {
    time_unix_nano: '1 fixed64',
    name: '2 string',
    attributes: '3 KeyValue*',
    dropped_attributes_count: '4 uint32',
  },
  Link: {
    trace_id: '1 id',
    span_id: '2 id',
    trace_state: '3 string',
    attributes: '4 KeyValue*',
    dropped_attributes_count: '5 uint32',
    flags: '6 fixed32',
  },
  Status: { message: '2 string', code: '3 StatusCode' },

  ExportLogsServiceRequest: { resource_logs: '1 ResourceLogs*' },
  ResourceLogs: { ...RESOURCE_ENVELOPE, scope_logs: '2 ScopeLogs*' },
  ScopeLogs: { ...SCOPE_ENVELOPE, log_records: '2 LogRecord*' },
  LogRecord: {
    time_unix_nano: '1 fixed64',
    severity_number: '2 SeverityNumber',
    severity_text: '3 string',
    body: '5 AnyValue',
    attributes: '6 KeyValue*',
    dropped_attributes_count: '7 uint32',
    flags: '8 fixed32',
    trace_id: '9 id',
    span_id: '10 id',
    observed_time_unix_nano: '11 fixed64',
    event_name: '12 string',
  },

  ExportMetricsServiceRequest: { resource_metrics: '1 ResourceMetrics*' },
  ResourceMetrics: { ...RESOURCE_ENVELOPE, scope_metrics: '2 ScopeMetrics*' },
  ScopeMetrics: { ...SCOPE_ENVELOPE, metrics: '2 Metric*' },
  Metric: {
    name: '1 string',
    description: '2 string',
    unit: '3 string',
    gauge: '5 Gauge@data',
    sum: '7 Sum@data',
    histogram: '9 Histogram@data',
    exponential_histogram: '10 ExponentialHistogram@data',
    summary: '11 Summary@data',
    metadata: '12 KeyValue*',
  },
  Gauge: { data_points: '1 NumberDataPoint*' },
  Sum: {
    data_points: '1 NumberDataPoint*',
    aggregation_temporality: '2 AggregationTemporality',
    is_monotonic: '3 bool',
  },
  Histogram: { data_points: '1 HistogramDataPoint*', aggregation_temporality: '2 AggregationTemporality' },
  ExponentialHistogram: {
    data_points: '1 ExponentialHistogramDataPoint*',
    aggregation_temporality: '2 AggregationTemporality',
  },
  Summary: { data_points: '1 SummaryDataPoint*' },
  NumberDataPoint: {
    ...POINT_TIMES,
    as_double: '4 double@value',
    exemplars: '5 Exemplar*',
    as_int: '6 sfixed64@value',
    attributes: '7 KeyValue*',
    flags: '8 uint32',
  },
  HistogramDataPoint: {
    ...POINT_TIMES,
    count: '4 fixed64',
    sum: '5 double?',
    bucket_counts: '6 fixed64*',
    explicit_bounds: '7 double*',
    exemplars: '8 Exemplar*',
    attributes: '9 KeyValue*',
    flags: '10 uint32',
    min: '11 double?',
    max: '12 double?',
  },
  ExponentialHistogramDataPoint: {
    ...POINT_TIMES,
    attributes: '1 KeyValue*',
    count: '4 fixed64',
    sum: '5 double?',
    scale: '6 sint32',
    zero_count: '7 fixed64',
    positive: '8 Buckets',
    negative: '9 Buckets',
    flags: '10 uint32',
    exemplars: '11 Exemplar*',
    min: '12 double?',
    max: '13 double?',
    zero_threshold: '14 double',
  },
  Buckets: { offset: '1 sint32', bucket_counts: '2 uint64*' },
  SummaryDataPoint: {
    ...POINT_TIMES,
    count: '4 fixed64',
    sum: '5 double',
    quantile_values: '6 ValueAtQuantile*',
    attributes: '7 KeyValue*',
    flags: '8 uint32',
  },
  ValueAtQuantile: { quantile: '1 double', value: '2 double' },
  Exemplar: {
    time_unix_nano: '2 fixed64',
    as_double: '3 double@value',
    span_id: '4 id',
    trace_id: '5 id',
    as_int: '6 sfixed64@value',
    filtered_attributes: '7 KeyValue*',
  },

  Resource: { attributes: '1 KeyValue*', dropped_attributes_count: '2 uint32', entity_refs: '3 EntityRef*' },
  EntityRef: {
    schema_url: '1 string',
    type: '2 string',
    id_keys: '3 string*',
    description_keys: '4 string*',
  },
  InstrumentationScope: {
    name: '1 string',
    version: '2 string',
    attributes: '3 KeyValue*',
    dropped_attributes_count: '4 uint32',
  },
  KeyValue: { key: '1 string', value: '2 AnyValue' },
  AnyValue: {
    string_value: '1 string@value',
    bool_value: '2 bool@value',
    int_value: '3 int64@value',
    double_value: '4 double@value',
    array_value: '5 ArrayValue@value',
    kvlist_value: '6 KeyValueList@value',
    bytes_value: '7 bytes@value',
  },
  ArrayValue: { values: '1 AnyValue*' },
  KeyValueList: { values: '1 KeyValue*' },
} as const satisfies Table;

export type MessageName = keyof typeof MESSAGES;

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** Enum values by name; a name's number is its place in the list. */
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  SpanKind: ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
    (kind) => `SPAN_KIND_${kind}`,
  ),
  StatusCode: ['UNSET', 'OK', 'ERROR'].map((code) => `STATUS_CODE_${code}`),
  SeverityNumber: [
    'UNSPECIFIED',
    ...SEVERITIES.flatMap((severity) => ['', '2', '3', '4'].map((step) => severity + step)),
  ].map((severity) => `SEVERITY_NUMBER_${severity}`),
  AggregationTemporality: ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'].map(
    (temporality) => `AGGREGATION_TEMPORALITY_${temporality}`,
  ),
};

export const SCHEMA: Readonly<Record<MessageName, MessageSchema>> = buildSchema();

export const REQUEST_SCHEMA: Readonly<Record<Signal, MessageSchema>> = {
  traces: SCHEMA.ExportTraceServiceRequest,
  logs: SCHEMA.ExportLogsServiceRequest,
  metrics: SCHEMA.ExportMetricsServiceRequest,
};

function buildSchema(): Record<MessageName, MessageSchema> {
  const schema: Record<string, { name: string; fields: FieldSchema[] }> = {};
  for (const name of Object.keys(MESSAGES)) schema[name] = { name, fields: [] };
  for (const [name, fields] of Object.entries(MESSAGES as Table)) {
    for (const [fieldName, notation] of Object.entries(fields)) {
      schema[name]!.fields.push(toField(fieldName, notation, schema));
    }
  }
  return schema as Record<MessageName, MessageSchema>;
}

function toField(
  name: string,
  notation: string,
  schema: Readonly<Record<string, MessageSchema>>,
): FieldSchema {
  const [, number = '', type = '', mark = '', oneof] = NOTATION.exec(notation) ?? [];
  const message = schema[type];
  const names = ENUMS[type];
  return {
    number: Number(number),
    name,
    jsonName: name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    type: message !== undefined ? 'message' : names !== undefined ? 'enum' : (type as ScalarType),
    ...(message === undefined ? {} : { message }),
    ...(names === undefined
      ? {}
      : { enumName: type, values: new Map(names.map((value, index) => [value, index])) }),
    repeated: mark === '*',
    optional: mark === '?',
    ...(oneof === undefined ? {} : { oneof }),
  };
}
