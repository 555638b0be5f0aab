/**
 * Turns OTLP log requests into lines: one JSON record each, followed by the ids as ` name=value` text.
 * Bytes become bytes; names are laid out once per shape, and what a resource shares is copied.
 */
import { type LogRecordView, readValue, VALUE_KIND, type ValueView, walkLogs } from '@sluice/otlp/walk-logs';
import { isBareWord, isSame } from './bare-word.ts';
import {
  appendAscii,
  appendByte,
  appendBytes,
  appendRange,
  type ByteBuffer,
  createByteBuffer,
} from './byte-buffer.ts';
import {
  appendAsText,
  appendCount,
  appendDouble,
  appendHex,
  appendJsonString,
  appendValue,
  countLeaves,
} from './json-text.ts';
import { createLayoutCache } from './layout-cache.ts';
import { createLevelParts, type LevelParts } from './level-parts.ts';
import { FIELD_BUDGET } from './record-fields.ts';
import type { RecordLayout, Slot, TailField } from './record-layout.ts';
import { createResourceContext, type ResourceContext, scopeBlock } from './resource-context.ts';
import { secondsOf } from './seconds.ts';
import { inferLevel, type Level, levelOf } from './severity.ts';
import { unfoldBody } from './structured-body.ts';
import { appendTimestamp, type Instant, splitNanos } from './timestamp-text.ts';
import { readTrackingId, type TrackingId } from './tracking-id.ts';

/** Ids and level of the record whose line was just written. Valid until the next record. */
export interface RecordIds {
  /** Within `bytes`; -1 without one. */
  bytes: Uint8Array;
  traceIdStart: number;
  spanIdStart: number;
  readonly tracking: TrackingId;
  level: Level;
}

/** Where lines go. For every record: `begin`, the line's bytes are appended to what it answers, `end`. */
export interface LineTarget {
  begin(resource: ResourceContext, time: Readonly<Instant>): ByteBuffer;
  end(ids: RecordIds): void;
}

export interface LogShaper {
  /**
   * Answers the number of records. A record without any time is given that of its receipt, plus one
   * nanosecond per record before it, so that order holds and equal lines stay apart.
   * @throws OtlpFormatError on malformed bytes
   */
  shape(raw: Uint8Array, receivedAtMs: number, target: LineTarget): number;
}

export interface LogShaperOptions {
  /** Longest line; longer records are cut field by field, with marks. Loki's default limit is 256 KiB. */
  readonly maxLineBytes?: number;
  /** Whether ids follow the JSON as ` name=value` text; default true. Readers of pure JSON want none. */
  readonly withTail?: boolean;
}

/** What is left of a record that would make too long a line, harder from try to try. */
interface Caps {
  readonly message: number;
  readonly value: number;
  readonly withAttributes: boolean;
}
const UNCAPPED: Caps = {
  message: Number.POSITIVE_INFINITY,
  value: Number.POSITIVE_INFINITY,
  withAttributes: true,
};

export const MAX_LINE_BYTES = 262_144;
const MAX_CONTEXTS = 1000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NO_BYTES = new Uint8Array(0);
const TIME = encoder.encode('{"@timestamp":"');
const TRACE_ID = encoder.encode(',"trace_id":"');
const SPAN_ID = encoder.encode('","span_id":"');
const SPAN_ID_ALONE = encoder.encode(',"span_id":"');
const TRACKING_ID = encoder.encode(',"tracking_id":');
const TRACKING_TAIL = encoder.encode(' tracking_id=');
const MESSAGE_LESS = encoder.encode('""');

export function createLogShaper({
  maxLineBytes = MAX_LINE_BYTES,
  withTail = true,
}: LogShaperOptions = {}): LogShaper {
  const layouts = createLayoutCache({ maxFields: FIELD_BUDGET.attributes, isRecord: true });
  const contexts = new Map<string, ResourceContext>();
  const levels: (LevelParts | undefined)[] = [];
  const narrow: readonly Caps[] = [
    UNCAPPED,
    { message: maxLineBytes >> 1, value: 512, withAttributes: true },
    { message: maxLineBytes >> 3, value: 512, withAttributes: false },
  ];
  const tracking: TrackingId = { source: NO_BYTES, start: 0, end: 0 };
  const traceText = createByteBuffer(32);
  const ids: RecordIds = { bytes: NO_BYTES, traceIdStart: -1, spanIdStart: -1, tracking, level: 'INFO' };
  const time: Instant = { seconds: 0, nanos: 0 };
  const observed: Instant = { seconds: 0, nanos: 0 };
  const body: ValueView = { kind: 0, start: 0, end: 0 };
  const value: ValueView = { kind: 0, start: 0, end: 0 };

  const levelParts = (view: LogRecordView, layout: RecordLayout): LevelParts => {
    const { bytes, severityNumber, severityTextStart: start, severityTextEnd: end } = view;
    const known = levels[severityNumber];
    if (known !== undefined && known.level !== undefined && isSame(bytes, start, end, known.text))
      return known;
    const text = start < 0 ? '' : decoder.decode(bytes.subarray(start, end));
    const stated = levelOf(severityNumber, text);
    const parts = createLevelParts(severityNumber, text, stated ?? guessLevel(view, layout));
    if (stated !== undefined && severityNumber < 64) levels[severityNumber] = { ...parts, level: stated };
    return parts;
  };

  const guessLevel = (view: LogRecordView, layout: RecordLayout): Level => {
    if (layout.level !== undefined && readAttribute(view, layout.level) === VALUE_KIND.string) {
      const level = levelOf(0, decoder.decode(view.bytes.subarray(value.start, value.end)));
      if (level !== undefined) return level;
    }
    if (layout.hasException) return 'ERROR';
    if (body.kind !== VALUE_KIND.string) return 'INFO';
    return (
      inferLevel(decoder.decode(view.bytes.subarray(body.start, Math.min(body.end, body.start + 400)))) ??
      'INFO'
    );
  };

  const readAttribute = (view: LogRecordView, attribute: number): number => {
    const start = view.attributes[attribute * 4 + 2]!;
    if (start < 0) return VALUE_KIND.empty;
    readValue(value, view.bytes, start, view.attributes[attribute * 4 + 3]!);
    return value.kind;
  };

  const writeSlot = (
    out: ByteBuffer,
    view: LogRecordView,
    slot: Slot,
    budget: number,
    caps: Caps,
  ): number => {
    const start = view.attributes[slot.attribute * 4 + 2]!;
    const end = view.attributes[slot.attribute * 4 + 3]!;
    if (slot.scale > 0) {
      const seconds = secondsOf(view.bytes, start, end, slot.scale);
      if (seconds !== undefined) {
        appendDouble(out, seconds);
        return 0;
      }
      if (slot.scale > 1) {
        appendAscii(out, 'null');
        return 0;
      }
    }
    const kind = readAttribute(view, slot.attribute);
    if (kind === VALUE_KIND.string) {
      appendJsonString(out, view.bytes, value.start, value.end, caps.value);
      return 0;
    }
    if (kind !== VALUE_KIND.kvlist && kind !== VALUE_KIND.array) {
      appendValue(out, view.bytes, start, end, { maxBytes: caps.value });
      return 0;
    }
    const leaves = countLeaves(view.bytes, start, end, budget + 2) - 1;
    if (leaves <= budget && caps === UNCAPPED) {
      appendValue(out, view.bytes, start, end, { maxBytes: caps.value });
      return leaves;
    }
    // Too many fields for one record: kept as one, in JSON text.
    appendAsText(out, caps.value, (text) =>
      appendValue(text, view.bytes, start, end, { maxBytes: Number.POSITIVE_INFINITY }),
    );
    return 0;
  };

  const writeTail = (out: ByteBuffer, view: LogRecordView, field: TailField, caps: Caps): void => {
    const kind = readAttribute(view, field.attribute);
    if (kind === VALUE_KIND.string) {
      appendBytes(out, field.prefix);
      if (!field.isQuoted && isBareWord(view.bytes, value.start, value.end)) {
        appendRange(out, view.bytes, value.start, value.end);
      } else {
        appendJsonString(out, view.bytes, value.start, value.end, caps.value);
      }
    } else if (kind === VALUE_KIND.int || kind === VALUE_KIND.bool || kind === VALUE_KIND.double) {
      const start = view.attributes[field.attribute * 4 + 2]!;
      appendBytes(out, field.prefix);
      appendValue(out, view.bytes, start, view.attributes[field.attribute * 4 + 3]!, {
        maxBytes: caps.value,
      });
    }
  };

  const writeMessage = (out: ByteBuffer, view: LogRecordView, caps: Caps): void => {
    if (body.kind === VALUE_KIND.string) {
      appendJsonString(out, view.bytes, body.start, body.end, caps.message);
    } else if (body.kind === VALUE_KIND.empty) {
      if (view.eventNameStart < 0) appendBytes(out, MESSAGE_LESS);
      else appendJsonString(out, view.bytes, view.eventNameStart, view.eventNameEnd, caps.message);
    } else {
      appendAsText(out, caps.message, (text) =>
        appendValue(text, view.bytes, view.bodyStart, view.bodyEnd, { maxBytes: Number.POSITIVE_INFINITY }),
      );
    }
  };

  const writeAttributes = (out: ByteBuffer, view: LogRecordView, layout: RecordLayout, caps: Caps): void => {
    const { literals, slots, overflow } = layout;
    let budget = FIELD_BUDGET.attributes - slots.length;
    for (let i = 0; i < slots.length; i++) {
      appendBytes(out, literals[i]!);
      budget -= writeSlot(out, view, slots[i]!, budget, caps);
    }
    appendBytes(out, literals[slots.length]!);
    if (overflow.length === 0) return;
    appendAscii(out, ',"overflow":');
    appendAsText(out, caps.value, (text) => {
      overflow.forEach(({ attribute, name }, i) => {
        appendByte(text, i === 0 ? 0x7b : 0x2c);
        appendBytes(text, name);
        const start = view.attributes[attribute * 4 + 2]!;
        appendValue(text, view.bytes, start, view.attributes[attribute * 4 + 3]!, { maxBytes: caps.value });
      });
      appendByte(text, 0x7d);
    });
  };

  const writeLine = (out: ByteBuffer, view: LogRecordView, line: LineParts, caps: Caps): void => {
    const { layout, level, resource, scope, hasTracking } = line;
    appendBytes(out, TIME);
    appendTimestamp(out, time);
    appendBytes(out, level.head);
    appendTimestamp(out, time);
    appendBytes(out, level.middle);
    writeMessage(out, view, caps);
    appendBytes(out, resource.head);
    appendBytes(out, level.extra);
    if (view.traceIdStart >= 0) {
      appendBytes(out, TRACE_ID);
      appendHex(out, view.bytes, view.traceIdStart, 16);
      if (view.spanIdStart < 0) appendByte(out, 0x22);
    }
    if (view.spanIdStart >= 0) {
      appendBytes(out, view.traceIdStart >= 0 ? SPAN_ID : SPAN_ID_ALONE);
      appendHex(out, view.bytes, view.spanIdStart, 8);
      appendByte(out, 0x22);
    }
    if (hasTracking) {
      appendBytes(out, TRACKING_ID);
      appendJsonString(out, tracking.source, tracking.start, tracking.end);
    }
    if (line.hasExtras) writeExtras(out, view, observed);
    if (caps.withAttributes) {
      writeAttributes(out, view, layout, caps);
      appendBytes(out, scope);
      appendBytes(out, resource.block);
    }
    if (caps !== UNCAPPED) appendAscii(out, ',"truncated":true');
    appendByte(out, 0x7d);
    if (!withTail) return;
    if (hasTracking) {
      appendBytes(out, TRACKING_TAIL);
      appendJsonString(out, tracking.source, tracking.start, tracking.end);
    }
    for (let i = 0; i < layout.tail.length; i++) writeTail(out, view, layout.tail[i]!, caps);
  };

  const contextOf = (bytes: Uint8Array, ranges: readonly number[]): ResourceContext => {
    let key = '';
    for (let i = 0; i < ranges.length; i += 2) {
      key += Buffer.from(bytes.buffer, bytes.byteOffset + ranges[i]!, ranges[i + 1]! - ranges[i]!).toString(
        'latin1',
      );
    }
    let context = contexts.get(key);
    if (context === undefined) {
      if (contexts.size >= MAX_CONTEXTS) contexts.clear();
      context = createResourceContext(bytes, ranges);
      contexts.set(key, context);
    }
    return context;
  };

  return {
    shape(raw, receivedAtMs, target) {
      let resource: ResourceContext | undefined;
      let scope: Uint8Array = NO_BYTES;
      let count = 0;
      const receivedSeconds = Math.floor(receivedAtMs / 1000);
      const receivedNanos = Math.floor(receivedAtMs % 1000) * 1_000_000;

      walkLogs(raw, {
        resource: (bytes, ranges) => {
          resource = contextOf(bytes, ranges);
        },
        scope: (bytes, ranges) => {
          scope = scopeBlock(bytes, ranges);
        },
        record(original) {
          let hasExtras =
            original.flags !== 0 || original.droppedAttributesCount !== 0 || original.eventNameStart >= 0;
          const hasObserved = original.observedLow !== 0 || original.observedHigh !== 0;
          if (hasObserved) splitNanos(observed, original.observedLow, original.observedHigh);
          if (original.timeLow !== 0 || original.timeHigh !== 0) {
            splitNanos(time, original.timeLow, original.timeHigh);
            if (hasObserved && Math.abs(observed.seconds - time.seconds) > 1) hasExtras = true;
            else observed.seconds = 0;
          } else if (hasObserved) {
            time.seconds = observed.seconds;
            time.nanos = observed.nanos;
            observed.seconds = 0;
          } else {
            time.seconds = receivedSeconds + Math.floor((receivedNanos + count) / 1e9);
            time.nanos = (receivedNanos + count) % 1e9;
          }
          if (!hasObserved) observed.seconds = 0;

          body.kind = VALUE_KIND.empty;
          if (original.bodyStart >= 0) readValue(body, original.bytes, original.bodyStart, original.bodyEnd);
          const view = isStructured(original.bytes, body) ? unfoldBody(original, body) : original;
          const layout = layouts.layoutOf(view);
          const level = levelParts(view, layout);

          let hasTracking = layout.tracking.length > 0 || layout.baggage !== undefined;
          if (hasTracking) hasTracking = readTrackingId(tracking, view, layout);
          if (!hasTracking && view.traceIdStart >= 0) {
            traceText.length = 0;
            appendHex(traceText, view.bytes, view.traceIdStart, 16);
            tracking.source = traceText.bytes;
            tracking.start = 0;
            tracking.end = 32;
            hasTracking = true;
          }
          if (!hasTracking) tracking.start = tracking.end = 0;

          const out = target.begin(resource!, time);
          const start = out.length;
          const line: LineParts = { layout, level, resource: resource!, scope, hasTracking, hasExtras };
          for (const caps of narrow) {
            out.length = start;
            writeLine(out, view, line, caps);
            if (out.length - start <= maxLineBytes) break;
          }
          ids.bytes = view.bytes;
          ids.traceIdStart = view.traceIdStart;
          ids.spanIdStart = view.spanIdStart;
          ids.level = level.name;
          target.end(ids);
          count += 1;
        },
      });
      return count;
    },
  };
}

interface LineParts {
  readonly layout: RecordLayout;
  readonly level: LevelParts;
  readonly resource: ResourceContext;
  readonly scope: Uint8Array;
  readonly hasTracking: boolean;
  readonly hasExtras: boolean;
}

/** Rare fields: a second time, flags, the event's name, what the source had to drop. */
function writeExtras(out: ByteBuffer, view: LogRecordView, observed: Instant): void {
  if (observed.seconds !== 0) {
    appendAscii(out, ',"observed_timestamp":"');
    appendTimestamp(out, observed);
    appendByte(out, 0x22);
  }
  if (view.flags !== 0) {
    appendAscii(out, ',"trace_flags":');
    appendCount(out, view.flags);
  }
  if (view.eventNameEnd > view.eventNameStart) {
    appendAscii(out, ',"event_name":');
    appendJsonString(out, view.bytes, view.eventNameStart, view.eventNameEnd, 1024);
  }
  if (view.droppedAttributesCount !== 0) {
    appendAscii(out, ',"dropped_attributes_count":');
    appendCount(out, view.droppedAttributesCount);
  }
}

function isStructured(bytes: Uint8Array, { kind, start }: ValueView): boolean {
  return kind === VALUE_KIND.kvlist || (kind === VALUE_KIND.string && bytes[start] === 0x7b);
}
