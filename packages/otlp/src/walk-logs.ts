/**
 * Walks an OTLP logs request without building objects: every record is shown to the visitor as offsets
 * into the request's bytes, in one view that is reused. For writers that turn bytes into bytes, where
 * decoding into values first would cost more than the rest of the work.
 */
import { OtlpFormatError } from './format-error.ts';

/** Offsets are -1 (and numbers 0) for what the record does not have. Valid only during the visit. */
export interface LogRecordView {
  bytes: Uint8Array;
  /** The record's own message within `bytes`. */
  start: number;
  end: number;
  /** fixed64 times as two unsigned 32-bit halves, in nanoseconds. */
  timeLow: number;
  timeHigh: number;
  observedLow: number;
  observedHigh: number;
  severityNumber: number;
  severityTextStart: number;
  severityTextEnd: number;
  /** The AnyValue message of the body. */
  bodyStart: number;
  bodyEnd: number;
  /** 16 and 8 bytes; -1 when absent, of another length or all zero. */
  traceIdStart: number;
  spanIdStart: number;
  flags: number;
  droppedAttributesCount: number;
  eventNameStart: number;
  eventNameEnd: number;
  attributeCount: number;
  /** Four per attribute: key start, key end, start and end of the AnyValue message (-1 without a value). */
  attributes: Int32Array;
}

export interface LogVisitor {
  /** `ranges` holds start and end of each occurrence of the Resource message (several merge into one). */
  resource(bytes: Uint8Array, ranges: readonly number[]): void;
  /** The same for the InstrumentationScope message; empty without one. */
  scope(bytes: Uint8Array, ranges: readonly number[]): void;
  record(view: LogRecordView): void;
}

/** The kinds of an AnyValue by their field number in the oneof; 0 is an empty value. */
export const VALUE_KIND = { empty: 0, string: 1, bool: 2, int: 3, double: 4, array: 5, kvlist: 6, bytes: 7 };

/** What `readValue` found: the payload's range. Reused by every call. */
export interface ValueView {
  kind: number;
  start: number;
  end: number;
}

const MAX_LENGTH = 0x7fff_ffff;
const INITIAL_ATTRIBUTES = 128;

/** Where the last read stopped, and what it read: module state because a return value would be an object per read. */
let next = 0;

/** @throws OtlpFormatError on malformed bytes. */
export function walkLogs(bytes: Uint8Array, visitor: LogVisitor): void {
  const view = createLogRecordView();
  eachField(bytes, 0, bytes.length, (field, start, end) => {
    if (field === 1) walkResource(bytes, start, end, { visitor, view });
  });
}

interface Walk {
  readonly visitor: LogVisitor;
  readonly view: LogRecordView;
}

function walkResource(bytes: Uint8Array, from: number, to: number, walk: Walk): void {
  const resources: number[] = [];
  const scopes: number[] = [];
  eachField(bytes, from, to, (field, start, end) => {
    if (field === 1) resources.push(start, end);
    else if (field === 2) scopes.push(start, end);
  });
  walk.visitor.resource(bytes, resources);
  for (let i = 0; i < scopes.length; i += 2) walkScope(bytes, scopes[i]!, scopes[i + 1]!, walk);
}

function walkScope(bytes: Uint8Array, from: number, to: number, { visitor, view }: Walk): void {
  const scope: number[] = [];
  eachField(bytes, from, to, (field, start, end) => {
    if (field === 1) scope.push(start, end);
  });
  visitor.scope(bytes, scope);
  let at = from;
  while (at < to) {
    const tag = readVarint(bytes, at, to);
    if (tag === 0x12) {
      const length = readVarint(bytes, next, to);
      const start = next;
      const end = start + length;
      if (end > to) throw truncated(at);
      readLogRecord(view, bytes, start, end);
      visitor.record(view);
      at = end;
    } else {
      at = skipField(bytes, tag, at, to);
    }
  }
}

export function createLogRecordView(): LogRecordView {
  return {
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    timeLow: 0,
    timeHigh: 0,
    observedLow: 0,
    observedHigh: 0,
    severityNumber: 0,
    severityTextStart: -1,
    severityTextEnd: -1,
    bodyStart: -1,
    bodyEnd: -1,
    traceIdStart: -1,
    spanIdStart: -1,
    flags: 0,
    droppedAttributesCount: 0,
    eventNameStart: -1,
    eventNameEnd: -1,
    attributeCount: 0,
    attributes: new Int32Array(4 * INITIAL_ATTRIBUTES),
  };
}

/** Points the view at one LogRecord message. @throws OtlpFormatError */
export function readLogRecord(view: LogRecordView, bytes: Uint8Array, start: number, end: number): void {
  view.bytes = bytes;
  view.start = start;
  view.end = end;
  view.timeLow = view.timeHigh = view.observedLow = view.observedHigh = 0;
  view.severityNumber = view.flags = view.droppedAttributesCount = view.attributeCount = 0;
  view.severityTextStart = view.severityTextEnd = view.bodyStart = view.bodyEnd = -1;
  view.traceIdStart = view.spanIdStart = view.eventNameStart = view.eventNameEnd = -1;

  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    switch (tag) {
      case 0x09: // time_unix_nano
        if (next + 8 > end) throw truncated(at);
        view.timeLow = readUint32(bytes, next);
        view.timeHigh = readUint32(bytes, next + 4);
        at = next + 8;
        break;
      case 0x59: // observed_time_unix_nano
        if (next + 8 > end) throw truncated(at);
        view.observedLow = readUint32(bytes, next);
        view.observedHigh = readUint32(bytes, next + 4);
        at = next + 8;
        break;
      case 0x10: // severity_number
        view.severityNumber = readNumber(bytes, next, end);
        at = next;
        break;
      case 0x1a: // severity_text
        at = readLength(bytes, next, end);
        view.severityTextStart = next;
        view.severityTextEnd = at;
        break;
      case 0x2a: // body
        at = readLength(bytes, next, end);
        view.bodyStart = next;
        view.bodyEnd = at;
        break;
      case 0x32: // attributes
        at = readLength(bytes, next, end);
        addAttribute(view, next, at);
        break;
      case 0x38: // dropped_attributes_count
        view.droppedAttributesCount = readNumber(bytes, next, end);
        at = next;
        break;
      case 0x45: // flags
        if (next + 4 > end) throw truncated(at);
        view.flags = readUint32(bytes, next);
        at = next + 4;
        break;
      case 0x4a: // trace_id
        at = readLength(bytes, next, end);
        view.traceIdStart = isId(bytes, next, at, 16) ? next : -1;
        break;
      case 0x52: // span_id
        at = readLength(bytes, next, end);
        view.spanIdStart = isId(bytes, next, at, 8) ? next : -1;
        break;
      case 0x62: // event_name
        at = readLength(bytes, next, end);
        view.eventNameStart = next;
        view.eventNameEnd = at;
        break;
      default:
        at = skipField(bytes, tag, at, end);
    }
  }
}

/** Adds the KeyValue message at [start, end) of the view's bytes to its attributes. @throws OtlpFormatError */
export function addAttribute(view: LogRecordView, start: number, end: number): void {
  const offset = view.attributeCount * 4;
  if (offset === view.attributes.length) {
    const larger = new Int32Array(view.attributes.length * 2);
    larger.set(view.attributes);
    view.attributes = larger;
  }
  readKeyValue(view.bytes, start, end, { into: view.attributes, offset });
  view.attributeCount += 1;
}

/** Writes key start, key end, value start and value end of a KeyValue message to `into`. @throws OtlpFormatError */
export function readKeyValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  { into, offset }: { readonly into: Int32Array; readonly offset: number },
): void {
  let keyStart = start;
  let keyEnd = start;
  let valueStart = -1;
  let valueEnd = -1;
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    if (tag === 0x0a) {
      at = readLength(bytes, next, end);
      keyStart = next;
      keyEnd = at;
    } else if (tag === 0x12) {
      at = readLength(bytes, next, end);
      valueStart = next;
      valueEnd = at;
    } else {
      at = skipField(bytes, tag, at, end);
    }
  }
  into[offset] = keyStart;
  into[offset + 1] = keyEnd;
  into[offset + 2] = valueStart;
  into[offset + 3] = valueEnd;
}

/** Reads the AnyValue message at [start, end) into `view`: of a oneof set twice, the last counts. @throws OtlpFormatError */
export function readValue(view: ValueView, bytes: Uint8Array, start: number, end: number): void {
  view.kind = VALUE_KIND.empty;
  view.start = view.end = start;
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    const field = tag >>> 3;
    const wire = tag & 7;
    const valueStart = next;
    if (wire === 2) {
      at = readLength(bytes, next, end);
      if (field === 1 || (field >= 5 && field <= 7)) {
        view.kind = field;
        view.start = next;
        view.end = at;
      }
    } else {
      at = skipField(bytes, tag, at, end);
      if ((wire === 0 && (field === 2 || field === 3)) || (wire === 1 && field === 4)) {
        view.kind = field;
        view.start = valueStart;
        view.end = at;
      }
    }
  }
}

/** Calls `visit` for every length-delimited field of a message; other fields are passed over. @throws OtlpFormatError */
export function eachField(
  bytes: Uint8Array,
  from: number,
  to: number,
  visit: (field: number, start: number, end: number) => void,
): void {
  let at = from;
  while (at < to) {
    const tag = readVarint(bytes, at, to);
    if ((tag & 7) === 2) {
      const end = readLength(bytes, next, to);
      visit(tag >>> 3, next, end);
      at = end;
    } else {
      at = skipField(bytes, tag, at, to);
    }
  }
}

/** Reads a length at `at`, leaves `next` at the payload and answers its end. */
function readLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  let length: number;
  if (at < end && first < 0x80) {
    length = first;
    next = at + 1;
  } else {
    length = readVarint(bytes, at, end);
  }
  const stop = next + length;
  if (stop > end) throw truncated(at);
  return stop;
}

/** A number that may be negative or larger than any sensible one: such count as 0. */
function readNumber(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 10; i++) {
    const byte = bytes[i]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      next = i + 1;
      return value > 0xffff_ffff ? 0 : value;
    }
    scale *= 128;
  }
  throw new OtlpFormatError(`varint at byte ${at} does not end`, { offset: at });
}

/** Lengths and tags: at most 31 bits count, longer ones are malformed here. */
function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 10; i++) {
    const byte = bytes[i]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > MAX_LENGTH)
        throw new OtlpFormatError(`number ${value} at byte ${at} is too large`, { offset: at });
      next = i + 1;
      return value;
    }
    scale *= 128;
  }
  throw new OtlpFormatError(`varint at byte ${at} does not end`, { offset: at });
}

/** The end of the field whose tag (already read; `next` is behind it) stood at `at`. */
function skipField(bytes: Uint8Array, tag: number, at: number, end: number): number {
  let stop = next;
  switch (tag & 7) {
    case 0:
      while (stop < end && bytes[stop]! >= 0x80) stop += 1;
      stop += 1;
      break;
    case 1:
      stop += 8;
      break;
    case 2:
      stop = readLength(bytes, next, end);
      break;
    case 5:
      stop += 4;
      break;
    default:
      throw new OtlpFormatError(`wire type ${tag & 7} at byte ${at} is not one of OTLP's`, { offset: at });
  }
  if (stop > end) throw truncated(at);
  return stop;
}

function isId(bytes: Uint8Array, start: number, end: number, length: number): boolean {
  if (end - start !== length) return false;
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return true;
  return false;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function truncated(offset: number): OtlpFormatError {
  return new OtlpFormatError(`field at byte ${offset} is longer than the message that holds it`, { offset });
}
