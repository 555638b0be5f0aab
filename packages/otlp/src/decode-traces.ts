/** Decodes an export request of traces into typed values. */
import { decodeKeyValue } from './decode-attributes.ts';
import { decodeEnvelopes, type ItemDecoder } from './decode-envelopes.ts';
import type { KeyValue, ResourceSpans, ScopeSpans, Span, SpanEvent, SpanLink } from './model.ts';
import type { ProtoReader } from './proto-reader.ts';

const SPAN_FIELDS = 0b1_1111_1111_1111_1110;
const EVENT_FIELDS = 0b1_1110;
const LINK_FIELDS = 0b111_1110;
const STATUS_FIELDS = 0b1100;

const SPANS: ItemDecoder<Span, ScopeSpans> = {
  decodeItem: decodeSpan,
  toScope: ({ scope, schemaUrl, items }) => ({ scope, schemaUrl, spans: items }),
};

/** @throws OtlpFormatError on malformed bytes. */
export function decodeTraces(bytes: Uint8Array): readonly ResourceSpans[] {
  return decodeEnvelopes(bytes, SPANS);
}

function decodeSpan(reader: ProtoReader): Span {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  const status = { code: 0, message: '' };
  const span = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: '',
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes,
    droppedAttributesCount: 0,
    events,
    droppedEventsCount: 0,
    links,
    droppedLinksCount: 0,
    status,
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (1 << 3) | 2:
        span.traceId = reader.hex();
        break;
      case (2 << 3) | 2:
        span.spanId = reader.hex();
        break;
      case (3 << 3) | 2:
        span.traceState = reader.string();
        break;
      case (4 << 3) | 2:
        span.parentSpanId = reader.hex();
        break;
      case (5 << 3) | 2:
        span.name = reader.string();
        break;
      case 6 << 3:
        span.kind = reader.int32();
        break;
      case (7 << 3) | 1:
        span.startTimeUnixNano = reader.fixed64();
        break;
      case (8 << 3) | 1:
        span.endTimeUnixNano = reader.fixed64();
        break;
      case (9 << 3) | 2:
        attributes.push(decodeKeyValue(reader));
        break;
      case 10 << 3:
        span.droppedAttributesCount = reader.uint32();
        break;
      case (11 << 3) | 2:
        events.push(decodeEvent(reader));
        break;
      case 12 << 3:
        span.droppedEventsCount = reader.uint32();
        break;
      case (13 << 3) | 2:
        links.push(decodeLink(reader));
        break;
      case 14 << 3:
        span.droppedLinksCount = reader.uint32();
        break;
      case (15 << 3) | 2:
        decodeStatus(reader, status);
        break;
      case (16 << 3) | 5:
        span.flags = reader.fixed32();
        break;
      default:
        reader.skip(tag, SPAN_FIELDS);
    }
  }
  reader.leave(outer);
  return span;
}

function decodeEvent(reader: ProtoReader): SpanEvent {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const event = { timeUnixNano: 0n, name: '', attributes, droppedAttributesCount: 0 };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 1)) event.timeUnixNano = reader.fixed64();
    else if (tag === ((2 << 3) | 2)) event.name = reader.string();
    else if (tag === ((3 << 3) | 2)) attributes.push(decodeKeyValue(reader));
    else if (tag === 4 << 3) event.droppedAttributesCount = reader.uint32();
    else reader.skip(tag, EVENT_FIELDS);
  }
  reader.leave(outer);
  return event;
}

function decodeLink(reader: ProtoReader): SpanLink {
  const outer = reader.enter();
  const attributes: KeyValue[] = [];
  const link = { traceId: '', spanId: '', traceState: '', attributes, droppedAttributesCount: 0, flags: 0 };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) link.traceId = reader.hex();
    else if (tag === ((2 << 3) | 2)) link.spanId = reader.hex();
    else if (tag === ((3 << 3) | 2)) link.traceState = reader.string();
    else if (tag === ((4 << 3) | 2)) attributes.push(decodeKeyValue(reader));
    else if (tag === 5 << 3) link.droppedAttributesCount = reader.uint32();
    else if (tag === ((6 << 3) | 5)) link.flags = reader.fixed32();
    else reader.skip(tag, LINK_FIELDS);
  }
  reader.leave(outer);
  return link;
}

function decodeStatus(reader: ProtoReader, status: { code: number; message: string }): void {
  const outer = reader.enter();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((2 << 3) | 2)) status.message = reader.string();
    else if (tag === 3 << 3) status.code = reader.int32();
    else reader.skip(tag, STATUS_FIELDS);
  }
  reader.leave(outer);
}
