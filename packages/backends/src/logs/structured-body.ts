/**
 * Records whose body is structured (a kvlist, or a text that is one JSON object) are unfolded: the body's
 * entries become attributes, its message the message, its level the level, so that the fields of an
 * application's own JSON log lines are found by name like any other.
 */
import {
  addAttribute,
  createLogRecordView,
  eachField,
  type LogRecordView,
  readLogRecord,
  readValue,
  VALUE_KIND,
  type ValueView,
} from '@sluice/otlp/walk-logs';
import {
  appendByte,
  appendBytes,
  appendVarint,
  type ByteBuffer,
  createByteBuffer,
  reserve,
  writtenBytes,
} from './byte-buffer.ts';
import { isLevelKey } from './record-fields.ts';
import { levelOf, levelOfText } from './severity.ts';

const MESSAGE_KEYS = ['message', 'msg', '@message'];
/** A larger text is a message, whatever it looks like. */
const MAX_JSON_BYTES = 1_000_000;
const MAX_DEPTH = 32;

const unfolded = createLogRecordView();
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The record as it is, or a view (reused) of the record with its body unfolded. @throws OtlpFormatError */
export function unfoldBody(view: LogRecordView, body: ValueView): LogRecordView {
  if (body.kind === VALUE_KIND.kvlist) {
    readLogRecord(unfolded, view.bytes, view.start, view.end);
    return unfoldEntries(unfolded, body);
  }
  const { bytes } = view;
  if (body.kind !== VALUE_KIND.string || body.end - body.start > MAX_JSON_BYTES) return view;
  if (bytes[body.start] !== OPEN_BRACE || bytes[lastVisible(bytes, body)] !== CLOSE_BRACE) return view;
  const value = parseJson(decoder.decode(bytes.subarray(body.start, body.end)));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return view;

  const text = { start: body.start - view.start, end: body.end - view.start };
  const record = createByteBuffer((view.end - view.start) * 2);
  appendBytes(record, bytes.subarray(view.start, view.end));
  appendMessage(record, 0x2a, (out) => appendAnyValue(out, value, 0));
  readLogRecord(unfolded, writtenBytes(record), 0, record.length);
  readValue(body, unfolded.bytes, unfolded.bodyStart, unfolded.bodyEnd);
  const result = unfoldEntries(unfolded, body);
  // Without a message of its own, the line as it was written is the message.
  if (body.kind === VALUE_KIND.kvlist) {
    body.kind = VALUE_KIND.string;
    body.start = text.start;
    body.end = text.end;
  }
  return result;
}

/** Moves the entries of a kvlist body to the attributes; `body` becomes its message, if it has one. */
function unfoldEntries(view: LogRecordView, body: ValueView): LogRecordView {
  const { bytes } = view;
  const list = { start: body.start, end: body.end };
  const own = new Set<string>();
  for (let i = 0; i < view.attributeCount; i++) own.add(keyAt(view, i));
  const value: ValueView = { kind: 0, start: 0, end: 0 };

  eachField(bytes, list.start, list.end, (field, start, end) => {
    if (field !== 1) return;
    addAttribute(view, start, end);
    const index = view.attributeCount - 1;
    const key = keyAt(view, index);
    const valueStart = view.attributes[index * 4 + 2]!;
    if (valueStart >= 0) readValue(value, bytes, valueStart, view.attributes[index * 4 + 3]!);
    const isText = valueStart >= 0 && value.kind === VALUE_KIND.string;
    if (own.has(key)) {
      view.attributeCount -= 1;
    } else if (isText && body.kind === VALUE_KIND.kvlist && MESSAGE_KEYS.includes(key)) {
      body.kind = VALUE_KIND.string;
      body.start = value.start;
      body.end = value.end;
      view.attributeCount -= 1;
    } else if (isText && isLevelKey(key) && takeLevel(view, value)) {
      view.attributeCount -= 1;
    } else if (key === 'level' && valueStart >= 0 && value.kind === VALUE_KIND.int) {
      takeLevelNumber(view, value);
    }
  });
  return view;
}

/** Levels of pino and bunyan as severity numbers. The number itself stays a field. */
const SEVERITY_OF_LEVEL: Readonly<Record<number, number>> = { 10: 1, 20: 5, 30: 9, 40: 13, 50: 17, 60: 21 };

function takeLevelNumber(view: LogRecordView, { start, end }: ValueView): void {
  if (view.severityNumber !== 0 || view.severityTextStart >= 0 || end - start !== 1) return;
  view.severityNumber = SEVERITY_OF_LEVEL[view.bytes[start]!] ?? 0;
}

/** Whether the entry says nothing that the record's severity does not say (now). */
function takeLevel(view: LogRecordView, { start, end }: ValueView): boolean {
  const level = levelOfText(decoder.decode(view.bytes.subarray(start, end)));
  if (level === undefined) return false;
  const known =
    view.severityTextStart < 0
      ? ''
      : decoder.decode(view.bytes.subarray(view.severityTextStart, view.severityTextEnd));
  const own = levelOf(view.severityNumber, known);
  if (own !== undefined && own !== level && level !== 'AUDIT' && level !== 'SECURITY') return false;
  if (own !== level) {
    view.severityTextStart = start;
    view.severityTextEnd = end;
  }
  return true;
}

function keyAt({ bytes, attributes }: LogRecordView, index: number): string {
  return decoder.decode(bytes.subarray(attributes[index * 4]!, attributes[index * 4 + 1]!));
}

function lastVisible(bytes: Uint8Array, { start, end }: ValueView): number {
  let at = end - 1;
  while (at > start && bytes[at]! <= 0x20) at -= 1;
  return at;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON value as an AnyValue message. */
function appendAnyValue(out: ByteBuffer, value: unknown, depth: number): void {
  if (typeof value === 'string') {
    appendText(out, 0x0a, value);
    return;
  }
  if (typeof value === 'boolean') {
    appendByte(out, 0x10);
    appendByte(out, value ? 1 : 0);
    return;
  }
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) {
      appendByte(out, 0x18);
      appendVarint(out, value);
      return;
    }
    appendByte(out, 0x21);
    reserve(out, 8);
    new DataView(out.bytes.buffer, out.bytes.byteOffset).setFloat64(out.length, value, true);
    out.length += 8;
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) {
    appendText(out, 0x0a, JSON.stringify(value));
    return;
  }
  if (Array.isArray(value)) {
    appendMessage(out, 0x2a, (list) => {
      for (const item of value) appendMessage(list, 0x0a, (entry) => appendAnyValue(entry, item, depth + 1));
    });
    return;
  }
  appendMessage(out, 0x32, (list) => {
    for (const [key, item] of Object.entries(value)) {
      appendMessage(list, 0x0a, (pair) => {
        appendText(pair, 0x0a, key);
        appendMessage(pair, 0x12, (entry) => appendAnyValue(entry, item, depth + 1));
      });
    }
  });
}

function appendText(out: ByteBuffer, tag: number, text: string): void {
  const encoded = encoder.encode(text);
  appendByte(out, tag);
  appendVarint(out, encoded.length);
  appendBytes(out, encoded);
}

function appendMessage(out: ByteBuffer, tag: number, write: (out: ByteBuffer) => void): void {
  const content = createByteBuffer(128);
  write(content);
  appendByte(out, tag);
  appendVarint(out, content.length);
  appendBytes(out, writtenBytes(content));
}
