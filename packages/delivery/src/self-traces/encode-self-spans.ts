/** The pipeline's own spans as an OTLP export request: few attributes of few kinds, so no SDK has to be loaded. */
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { writeTextAttribute } from '@sluice/otlp/write-text-attribute';
import type { TraceContext } from './trace-context.ts';

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Span.SpanKind (opentelemetry.proto.trace.v1). */
export const SPAN_KIND = { internal: 1, server: 2, consumer: 5 } as const;
export type SpanKind = (typeof SPAN_KIND)[keyof typeof SPAN_KIND];

export interface SelfSpan {
  readonly context: TraceContext;
  readonly parent: TraceContext | undefined;
  /** Spans of other traces that led to this one. */
  readonly links: readonly TraceContext[];
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  /** What went wrong. */
  readonly error?: string;
}

const SCOPE = 'sluice';
const STATUS_ERROR = 2;
/** Trace flags: sampled. */
const FLAGS = 1;
const FIELD = {
  request: { resourceSpans: 1 },
  resourceSpans: { resource: 1, scopeSpans: 2 },
  resource: { attributes: 1 },
  scopeSpans: { scope: 1, spans: 2 },
  scope: { name: 1 },
  span: {
    traceId: 1,
    spanId: 2,
    parentSpanId: 4,
    name: 5,
    kind: 6,
    start: 7,
    end: 8,
    attributes: 9,
    links: 13,
    status: 15,
    flags: 16,
  },
  link: { traceId: 1, spanId: 2 },
  status: { message: 2, code: 3 },
  value: { bool: 2, int: 3, double: 4 },
} as const;

export function encodeSelfSpans(spans: readonly SelfSpan[], resource: SpanAttributes): Uint8Array {
  const writer = new ProtoWriter();
  const resourceSpans = writer.begin(FIELD.request.resourceSpans);
  const own = writer.begin(FIELD.resourceSpans.resource);
  writeAttributes(writer, FIELD.resource.attributes, resource);
  writer.end(own);
  const scopeSpans = writer.begin(FIELD.resourceSpans.scopeSpans);
  const scope = writer.begin(FIELD.scopeSpans.scope);
  writer.string(FIELD.scope.name, SCOPE);
  writer.end(scope);
  for (const span of spans) writeSpan(writer, span);
  writer.end(scopeSpans);
  writer.end(resourceSpans);
  return writer.finish();
}

function writeSpan(writer: ProtoWriter, span: SelfSpan): void {
  const { context, parent, links, error } = span;
  const field = FIELD.span;
  const mark = writer.begin(FIELD.scopeSpans.spans);
  writer.bytes(field.traceId, Buffer.from(context.traceId, 'hex'));
  writer.bytes(field.spanId, Buffer.from(context.spanId, 'hex'));
  if (parent !== undefined) writer.bytes(field.parentSpanId, Buffer.from(parent.spanId, 'hex'));
  writer.string(field.name, span.name);
  writer.uint(field.kind, span.kind);
  writer.fixed64(field.start, toNanos(span.startMs));
  writer.fixed64(field.end, toNanos(span.endMs));
  writeAttributes(writer, field.attributes, span.attributes);
  for (const { traceId, spanId } of links) {
    const link = writer.begin(field.links);
    writer.bytes(FIELD.link.traceId, Buffer.from(traceId, 'hex'));
    writer.bytes(FIELD.link.spanId, Buffer.from(spanId, 'hex'));
    writer.end(link);
  }
  if (error !== undefined) {
    const status = writer.begin(field.status);
    writer.string(FIELD.status.message, error);
    writer.uint(FIELD.status.code, STATUS_ERROR);
    writer.end(status);
  }
  writer.fixed32(field.flags, FLAGS);
  writer.end(mark);
}

function writeAttributes(writer: ProtoWriter, field: number, attributes: SpanAttributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (typeof value === 'string') {
      writeTextAttribute(writer, field, { key, text: value });
      continue;
    }
    const attribute = writer.begin(field);
    writer.string(1, key);
    const any = writer.begin(2);
    if (typeof value === 'boolean') writer.bool(FIELD.value.bool, value);
    else if (Number.isSafeInteger(value)) writer.int64(FIELD.value.int, BigInt(value));
    else writer.double(FIELD.value.double, value);
    writer.end(any);
    writer.end(attribute);
  }
}

/** Microseconds are all that a clock in milliseconds with fractions is good for. */
function toNanos(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
