/** A message of the full decoder as the typed model, to compare our decoders with. Written from the model's side. */
import type {
  AnyValue,
  EntityRef,
  Exemplar,
  ExponentialBuckets,
  KeyValue,
  LogRecord,
  Metric,
  MetricData,
  NumberValue,
  Resource,
  ResourceLogs,
  ResourceMetrics,
  ResourceSpans,
  Scope,
  Span,
} from '../model.ts';

// The descriptors are built at run time, so a decoded message has no static type.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Decoded = any;

export function toModelSpans(request: Decoded): ResourceSpans[] {
  return request.resourceSpans.map(({ resource, schemaUrl, scopeSpans }: Decoded) => ({
    resource: toResource(resource),
    schemaUrl,
    scopes: scopeSpans.map((scope: Decoded) => ({
      scope: toScope(scope.scope),
      schemaUrl: scope.schemaUrl,
      spans: scope.spans.map(toSpan),
    })),
  }));
}

export function toModelLogs(request: Decoded): ResourceLogs[] {
  return request.resourceLogs.map(({ resource, schemaUrl, scopeLogs }: Decoded) => ({
    resource: toResource(resource),
    schemaUrl,
    scopes: scopeLogs.map((scope: Decoded) => ({
      scope: toScope(scope.scope),
      schemaUrl: scope.schemaUrl,
      records: scope.logRecords.map(toRecord),
    })),
  }));
}

export function toModelMetrics(request: Decoded): ResourceMetrics[] {
  return request.resourceMetrics.map(({ resource, schemaUrl, scopeMetrics }: Decoded) => ({
    resource: toResource(resource),
    schemaUrl,
    scopes: scopeMetrics.map((scope: Decoded) => ({
      scope: toScope(scope.scope),
      schemaUrl: scope.schemaUrl,
      metrics: scope.metrics.map(toMetric),
    })),
  }));
}

function toResource(resource: Decoded): Resource {
  return {
    attributes: toAttributes(resource?.attributes ?? []),
    droppedAttributesCount: resource?.droppedAttributesCount ?? 0,
    entityRefs: (resource?.entityRefs ?? []).map(
      ({ schemaUrl, type, idKeys, descriptionKeys }: Decoded): EntityRef => ({
        schemaUrl,
        type,
        idKeys,
        descriptionKeys,
      }),
    ),
  };
}

function toScope(scope: Decoded): Scope {
  return {
    name: scope?.name ?? '',
    version: scope?.version ?? '',
    attributes: toAttributes(scope?.attributes ?? []),
    droppedAttributesCount: scope?.droppedAttributesCount ?? 0,
  };
}

function toAttributes(attributes: Decoded): KeyValue[] {
  return attributes.map(({ key, value }: Decoded) => ({ key, value: toValue(value) }));
}

function toValue(any: Decoded): AnyValue {
  const value = any?.value.value;
  switch (any?.value.case) {
    case 'stringValue':
      return { type: 'string', value };
    case 'boolValue':
      return { type: 'bool', value };
    case 'intValue':
      return { type: 'int', value };
    case 'doubleValue':
      return { type: 'double', value };
    case 'bytesValue':
      return { type: 'bytes', value };
    case 'arrayValue':
      return { type: 'array', values: value.values.map(toValue) };
    case 'kvlistValue':
      return { type: 'kvlist', entries: toAttributes(value.values) };
    default:
      return { type: 'empty' };
  }
}

function toSpan(span: Decoded): Span {
  return {
    traceId: toHex(span.traceId),
    spanId: toHex(span.spanId),
    parentSpanId: toHex(span.parentSpanId),
    traceState: span.traceState,
    flags: span.flags,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
    attributes: toAttributes(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount,
    events: span.events.map((event: Decoded) => ({
      timeUnixNano: event.timeUnixNano,
      name: event.name,
      attributes: toAttributes(event.attributes),
      droppedAttributesCount: event.droppedAttributesCount,
    })),
    droppedEventsCount: span.droppedEventsCount,
    links: span.links.map((link: Decoded) => ({
      traceId: toHex(link.traceId),
      spanId: toHex(link.spanId),
      traceState: link.traceState,
      attributes: toAttributes(link.attributes),
      droppedAttributesCount: link.droppedAttributesCount,
      flags: link.flags,
    })),
    droppedLinksCount: span.droppedLinksCount,
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
  };
}

function toRecord(record: Decoded): LogRecord {
  return {
    timeUnixNano: record.timeUnixNano,
    observedTimeUnixNano: record.observedTimeUnixNano,
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    body: toValue(record.body),
    attributes: toAttributes(record.attributes),
    droppedAttributesCount: record.droppedAttributesCount,
    flags: record.flags,
    traceId: toHex(record.traceId),
    spanId: toHex(record.spanId),
    eventName: record.eventName,
  };
}

function toMetric({ name, description, unit, metadata, data }: Decoded): Metric {
  return { name, description, unit, metadata: toAttributes(metadata), data: toData(data) };
}

function toData({ case: type, value }: Decoded): MetricData {
  if (type === undefined) return { type: 'empty', points: [] };
  const points = value.dataPoints.map((point: Decoded) => toPoint(type, point));
  const { aggregationTemporality, isMonotonic } = value;
  if (type === 'sum') return { type, points, aggregationTemporality, isMonotonic };
  if (type === 'histogram' || type === 'exponentialHistogram')
    return { type, points, aggregationTemporality };
  return { type, points };
}

function toPoint(type: string, point: Decoded): unknown {
  const { startTimeUnixNano, timeUnixNano, flags, count, sum, min, max } = point;
  const base = { attributes: toAttributes(point.attributes), startTimeUnixNano, timeUnixNano, flags };
  const range = {
    ...(sum === undefined ? {} : { sum }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
  switch (type) {
    case 'histogram': {
      const { bucketCounts, explicitBounds, exemplars } = point;
      return { ...base, ...range, count, bucketCounts, explicitBounds, exemplars: exemplars.map(toExemplar) };
    }
    case 'exponentialHistogram': {
      const { scale, zeroCount, zeroThreshold, exemplars } = point;
      const positive = toBuckets(point.positive);
      const negative = toBuckets(point.negative);
      const buckets = { scale, zeroCount, zeroThreshold, positive, negative };
      return { ...base, ...range, count, ...buckets, exemplars: exemplars.map(toExemplar) };
    }
    case 'summary': {
      const quantiles = point.quantileValues.map(({ quantile, value }: Decoded) => ({ quantile, value }));
      return { ...base, count, sum, quantiles };
    }
    default:
      return { ...base, value: toNumber(point.value), exemplars: point.exemplars.map(toExemplar) };
  }
}

function toBuckets(buckets: Decoded): ExponentialBuckets {
  return { offset: buckets?.offset ?? 0, bucketCounts: buckets?.bucketCounts ?? [] };
}

function toExemplar(exemplar: Decoded): Exemplar {
  return {
    filteredAttributes: toAttributes(exemplar.filteredAttributes),
    timeUnixNano: exemplar.timeUnixNano,
    value: toNumber(exemplar.value),
    spanId: toHex(exemplar.spanId),
    traceId: toHex(exemplar.traceId),
  };
}

function toNumber({ case: type, value }: Decoded): NumberValue {
  if (type === 'asInt') return { type: 'int', value };
  return type === 'asDouble' ? { type: 'double', value } : { type: 'empty' };
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
