/**
 * RED metrics out of spans: how many, how many failed, how long, by service, name, kind and status, under
 * the names that Tempo's metrics generator gives them. One trace message becomes one metrics message of
 * deltas whose id follows from the trace message's, so that a redelivery is recognised and adds nothing.
 */
import { createHash } from 'node:crypto';
import { SPAN_METRIC } from '@sluice/core/names';
import type { KeyValue } from '@sluice/otlp/model';
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { type SpanView, walkSpans } from '@sluice/otlp/walk-spans';
import { writeTextAttribute } from '@sluice/otlp/write-text-attribute';
import { type SpanNameLimit, toSpanNameLabel } from './span-name.ts';

export interface DerivedMetrics {
  /** ExportMetricsServiceRequest in protobuf. */
  readonly bytes: Uint8Array;
  readonly points: number;
}

export interface DeriveOptions {
  /** Of the trace message: spans with times far from it are counted at it. */
  readonly receivedAtMs: number;
  readonly tenant: string;
  readonly names: SpanNameLimit;
}

/** Seconds; Tempo's defaults (spanmetrics.histogram_buckets: 14 buckets from 0.002, each twice the one before). */
export const LATENCY_BOUNDS: readonly number[] = Array.from({ length: 14 }, (_, i) => 0.002 * 2 ** i);

const KIND_LABEL = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];
const STATUS_LABEL = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];
/** What of the resource makes `job` and the environment; instances are not told apart. */
const RESOURCE_KEYS = new Set([
  'service.name',
  'service.namespace',
  'deployment.environment.name',
  'deployment.environment',
]);
const MAX_DRIFT_MS = 24 * 3_600_000;
const NS_PER_MS = 1_000_000n;
/** AGGREGATION_TEMPORALITY_DELTA. Field numbers below are those of opentelemetry.proto.metrics.v1. */
const DELTA = 1;

/** SHA-256 of the trace message's id: another id for another payload, the same for a redelivery. */
export function spanMetricsIdOf(traceMessageId: string): string {
  return createHash('sha256').update(`span-metrics\n${traceMessageId}`).digest('hex');
}

/** `undefined` without spans. @throws OtlpFormatError on malformed bytes */
export function deriveSpanMetrics(traces: Uint8Array, options: DeriveOptions): DerivedMetrics | undefined {
  const services = gather(traces, options);
  const writer = new ProtoWriter(4096);
  let points = 0;
  for (const { attributes, service, groups } of services) {
    if (groups.size === 0) continue;
    const resourceMetrics = writer.begin(1);
    const resource = writer.begin(1);
    for (const { key, value } of attributes) writeTextAttribute(writer, 1, { key, text: textOf(value) });
    writer.end(resource);
    const scope = writer.begin(2);
    const calls = beginMetric(writer, SPAN_METRIC.calls, 'Spans by service, name, kind and status.');
    const sum = writer.begin(7);
    for (const group of groups.values()) writeCalls(writer, service, group);
    writer.uint(2, DELTA);
    writer.bool(3, true);
    writer.end(sum);
    writer.end(calls);
    const latency = beginMetric(writer, SPAN_METRIC.latency, 'Duration of spans in seconds.');
    const histogram = writer.begin(9);
    for (const group of groups.values()) writeLatency(writer, service, group);
    writer.uint(2, DELTA);
    writer.end(histogram);
    writer.end(latency);
    writer.end(scope);
    writer.end(resourceMetrics);
    points += groups.size * 2;
  }
  return points === 0 ? undefined : { bytes: writer.finish(), points };
}

interface Service {
  readonly service: string;
  readonly attributes: readonly KeyValue[];
  readonly groups: Map<string, Group>;
}

interface Group {
  readonly spanName: string;
  readonly kind: string;
  readonly status: string;
  count: bigint;
  sumSeconds: number;
  readonly buckets: bigint[];
  startNs: bigint;
  endNs: bigint;
  /** The slowest span, as the exemplar. */
  slowest: { readonly seconds: number; readonly traceId: string; readonly spanId: string } | undefined;
}

function gather(traces: Uint8Array, { receivedAtMs, tenant, names }: DeriveOptions): readonly Service[] {
  const services = new Map<string, Service>();
  const labels = new Map<string, string>();
  let current: Service | undefined;
  walkSpans(traces, {
    resource(name, attributes) {
      const kept = attributes.filter(({ key, value }) => RESOURCE_KEYS.has(key) && value.type === 'string');
      const key = kept.map(({ key: own, value }) => `${own}\u0000${textOf(value)}`).join('\u0001');
      current = services.get(key) ?? {
        service: name === '' ? 'unknown_service' : name,
        attributes: kept,
        groups: new Map(),
      };
      services.set(key, current);
      labels.clear();
    },
    span(span) {
      const { service, groups } = current!;
      const { name } = span;
      let label = labels.get(name);
      if (label === undefined) {
        label = names.admit(`${tenant}\n${service}`, toSpanNameLabel(name), receivedAtMs);
        labels.set(name, label);
      }
      const kind = KIND_LABEL[span.kind] ?? KIND_LABEL[0]!;
      const status = STATUS_LABEL[span.statusCode] ?? STATUS_LABEL[0]!;
      const key = `${span.kind}/${span.statusCode}/${label}`;
      const group = groups.get(key) ?? makeGroup(label, kind, status);
      groups.set(key, group);
      count(group, span, receivedAtMs);
    },
  });
  return [...services.values()];
}

function makeGroup(spanName: string, kind: string, status: string): Group {
  return {
    spanName,
    kind,
    status,
    count: 0n,
    sumSeconds: 0,
    buckets: new Array<bigint>(LATENCY_BOUNDS.length + 1).fill(0n),
    startNs: 0n,
    endNs: 0n,
    slowest: undefined,
  };
}

function count(group: Group, span: SpanView, receivedAtMs: number): void {
  const { startTimeUnixNano: start, endTimeUnixNano: end } = span;
  const seconds = end > start ? Number(end - start) / 1e9 : 0;
  group.count += 1n;
  group.sumSeconds += seconds;
  group.buckets[bucketOf(seconds)]! += 1n;
  const endNs = toSoundTime(end, receivedAtMs);
  const startNs = toSoundTime(start, receivedAtMs);
  const earliest = startNs < endNs ? startNs : endNs - 1n;
  if (endNs > group.endNs) group.endNs = endNs;
  if (group.startNs === 0n || earliest < group.startNs) group.startNs = earliest;
  if (group.slowest === undefined || seconds > group.slowest.seconds)
    group.slowest = { seconds, traceId: span.traceIdHex, spanId: span.spanIdHex };
}

function bucketOf(seconds: number): number {
  for (let i = 0; i < LATENCY_BOUNDS.length; i++) if (seconds <= LATENCY_BOUNDS[i]!) return i;
  return LATENCY_BOUNDS.length;
}

/** A clock that is off by more than a day must not put the counts where nobody looks. */
function toSoundTime(timeNs: bigint, receivedAtMs: number): bigint {
  const driftMs = Number(timeNs / NS_PER_MS) - receivedAtMs;
  return driftMs > 0 || driftMs < -MAX_DRIFT_MS ? BigInt(receivedAtMs) * NS_PER_MS : timeNs;
}

function beginMetric(writer: ProtoWriter, name: string, description: string): number {
  const metric = writer.begin(2);
  writer.string(1, name);
  writer.string(2, description);
  return metric;
}

function writeCalls(writer: ProtoWriter, service: string, group: Group): void {
  const point = writer.begin(1);
  writer.fixed64(2, group.startNs);
  writer.fixed64(3, group.endNs);
  writer.fixed64(6, group.count);
  writeLabels(writer, 7, { service, group });
  writer.end(point);
}

function writeLatency(writer: ProtoWriter, service: string, group: Group): void {
  const point = writer.begin(1);
  writer.fixed64(2, group.startNs);
  writer.fixed64(3, group.endNs);
  writer.fixed64(4, group.count);
  writer.double(5, group.sumSeconds);
  writer.packedFixed64(6, group.buckets);
  writer.packedDouble(7, LATENCY_BOUNDS);
  if (group.slowest !== undefined) {
    const exemplar = writer.begin(8);
    writer.fixed64(2, group.endNs);
    writer.double(3, group.slowest.seconds);
    writer.bytes(4, Buffer.from(group.slowest.spanId, 'hex'));
    writer.bytes(5, Buffer.from(group.slowest.traceId, 'hex'));
    writer.end(exemplar);
  }
  writeLabels(writer, 9, { service, group });
  writer.end(point);
}

function writeLabels(
  writer: ProtoWriter,
  field: number,
  { service, group }: { readonly service: string; readonly group: Group },
): void {
  writeTextAttribute(writer, field, { key: 'service', text: service });
  writeTextAttribute(writer, field, { key: 'span_name', text: group.spanName });
  writeTextAttribute(writer, field, { key: 'span_kind', text: group.kind });
  writeTextAttribute(writer, field, { key: 'status_code', text: group.status });
}

function textOf(value: KeyValue['value']): string {
  return value.type === 'string' ? value.value : '';
}
