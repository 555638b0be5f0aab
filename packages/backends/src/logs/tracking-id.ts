/** The id that ties a request's logs together: from an attribute, else from baggage, else the trace id. */
import { eachField, type LogRecordView, readValue, VALUE_KIND, type ValueView } from '@sluice/otlp/walk-logs';
import { createByteBuffer, writtenBytes } from './byte-buffer.ts';
import { appendValue } from './json-text.ts';
import type { RecordLayout } from './record-layout.ts';

/** Raw bytes of the id; `end` 0 when there is none. Reused. */
export interface TrackingId {
  source: Uint8Array;
  start: number;
  end: number;
}

const MAX_BYTES = 256;
const value: ValueView = { kind: 0, start: 0, end: 0 };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Fills `into` from the attributes; answers false (and leaves it) when none of them holds an id. */
export function readTrackingId(into: TrackingId, view: LogRecordView, layout: RecordLayout): boolean {
  for (const attribute of layout.tracking) {
    if (!readText(view, attribute)) {
      const number = readNumberText(view, attribute);
      if (number === undefined) continue;
      into.source = number;
      into.start = 0;
      into.end = number.length;
      return true;
    }
    into.source = view.bytes;
    into.start = value.start;
    into.end = Math.min(value.end, value.start + MAX_BYTES);
    return true;
  }
  if (layout.baggage === undefined || !readText(view, layout.baggage)) return false;
  const id = fromBaggage(decoder.decode(view.bytes.subarray(value.start, value.end)));
  if (id === undefined) return false;
  into.source = encoder.encode(id);
  into.start = 0;
  into.end = Math.min(into.source.length, MAX_BYTES);
  return true;
}

/** An id given as a number. */
function readNumberText({ bytes, attributes }: LogRecordView, attribute: number): Uint8Array | undefined {
  const start = attributes[attribute * 4 + 2]!;
  if (start < 0 || (value.kind !== VALUE_KIND.int && value.kind !== VALUE_KIND.double)) return undefined;
  const text = createByteBuffer(32);
  appendValue(text, bytes, start, attributes[attribute * 4 + 3]!, { maxBytes: MAX_BYTES });
  return writtenBytes(text);
}

/** A non-empty text, or the first text of a list (how HTTP headers are recorded). */
function readText({ bytes, attributes }: LogRecordView, attribute: number): boolean {
  const start = attributes[attribute * 4 + 2]!;
  if (start < 0) return false;
  readValue(value, bytes, start, attributes[attribute * 4 + 3]!);
  if (value.kind === VALUE_KIND.array) {
    let [from, to] = [-1, -1];
    eachField(bytes, value.start, value.end, (field, itemStart, itemEnd) => {
      if (field === 1 && from < 0) [from, to] = [itemStart, itemEnd];
    });
    if (from < 0) return false;
    readValue(value, bytes, from, to);
  }
  return value.kind === VALUE_KIND.string && value.end > value.start;
}

/** W3C Baggage § Header content: `key=value;property, key=value`, values percent-encoded. */
function fromBaggage(header: string): string | undefined {
  for (const member of header.split(',')) {
    const [pair = ''] = member.split(';');
    const at = pair.indexOf('=');
    if (at < 0 || pair.slice(0, at).trim() !== 'tracking_id') continue;
    const text = pair.slice(at + 1).trim();
    try {
      return decodeURIComponent(text) || undefined;
    } catch {
      return text || undefined;
    }
  }
  return undefined;
}
