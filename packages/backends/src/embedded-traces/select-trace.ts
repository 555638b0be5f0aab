/**
 * Cuts the spans of one trace out of a batch, on the wire: the answer is again an OTLP request, with the
 * resources and scopes that these spans had, and goes through the same decoder as every other.
 */
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import type { TimeRange } from '../trace-reader.ts';
import { FieldReader } from './field-reader.ts';
import { type Enclosing, exactNs, headsOf, type ScannedSpan, scanSpans } from './scan-spans.ts';

/**
 * Copies of spans that were taken already, by span id: an exporter that got no answer sends its batch
 * again, perhaps cut differently. Only byte-equal spans of the same resource are one span; the same id
 * with other content (Zipkin's shared ids, an updated span) is kept.
 */
export type TakenSpans = Map<string, Uint8Array[]>;

/** `undefined` when nothing new of the trace is in the batch. */
export function selectTrace(
  raw: Uint8Array,
  traceId: string,
  { taken, range = {} }: { readonly taken: TakenSpans; readonly range?: TimeRange },
): Uint8Array | undefined {
  const wanted = Buffer.from(traceId, 'hex');
  const writer = new ProtoWriter(16_384);
  let resource: Enclosing | undefined;
  let scope: Enclosing | undefined;
  let openResource: number | undefined;
  let openScope: number | undefined;
  let found = false;

  const closeScope = (): void => {
    if (openScope !== undefined) writer.end(openScope);
    openScope = undefined;
  };
  const closeResource = (): void => {
    closeScope();
    if (openResource !== undefined) writer.end(openResource);
    openResource = undefined;
  };

  scanSpans(raw, {
    resource(next) {
      closeResource();
      resource = next;
    },
    scope(next) {
      closeScope();
      scope = next;
    },
    span(span) {
      if (!isOfTrace(span, wanted) || !isInRange(span, range) || isTaken(span, resource!, taken)) return;
      found = true;
      openResource ??= openWithout(writer, raw, resource!, 1);
      openScope ??= openWithout(writer, raw, scope!, 2);
      writer.bytes(2, raw.subarray(span.start, span.end));
    },
  });
  closeResource();
  return found ? writer.finish() : undefined;
}

/** Begins a copy of an enclosing message with all its fields but the children (field 2 in both). */
function openWithout(writer: ProtoWriter, raw: Uint8Array, { start, end }: Enclosing, field: number): number {
  const mark = writer.begin(field);
  const reader = new FieldReader(raw);
  reader.enter(start, end);
  for (let from = start; reader.next(); from = reader.at) {
    if (reader.field !== 2) writer.raw(raw.subarray(from, reader.at));
  }
  return mark;
}

function isOfTrace({ bytes, traceIdAt }: ScannedSpan, wanted: Uint8Array): boolean {
  if (traceIdAt < 0) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[traceIdAt + i] !== wanted[i]) return false;
  return true;
}

function isInRange(span: ScannedSpan, { startNs, endNs }: TimeRange): boolean {
  if (startNs === undefined && endNs === undefined) return true;
  const start = exactNs(span, span.startTimeAt);
  return start >= (startNs ?? 0n) && (endNs === undefined || start <= endNs);
}

function isTaken(span: ScannedSpan, resource: Enclosing, taken: TakenSpans): boolean {
  const { bytes, spanIdAt } = span;
  const id = Buffer.from(bytes.buffer, bytes.byteOffset + Math.max(0, spanIdAt), 8).toString('hex');
  const copy = Buffer.concat([
    bytes.subarray(span.start, span.end),
    ...headsOf(bytes, resource).map(([start, end]) => bytes.subarray(start, end)),
  ]);
  const copies = taken.get(id) ?? [];
  if (copies.some((other) => copy.equals(other))) return true;
  taken.set(id, [...copies, copy]);
  return false;
}
