/**
 * Walks the spans of a request without building values: one view, reused for every span, with offsets
 * into the request and getters that decode on demand. For indexing and for span metrics, where decoding
 * all attributes would cost more than the work itself.
 */
import { decodeKeyValueAt } from './decode-attributes.ts';
import type { KeyValue } from './model.ts';
import { cursor, enter, readTag, readVarint, skipFixed, skipUnknown, varintLow } from './wire-check.ts';

export interface SpanVisitor {
  /** Before the spans of each ResourceSpans. `serviceName` is '' without a `service.name`. */
  resource(serviceName: string, attributes: readonly KeyValue[]): void;
  /** The view is overwritten by the next span: copy what is kept. */
  span(span: SpanView): void;
}

const REQUEST_FIELDS = 0b10;
const ENVELOPE_FIELDS = 0b1110;
const RESOURCE_FIELDS = 0b1110;
const SPAN_FIELDS = 0b1_1111_1111_1111_1110;
const STATUS_FIELDS = 0b1100;

/** One span. Offsets point into `bytes`; an empty range stands for an absent field. */
export class SpanView {
  readonly bytes: Uint8Array;
  readonly #buffer: Buffer;
  readonly #view: DataView;
  traceIdStart = 0;
  traceIdEnd = 0;
  spanIdStart = 0;
  spanIdEnd = 0;
  parentSpanIdStart = 0;
  parentSpanIdEnd = 0;
  nameStart = 0;
  nameEnd = 0;
  kind = 0;
  /** Places of the fixed64 times, -1 when absent. */
  startTimeAt = -1;
  endTimeAt = -1;
  statusCode = 0;
  attributeCount = 0;
  eventCount = 0;
  linkCount = 0;
  /** Start and end of each KeyValue message; the first `attributeCount` pairs are this span's. */
  attributeRanges = new Int32Array(64);

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get traceIdHex(): string {
    return this.#buffer.toString('hex', this.traceIdStart, this.traceIdEnd);
  }

  get spanIdHex(): string {
    return this.#buffer.toString('hex', this.spanIdStart, this.spanIdEnd);
  }

  /** '' for a root span. */
  get parentSpanIdHex(): string {
    return this.#buffer.toString('hex', this.parentSpanIdStart, this.parentSpanIdEnd);
  }

  get name(): string {
    return this.#buffer.toString('utf8', this.nameStart, this.nameEnd);
  }

  get startTimeUnixNano(): bigint {
    return this.startTimeAt < 0 ? 0n : this.#view.getBigUint64(this.startTimeAt, true);
  }

  get endTimeUnixNano(): bigint {
    return this.endTimeAt < 0 ? 0n : this.#view.getBigUint64(this.endTimeAt, true);
  }

  /** Whole milliseconds since the epoch; 0 when absent. */
  get endTimeUnixMs(): number {
    if (this.endTimeAt < 0) return 0;
    const high = this.#view.getUint32(this.endTimeAt + 4, true);
    // 2^32 ns are 4294 ms and 967,296 ns: so split, no step leaves what a double holds exactly.
    return high * 4294 + Math.floor((high * 967_296 + this.#view.getUint32(this.endTimeAt, true)) / 1e6);
  }

  /** Exact below 104 days; 0 when the end is absent or before the start. */
  get durationNanos(): number {
    if (this.endTimeAt < 0) return 0;
    const nanos = this.#nanosAfter(this.startTimeAt);
    return nanos > 0 ? nanos : 0;
  }

  /** From the time at `at` to the end, the halves of both subtracted: no bigint for each span. */
  #nanosAfter(at: number): number {
    const view = this.#view;
    const end = this.endTimeAt;
    const [low, high] = at < 0 ? [0, 0] : [view.getUint32(at, true), view.getUint32(at + 4, true)];
    return (view.getUint32(end + 4, true) - high) * 2 ** 32 + (view.getUint32(end, true) - low);
  }

  /** Decodes attribute `index`. */
  attribute(index: number): KeyValue {
    return decodeKeyValueAt(
      this.bytes,
      this.attributeRanges[index * 2]!,
      this.attributeRanges[index * 2 + 1]!,
    );
  }

  addAttribute(start: number, end: number): void {
    const at = this.attributeCount++ * 2;
    if (at === this.attributeRanges.length) {
      const grown = new Int32Array(at * 2);
      grown.set(this.attributeRanges);
      this.attributeRanges = grown;
    }
    this.attributeRanges[at] = start;
    this.attributeRanges[at + 1] = end;
  }

  clear(): void {
    this.traceIdStart = this.traceIdEnd = this.spanIdStart = this.spanIdEnd = 0;
    this.parentSpanIdStart = this.parentSpanIdEnd = this.nameStart = this.nameEnd = 0;
    this.kind = this.statusCode = this.attributeCount = this.eventCount = this.linkCount = 0;
    this.startTimeAt = this.endTimeAt = -1;
  }
}

/** @throws OtlpFormatError on malformed framing; text inside attributes is checked when it is decoded. */
export function walkSpans(bytes: Uint8Array, visitor: SpanVisitor): void {
  // A Buffer would make every access of the walk polymorphic.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const view = new SpanView(plain);
  eachMessage(plain, 0, plain.length, REQUEST_FIELDS, (field, start, end) => {
    if (field === 1) walkResource(view, start, end, visitor);
  });
}

function walkResource(view: SpanView, from: number, end: number, visitor: SpanVisitor): void {
  const { bytes } = view;
  const attributes: KeyValue[] = [];
  // The Resource may follow its spans and may come in parts, so it is gathered first.
  eachMessage(bytes, from, end, ENVELOPE_FIELDS, (field, start, stop) => {
    if (field !== 1) return;
    eachMessage(bytes, start, stop, RESOURCE_FIELDS, (resourceField, entry, entryEnd) => {
      if (resourceField === 1) attributes.push(decodeKeyValueAt(bytes, entry, entryEnd));
    });
  });
  visitor.resource(serviceNameOf(attributes), attributes);
  eachMessage(bytes, from, end, ENVELOPE_FIELDS, (field, start, stop) => {
    if (field !== 2) return;
    eachMessage(bytes, start, stop, ENVELOPE_FIELDS, (scopeField, span, spanEnd) => {
      if (scopeField !== 2) return;
      readSpan(view, span, spanEnd);
      visitor.span(view);
    });
  });
}

function serviceNameOf(attributes: readonly KeyValue[]): string {
  const value = attributes.findLast(({ key }) => key === 'service.name')?.value;
  return value?.type === 'string' ? value.value : '';
}

/** Calls `visit` for every length-delimited field that the envelope knows, and passes over all others. */
function eachMessage(
  bytes: Uint8Array,
  from: number,
  end: number,
  known: number,
  visit: (field: number, start: number, end: number) => void,
): void {
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    if ((tag & 7) === 2 && tag >= 8) {
      const stop = enter(bytes, at, end);
      if (tag < 32 << 3 && ((known >>> (tag >>> 3)) & 1) === 1) visit(tag >>> 3, cursor, stop);
      at = stop;
    } else at = skipUnknown(bytes, at, end, tag, 0);
  }
}

function readSpan(view: SpanView, from: number, end: number): void {
  const { bytes } = view;
  view.clear();
  let at = from;
  while (at < end) {
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = readTag(bytes, at - 1, end);
      at = cursor;
    }
    switch (tag) {
      case (1 << 3) | 2:
        at = view.traceIdEnd = enter(bytes, at, end);
        view.traceIdStart = cursor;
        break;
      case (2 << 3) | 2:
        at = view.spanIdEnd = enter(bytes, at, end);
        view.spanIdStart = cursor;
        break;
      case (4 << 3) | 2:
        at = view.parentSpanIdEnd = enter(bytes, at, end);
        view.parentSpanIdStart = cursor;
        break;
      case (5 << 3) | 2:
        at = view.nameEnd = enter(bytes, at, end);
        view.nameStart = cursor;
        break;
      case 6 << 3:
        at = readVarint(bytes, at, end);
        view.kind = varintLow | 0;
        break;
      case (7 << 3) | 1:
        view.startTimeAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (8 << 3) | 1:
        view.endTimeAt = at;
        at = skipFixed(at, end, 8);
        break;
      case (9 << 3) | 2:
        at = enter(bytes, at, end);
        view.addAttribute(cursor, at);
        break;
      case (15 << 3) | 2:
        at = enter(bytes, at, end);
        readStatus(view, cursor, at);
        break;
      default:
        if (tag === ((11 << 3) | 2)) view.eventCount++;
        else if (tag === ((13 << 3) | 2)) view.linkCount++;
        at = skipUnknown(bytes, at, end, tag, isPassedOver(tag) ? 0 : SPAN_FIELDS);
    }
  }
}

/** Fields of a span that the view does not hold, with their right wire types. */
function isPassedOver(tag: number): boolean {
  switch (tag) {
    case (3 << 3) | 2: // trace_state
    case 10 << 3: // dropped_attributes_count
    case (11 << 3) | 2: // events
    case 12 << 3: // dropped_events_count
    case (13 << 3) | 2: // links
    case 14 << 3: // dropped_links_count
    case (16 << 3) | 5: // flags
      return true;
    default:
      return false;
  }
}

function readStatus(view: SpanView, from: number, end: number): void {
  const { bytes } = view;
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag === 3 << 3) {
      at = readVarint(bytes, at, end);
      view.statusCode = varintLow | 0;
    } else at = skipUnknown(bytes, at, end, tag, tag === ((2 << 3) | 2) ? 0 : STATUS_FIELDS);
  }
}
