/** Trace requests made to measure, for tests that are about certain fields. */
import type { KeyValue } from '@sluice/otlp/model';
import { ProtoWriter } from '@sluice/otlp/proto-writer';

export type Attributes = Readonly<Record<string, AttributeValue>>;
/** A bigint is an int, a number a double. */
export type AttributeValue =
  | string
  | boolean
  | bigint
  | number
  | Uint8Array
  | readonly AttributeValue[]
  | null;

export interface SpanSpec {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startMs?: number;
  readonly startNs?: bigint;
  readonly durationMs?: number;
  readonly statusCode?: number;
  readonly statusMessage?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly attributes?: Attributes;
  readonly events?: readonly { readonly name: string; readonly attributes?: Attributes }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: Attributes;
  }[];
}

export interface ResourceSpec {
  /** `service.name`; none when undefined. */
  readonly service?: string;
  readonly attributes?: Attributes;
  readonly scope?: { readonly name: string; readonly version?: string };
  readonly spans: readonly SpanSpec[];
}

export function makeSpanRequest(resources: readonly ResourceSpec[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const { service, attributes = {}, scope, spans } of resources) {
    const resourceSpans = writer.begin(1);
    const resource = writer.begin(1);
    if (service !== undefined) writeAttribute(writer, 1, 'service.name', service);
    writeAll(writer, 1, attributes);
    writer.end(resource);
    const scopeSpans = writer.begin(2);
    if (scope !== undefined) {
      const mark = writer.begin(1);
      writer.string(1, scope.name);
      if (scope.version !== undefined) writer.string(2, scope.version);
      writer.end(mark);
    }
    for (const span of spans) writeSpan(writer, span);
    writer.end(scopeSpans);
    writer.end(resourceSpans);
  }
  return writer.finish();
}

function writeSpan(writer: ProtoWriter, spec: SpanSpec): void {
  const startNs = spec.startNs ?? BigInt(spec.startMs ?? 0) * 1_000_000n;
  const span = writer.begin(2);
  writer.bytes(1, Buffer.from(spec.traceId, 'hex'));
  writer.bytes(2, Buffer.from(spec.spanId, 'hex'));
  if (spec.traceState !== undefined) writer.string(3, spec.traceState);
  if (spec.parentSpanId !== undefined) writer.bytes(4, Buffer.from(spec.parentSpanId, 'hex'));
  writer.string(5, spec.name ?? 'work');
  writer.uint(6, spec.kind ?? 1);
  writer.fixed64(7, startNs);
  writer.fixed64(8, startNs + BigInt(Math.round((spec.durationMs ?? 1) * 1e6)));
  writeAll(writer, 9, spec.attributes ?? {});
  for (const { name, attributes = {} } of spec.events ?? []) {
    const event = writer.begin(11);
    writer.fixed64(1, startNs + 1000n);
    writer.string(2, name);
    writeAll(writer, 3, attributes);
    writer.end(event);
  }
  for (const { traceId, spanId, attributes = {} } of spec.links ?? []) {
    const link = writer.begin(13);
    writer.bytes(1, Buffer.from(traceId, 'hex'));
    writer.bytes(2, Buffer.from(spanId, 'hex'));
    writeAll(writer, 4, attributes);
    writer.end(link);
  }
  const status = writer.begin(15);
  if (spec.statusMessage !== undefined) writer.string(2, spec.statusMessage);
  if (spec.statusCode !== undefined) writer.uint(3, spec.statusCode);
  writer.end(status);
  if (spec.flags !== undefined) writer.fixed32(16, spec.flags);
  writer.end(span);
}

function writeAll(writer: ProtoWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) writeAttribute(writer, field, key, value);
}

/** One KeyValue message as a field of the message that is open. */
export function writeAttribute(
  writer: ProtoWriter,
  field: number,
  key: KeyValue['key'],
  value: AttributeValue,
): void {
  const attribute = writer.begin(field);
  writer.string(1, key);
  const mark = writer.begin(2);
  writeValue(writer, value);
  writer.end(mark);
  writer.end(attribute);
}

function writeValue(writer: ProtoWriter, value: AttributeValue): void {
  if (value === null) return;
  if (typeof value === 'string') writer.string(1, value);
  else if (typeof value === 'boolean') writer.bool(2, value);
  else if (typeof value === 'bigint') writer.int64(3, value);
  else if (typeof value === 'number') writer.double(4, value);
  else if (value instanceof Uint8Array) writer.bytes(7, value);
  else {
    const list = writer.begin(5);
    for (const inner of value) {
      const mark = writer.begin(1);
      writeValue(writer, inner);
      writer.end(mark);
    }
    writer.end(list);
  }
}
