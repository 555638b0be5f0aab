/**
 * OTLP as plain values: what the decoders return. Names are those of the OTLP protobuf files in
 * lowerCamelCase; times are nanoseconds since the epoch as bigint, ids lowercase hex, and a field that
 * was absent holds its protobuf default unless it is marked optional.
 */

export type AnyValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'array'; readonly values: readonly AnyValue[] }
  | { readonly type: 'kvlist'; readonly entries: readonly KeyValue[] }
  | { readonly type: 'empty' };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

export interface EntityRef {
  readonly schemaUrl: string;
  readonly type: string;
  readonly idKeys: readonly string[];
  readonly descriptionKeys: readonly string[];
}

export interface Resource {
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly entityRefs: readonly EntityRef[];
}

export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
}

export interface ResourceSpans {
  readonly resource: Resource;
  readonly schemaUrl: string;
  readonly scopes: readonly ScopeSpans[];
}

export interface ScopeSpans {
  readonly scope: Scope;
  readonly schemaUrl: string;
  readonly spans: readonly Span[];
}

export interface Span {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, or '' for a root span. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer; other numbers are kept. */
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly events: readonly SpanEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly SpanLink[];
  readonly droppedLinksCount: number;
  readonly status: SpanStatus;
}

export interface SpanStatus {
  /** 0 unset, 1 ok, 2 error. */
  readonly code: number;
  readonly message: string;
}

export interface SpanEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

export interface ResourceLogs {
  readonly resource: Resource;
  readonly schemaUrl: string;
  readonly scopes: readonly ScopeLogs[];
}

export interface ScopeLogs {
  readonly scope: Scope;
  readonly schemaUrl: string;
  readonly records: readonly LogRecord[];
}

export interface LogRecord {
  /** 0n when the source did not know it; `observedTimeUnixNano` stands in then. */
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  /** 0 unspecified, 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: AnyValue;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
  /** 32 hex digits, or '' when absent. */
  readonly traceId: string;
  /** 16 hex digits, or '' when absent. */
  readonly spanId: string;
  readonly eventName: string;
}

export interface ResourceMetrics {
  readonly resource: Resource;
  readonly schemaUrl: string;
  readonly scopes: readonly ScopeMetrics[];
}

export interface ScopeMetrics {
  readonly scope: Scope;
  readonly schemaUrl: string;
  readonly metrics: readonly Metric[];
}

export interface Metric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly metadata: readonly KeyValue[];
  readonly data: MetricData;
}

/** 0 unspecified, 1 delta, 2 cumulative. */
export type AggregationTemporality = number;

export const TEMPORALITY = { unspecified: 0, delta: 1, cumulative: 2 } as const;

/** Bit of a point's `flags`: the source had nothing to report at that time, values are to be ignored. */
export const NO_RECORDED_VALUE = 1;

export type MetricData =
  | { readonly type: 'gauge'; readonly points: readonly NumberPoint[] }
  | {
      readonly type: 'sum';
      readonly points: readonly NumberPoint[];
      readonly aggregationTemporality: AggregationTemporality;
      readonly isMonotonic: boolean;
    }
  | {
      readonly type: 'histogram';
      readonly points: readonly HistogramPoint[];
      readonly aggregationTemporality: AggregationTemporality;
    }
  | {
      readonly type: 'exponentialHistogram';
      readonly points: readonly ExponentialHistogramPoint[];
      readonly aggregationTemporality: AggregationTemporality;
    }
  | { readonly type: 'summary'; readonly points: readonly SummaryPoint[] }
  | { readonly type: 'empty'; readonly points: readonly [] };

/** What every kind of point has. */
export interface PointBase {
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly flags: number;
}

export type NumberValue =
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'empty' };

export interface NumberPoint extends PointBase {
  readonly value: NumberValue;
  readonly exemplars: readonly Exemplar[];
}

export interface HistogramPoint extends PointBase {
  readonly count: bigint;
  readonly sum?: number;
  readonly bucketCounts: readonly bigint[];
  readonly explicitBounds: readonly number[];
  readonly exemplars: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
}

export interface ExponentialBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly bigint[];
}

export interface ExponentialHistogramPoint extends PointBase {
  readonly count: bigint;
  readonly sum?: number;
  readonly scale: number;
  readonly zeroCount: bigint;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly exemplars: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
}

export interface SummaryPoint extends PointBase {
  readonly count: bigint;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export interface Exemplar {
  readonly filteredAttributes: readonly KeyValue[];
  readonly timeUnixNano: bigint;
  readonly value: NumberValue;
  /** 16 hex digits, or '' when absent. */
  readonly spanId: string;
  /** 32 hex digits, or '' when absent. */
  readonly traceId: string;
}
