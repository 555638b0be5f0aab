/**
 * RED counts out of spans: how many, how many failed, how long, by service, name, kind and status. They
 * become the metrics that Tempo's generator makes, under its names. One trace message gives one message of
 * counts whose id follows from the trace message's, so that a redelivery is recognised and adds nothing.
 */
import { createHash } from 'node:crypto';
import type { KeyValue } from '@sluice/otlp/model';
import { type SpanView, walkSpans } from '@sluice/otlp/walk-spans';
import { type SpanNameLimit, toSpanNameLabel } from './span-name.ts';

export interface CountOptions {
  /** Of the trace message: spans with times far from it are counted at it. */
  readonly receivedAtMs: number;
  readonly tenant: string;
  readonly names: SpanNameLimit;
}

/** Spans of one service. */
export interface ServiceCounts {
  /** What of the resource makes `job` and the environment; instances are not told apart. */
  readonly attributes: readonly TextAttribute[];
  readonly groups: readonly SpanGroup[];
}

export interface TextAttribute {
  readonly key: string;
  readonly text: string;
}

export interface SpanGroup {
  readonly spanName: string;
  /** A place in `KIND_LABELS`. */
  readonly kind: number;
  /** A place in `STATUS_LABELS`. */
  readonly status: number;
  readonly count: number;
  /** Of all durations. */
  readonly sumNanos: number;
  /** One a bucket of `LATENCY_BOUNDS`, and those above. */
  readonly buckets: readonly number[];
  /** Of the last end, Unix. */
  readonly timeMs: number;
  /** A span to look at. */
  readonly exemplar: SpanExemplar | undefined;
}

export interface SpanExemplar {
  readonly nanos: number;
  /** 32 and 16 hex digits. */
  readonly traceId: string;
  readonly spanId: string;
}

/** Seconds; Tempo's defaults (spanmetrics.histogram_buckets: 14 buckets from 0.002, each twice the one before). */
export const LATENCY_BOUNDS: readonly number[] = Array.from({ length: 14 }, (_, i) => 0.002 * 2 ** i);
const BOUNDS_NANOS: readonly number[] = Array.from({ length: 14 }, (_, i) => 2_000_000 * 2 ** i);

export const KIND_LABELS = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
] as const;
export const STATUS_LABELS = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'] as const;

const RESOURCE_KEYS = new Set([
  'service.name',
  'service.namespace',
  'deployment.environment.name',
  'deployment.environment',
]);
const MAX_DRIFT_MS = 24 * 3_600_000;
/** Of one message, the slowest: a reducer keeps no more than some dozens a tick, and ids do not compress. */
const MAX_EXEMPLARS = 16;

/** SHA-256 of the trace message's id: another id for another payload, the same for a redelivery. */
export function spanMetricsIdOf(traceMessageId: string): string {
  return createHash('sha256').update(`span-metrics\n${traceMessageId}`).digest('hex');
}

/** Empty without spans. @throws OtlpFormatError on malformed bytes */
export function countSpans(
  traces: Uint8Array,
  { receivedAtMs, tenant, names }: CountOptions,
): readonly ServiceCounts[] {
  const services = new Map<string, Service>();
  let current: Service | undefined;
  walkSpans(traces, {
    resource(name, attributes) {
      const kept = attributes.flatMap(toTextAttribute);
      const key = kept.map(({ key: own, text }) => `${own}\u0000${text}`).join('\u0001');
      current = services.get(key);
      if (current !== undefined) return;
      current = { name, attributes: kept, groups: [], byName: new Map(), byLabel: new Map() };
      services.set(key, current);
    },
    span(span) {
      const service = current!;
      const { name } = span;
      let places = service.byName.get(name);
      if (places === undefined) {
        const scope = `${tenant}\n${service.name}`;
        places = placesOf(service, names.admit(scope, toSpanNameLabel(name), receivedAtMs));
        service.byName.set(name, places);
      }
      count(groupAt(service, places, span), span, receivedAtMs);
    },
  });
  const counted = [...services.values()].filter(({ groups }) => groups.length > 0);
  takeExemplars(counted);
  return counted;
}

interface Service {
  readonly name: string;
  readonly attributes: readonly TextAttribute[];
  readonly groups: Group[];
  /** By the name of a span as it was sent, and by its label. */
  readonly byName: Map<string, Places>;
  readonly byLabel: Map<string, Places>;
}

/** Groups of one name by kind and status. */
interface Places {
  readonly label: string;
  readonly groups: (Group | undefined)[];
}

interface Group extends SpanGroup {
  count: number;
  sumNanos: number;
  readonly buckets: number[];
  timeMs: number;
  exemplar: SpanExemplar | undefined;
  slowestNanos: number;
  /** Where the ids of the slowest span are. */
  bytes: Uint8Array | undefined;
  traceIdStart: number;
  spanIdStart: number;
}

function toTextAttribute({ key, value }: KeyValue): readonly TextAttribute[] {
  return RESOURCE_KEYS.has(key) && value.type === 'string' ? [{ key, text: value.value }] : [];
}

function placesOf({ byLabel }: Service, label: string): Places {
  const known = byLabel.get(label);
  if (known !== undefined) return known;
  const places: Places = { label, groups: new Array(KIND_LABELS.length * STATUS_LABELS.length) };
  byLabel.set(label, places);
  return places;
}

/** Kinds and states that this build does not know count as unspecified and unset. */
function groupAt({ groups }: Service, places: Places, { kind: sentKind, statusCode }: SpanView): Group {
  const kind = sentKind >= 0 && sentKind < KIND_LABELS.length ? sentKind : 0;
  const status = statusCode >= 0 && statusCode < STATUS_LABELS.length ? statusCode : 0;
  const place = kind * STATUS_LABELS.length + status;
  const known = places.groups[place];
  if (known !== undefined) return known;
  const group: Group = {
    spanName: places.label,
    kind,
    status,
    count: 0,
    sumNanos: 0,
    buckets: new Array<number>(LATENCY_BOUNDS.length + 1).fill(0),
    timeMs: 0,
    exemplar: undefined,
    slowestNanos: -1,
    bytes: undefined,
    traceIdStart: 0,
    spanIdStart: 0,
  };
  places.groups[place] = group;
  groups.push(group);
  return group;
}

function count(group: Group, span: SpanView, receivedAtMs: number): void {
  const nanos = span.durationNanos;
  group.count += 1;
  group.sumNanos += nanos;
  group.buckets[bucketOf(nanos)]! += 1;
  const timeMs = toSoundTime(span.endTimeUnixMs, receivedAtMs);
  if (timeMs > group.timeMs) group.timeMs = timeMs;
  if (nanos <= group.slowestNanos) return;
  group.slowestNanos = nanos;
  const hasIds =
    span.traceIdEnd - span.traceIdStart === TRACE_ID_BYTES &&
    span.spanIdEnd - span.spanIdStart === SPAN_ID_BYTES;
  group.bytes = hasIds ? span.bytes : undefined;
  group.traceIdStart = span.traceIdStart;
  group.spanIdStart = span.spanIdStart;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** Only the slowest spans of a message are named. */
function takeExemplars(services: readonly Service[]): void {
  const slowest = services
    .flatMap(({ groups }) => groups)
    .sort((a, b) => b.slowestNanos - a.slowestNanos)
    .slice(0, MAX_EXEMPLARS);
  for (const group of slowest) {
    const { bytes, traceIdStart, spanIdStart, slowestNanos: nanos } = group;
    if (bytes === undefined) continue;
    const hex = (start: number, size: number): string =>
      Buffer.from(bytes.buffer, bytes.byteOffset + start, size).toString('hex');
    group.exemplar = {
      nanos,
      traceId: hex(traceIdStart, TRACE_ID_BYTES),
      spanId: hex(spanIdStart, SPAN_ID_BYTES),
    };
  }
}

function bucketOf(nanos: number): number {
  for (let i = 0; i < BOUNDS_NANOS.length; i++) if (nanos <= BOUNDS_NANOS[i]!) return i;
  return BOUNDS_NANOS.length;
}

/** A clock that is off by more than a day must not put the counts where nobody looks. */
function toSoundTime(timeMs: number, receivedAtMs: number): number {
  const driftMs = timeMs - receivedAtMs;
  return driftMs > 0 || driftMs < -MAX_DRIFT_MS ? receivedAtMs : timeMs;
}
