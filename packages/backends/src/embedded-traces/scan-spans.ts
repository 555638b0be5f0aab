/**
 * Walks an OTLP trace request and points at the parts of every span. One walk serves indexing, matching,
 * cutting out a trace and counting calls; none of them builds an object per span or attribute.
 */
import { WIRE } from '@sluice/otlp/wire';
import { FieldReader } from './field-reader.ts';

/** Start and end offsets, pair by pair; only the first `length` numbers hold. Reused from span to span. */
export interface Ranges {
  readonly offsets: number[];
  length: number;
}

/** Offsets into `bytes`; -1 for a field that is absent. Reused for the next span: copy what is kept. */
export interface ScannedSpan {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The Span message itself. */
  start: number;
  end: number;
  traceIdAt: number;
  spanIdAt: number;
  parentIdAt: number;
  nameStart: number;
  nameEnd: number;
  traceStateStart: number;
  traceStateEnd: number;
  kind: number;
  startTimeAt: number;
  endTimeAt: number;
  statusCode: number;
  statusMessageStart: number;
  statusMessageEnd: number;
  /** KeyValue messages. */
  readonly attributes: Ranges;
  /** Event messages. */
  readonly events: Ranges;
}

/** Where a message lies that holds others: ResourceSpans or ScopeSpans. */
export interface Enclosing {
  readonly start: number;
  readonly end: number;
}

export interface SpanScanVisitor {
  resource?(resource: Enclosing): void;
  scope?(scope: Enclosing): void;
  /** `false` ends the walk. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a visitor that never stops need not say so
  span(span: ScannedSpan): void | false;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** @throws PermanentError on malformed bytes. */
export function scanSpans(request: Uint8Array, visitor: SpanScanVisitor): void {
  // A Buffer among plain arrays would make every access to a byte slower.
  const bytes = new Uint8Array(request.buffer, request.byteOffset, request.byteLength);
  const scratch = createScannedSpan(bytes);
  const [requestReader, resourceReader, scopeReader, spanReader] = Array.from(
    { length: 4 },
    () => new FieldReader(bytes),
  ) as [FieldReader, FieldReader, FieldReader, FieldReader];

  while (nextChild(requestReader, 1)) {
    visitor.resource?.({ start: requestReader.start, end: requestReader.stop });
    resourceReader.enter(requestReader.start, requestReader.stop);
    while (nextChild(resourceReader, 2)) {
      visitor.scope?.({ start: resourceReader.start, end: resourceReader.stop });
      scopeReader.enter(resourceReader.start, resourceReader.stop);
      while (nextChild(scopeReader, 2)) {
        readSpan(spanReader, scratch, scopeReader.start, scopeReader.stop);
        if (visitor.span(scratch) === false) return;
      }
    }
  }
}

function nextChild(reader: FieldReader, field: number): boolean {
  while (reader.next()) if (reader.field === field && reader.wireType === WIRE.bytes) return true;
  return false;
}

/**
 * The Resource or InstrumentationScope of an enclosing message, wherever in it they stand; more than one
 * merge. Field 1 in both (opentelemetry-proto, trace.proto).
 */
export function headsOf(
  bytes: Uint8Array,
  { start, end }: Enclosing,
): readonly (readonly [start: number, end: number])[] {
  const heads: [number, number][] = [];
  const reader = new FieldReader(bytes);
  reader.enter(start, end);
  while (nextChild(reader, 1)) heads.push([reader.start, reader.stop]);
  return heads;
}

function createScannedSpan(bytes: Uint8Array): ScannedSpan {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    start: 0,
    end: 0,
    traceIdAt: -1,
    spanIdAt: -1,
    parentIdAt: -1,
    nameStart: 0,
    nameEnd: 0,
    traceStateStart: 0,
    traceStateEnd: 0,
    kind: 0,
    startTimeAt: -1,
    endTimeAt: -1,
    statusCode: 0,
    statusMessageStart: 0,
    statusMessageEnd: 0,
    attributes: { offsets: [], length: 0 },
    events: { offsets: [], length: 0 },
  };
}

function readSpan(reader: FieldReader, span: ScannedSpan, start: number, end: number): void {
  span.start = start;
  span.end = end;
  span.traceIdAt = span.spanIdAt = span.parentIdAt = span.startTimeAt = span.endTimeAt = -1;
  span.nameStart = span.nameEnd = span.traceStateStart = span.traceStateEnd = 0;
  span.statusMessageStart = span.statusMessageEnd = span.kind = span.statusCode = 0;
  span.attributes.length = span.events.length = 0;
  let statusStart = 0;
  let statusEnd = 0;
  reader.enter(start, end);
  while (reader.next()) {
    const { field } = reader;
    if (reader.wireType === WIRE.bytes) {
      if (field === 9) add(span.attributes, reader.start, reader.stop);
      else if (field === 15) {
        statusStart = reader.start;
        statusEnd = reader.stop;
      } else readBytesField(reader, span);
    } else if (reader.wireType === WIRE.fixed64) {
      if (field === 7) span.startTimeAt = reader.start;
      else if (field === 8) span.endTimeAt = reader.start;
    } else if (field === 6 && reader.wireType === WIRE.varint) span.kind = reader.value;
  }
  if (statusEnd > statusStart) readStatus(reader, span, statusStart, statusEnd);
}

function readBytesField({ field, start, stop }: FieldReader, span: ScannedSpan): void {
  switch (field) {
    case 1:
      span.traceIdAt = stop - start === TRACE_ID_BYTES ? start : -1;
      break;
    case 2:
      span.spanIdAt = stop - start === SPAN_ID_BYTES ? start : -1;
      break;
    case 3:
      span.traceStateStart = start;
      span.traceStateEnd = stop;
      break;
    case 4:
      span.parentIdAt = stop - start === SPAN_ID_BYTES ? start : -1;
      break;
    case 5:
      span.nameStart = start;
      span.nameEnd = stop;
      break;
    case 11:
      add(span.events, start, stop);
      break;
    default:
      break;
  }
}

function readStatus(reader: FieldReader, span: ScannedSpan, start: number, end: number): void {
  reader.enter(start, end);
  while (reader.next()) {
    if (reader.field === 3 && reader.wireType === WIRE.varint) span.statusCode = reader.value;
    else if (reader.field === 2 && reader.wireType === WIRE.bytes) {
      span.statusMessageStart = reader.start;
      span.statusMessageEnd = reader.stop;
    }
  }
}

function add(ranges: Ranges, start: number, end: number): void {
  ranges.offsets[ranges.length++] = start;
  ranges.offsets[ranges.length++] = end;
}

/** Nanoseconds as a double: exact to a quarter of a microsecond, for pruning only. */
export function roughNs(span: ScannedSpan, at: number): number {
  return at < 0 ? 0 : span.view.getUint32(at, true) + span.view.getUint32(at + 4, true) * 4_294_967_296;
}

export function exactNs(span: ScannedSpan, at: number): bigint {
  return at < 0 ? 0n : span.view.getBigUint64(at, true);
}

/** The low 48 bits of an id that ends at `end`, the part that is random in every id scheme, as a key. */
export function idKey(view: DataView, end: number): number {
  return view.getUint32(end - 4) + view.getUint16(end - 6) * 4_294_967_296;
}
