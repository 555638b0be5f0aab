/**
 * OTLP values as JSON text, from bytes to bytes: strings are escaped as they are copied, so that a log
 * record reaches its line without a JavaScript string in between.
 */
import { isUtf8 } from 'node:buffer';
import { eachField, readKeyValue, readValue, VALUE_KIND, type ValueView } from '@sluice/otlp/walk-logs';
import {
  appendAscii,
  appendByte,
  appendBytes,
  type ByteBuffer,
  createByteBuffer,
  readDouble,
  reserve,
  writtenBytes,
} from './byte-buffer.ts';
import { durationScaleOf } from './nested-duration.ts';
import { secondsOf } from './seconds.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Deeper structures are written as text: no reader of logs flattens further. */
const MAX_DEPTH = 16;

/** 0: as is; 1: `\u00xx`; 2: outside ASCII; else the letter of a two-character escape. */
const ESCAPE = new Uint8Array(256);
ESCAPE.fill(1, 0, 0x20);
ESCAPE.fill(2, 0x80);
ESCAPE[0x7f] = 1;
for (const [code, letter] of [
  [0x22, '"'],
  [0x5c, '\\'],
  [0x08, 'b'],
  [0x0c, 'f'],
  [0x0a, 'n'],
  [0x0d, 'r'],
  [0x09, 't'],
] as const) {
  ESCAPE[code] = letter.charCodeAt(0);
}
const HEX = encoder.encode('0123456789abcdef');
const NULL = encoder.encode('null');
const TRUE = encoder.encode('true');
const FALSE = encoder.encode('false');

/**
 * Appends the UTF-8 text at [start, end) as a JSON string, cut after `maxBytes` of the source with a mark
 * that says how much is missing. What is not UTF-8 becomes U+FFFD.
 */
export function appendJsonString(
  out: ByteBuffer,
  source: Uint8Array,
  start: number,
  end: number,
  maxBytes = Number.POSITIVE_INFINITY,
): void {
  let stop = end;
  if (end - start > maxBytes) {
    stop = start + maxBytes;
    while (stop > start && (source[stop]! & 0xc0) === 0x80) stop -= 1;
  }
  reserve(out, (stop - start) * 6 + 2);
  const { bytes } = out;
  let at = out.length;
  bytes[at++] = 0x22;
  let isKnownUtf8 = false;
  for (let i = start; i < stop; i++) {
    const byte = source[i]!;
    const mark = ESCAPE[byte]!;
    if (mark === 0) {
      bytes[at++] = byte;
    } else if (mark === 2) {
      if (!isKnownUtf8 && !isUtf8(source.subarray(i, stop))) {
        const repaired = encoder.encode(decoder.decode(source.subarray(start, end)));
        appendJsonString(out, repaired, 0, repaired.length, maxBytes);
        return;
      }
      isKnownUtf8 = true;
      bytes[at++] = byte;
    } else {
      bytes[at++] = 0x5c;
      if (mark === 1) {
        bytes[at++] = 0x75;
        bytes[at++] = 0x30;
        bytes[at++] = 0x30;
        bytes[at++] = HEX[byte >>> 4]!;
        bytes[at++] = HEX[byte & 15]!;
      } else {
        bytes[at++] = mark;
      }
    }
  }
  out.length = at;
  if (stop < end) appendBytes(out, encoder.encode(`…[${end - stop} bytes cut]`));
  appendByte(out, 0x22);
}

export interface ValueLimits {
  /** Longer strings are cut, with a mark. */
  readonly maxBytes: number;
}

/** Appends the AnyValue message at [start, end); absent (start < 0) and empty values are `null`. */
export function appendValue(
  out: ByteBuffer,
  source: Uint8Array,
  start: number,
  end: number,
  { maxBytes }: ValueLimits,
  depth = 0,
): void {
  if (start < 0) {
    appendBytes(out, NULL);
    return;
  }
  const view: ValueView = VIEWS[depth] ?? { kind: 0, start: 0, end: 0 };
  readValue(view, source, start, end);
  switch (view.kind) {
    case VALUE_KIND.string:
      appendJsonString(out, source, view.start, view.end, maxBytes);
      return;
    case VALUE_KIND.bool:
      appendBytes(out, isNonZeroVarint(source, view.start, view.end) ? TRUE : FALSE);
      return;
    case VALUE_KIND.int:
      appendInteger(out, source, view.start, view.end);
      return;
    case VALUE_KIND.double:
      appendDouble(out, readDouble(source, view.start));
      return;
    case VALUE_KIND.bytes: {
      appendByte(out, 0x22);
      const base64 = Buffer.from(
        source.buffer,
        source.byteOffset + view.start,
        view.end - view.start,
      ).toString('base64');
      appendAscii(out, base64.slice(0, Math.min(base64.length, maxBytes)));
      appendByte(out, 0x22);
      return;
    }
    case VALUE_KIND.array:
    case VALUE_KIND.kvlist:
      if (depth >= MAX_DEPTH) {
        appendBytes(out, encoder.encode('"[nested deeper than 16 levels]"'));
        return;
      }
      appendNested(out, source, view, { maxBytes, depth });
      return;
    default:
      appendBytes(out, NULL);
      return;
  }
}

/** One view per depth: a nested read must not overwrite its parent's. */
const VIEWS: ValueView[] = Array.from({ length: MAX_DEPTH + 1 }, () => ({ kind: 0, start: 0, end: 0 }));

function appendNested(
  out: ByteBuffer,
  source: Uint8Array,
  { kind, start, end }: ValueView,
  { maxBytes, depth }: ValueLimits & { readonly depth: number },
): void {
  const isList = kind === VALUE_KIND.kvlist;
  appendByte(out, isList ? 0x7b : 0x5b);
  let first = true;
  let hasDuration = false;
  let scaledSeconds: number | undefined;
  const pair = new Int32Array(4);
  eachField(source, start, end, (field, from, to) => {
    if (field !== 1) return;
    if (!first) appendByte(out, 0x2c);
    first = false;
    if (!isList) return appendValue(out, source, from, to, { maxBytes }, depth + 1);
    readKeyValue(source, from, to, { into: pair, offset: 0 });
    const [keyStart, keyEnd, valueStart, valueEnd] = [pair[0]!, pair[1]!, pair[2]!, pair[3]!];
    appendJsonString(out, source, keyStart, keyEnd, 256);
    appendByte(out, 0x3a);
    const scale = durationScaleOf(source, keyStart, keyEnd);
    const seconds = scale === 0 ? undefined : secondsOf(source, valueStart, valueEnd, scale);
    if (scale === 1) hasDuration = true;
    else scaledSeconds ??= seconds;
    if (scale === 1 && seconds !== undefined) appendDouble(out, seconds);
    else appendValue(out, source, valueStart, valueEnd, { maxBytes }, depth + 1);
  });
  if (scaledSeconds !== undefined && !hasDuration) {
    appendAscii(out, ',"duration":');
    appendDouble(out, scaledSeconds);
  }
  appendByte(out, isList ? 0x7d : 0x5d);
}

/** Appends the JSON text that `write` produces as one JSON string. */
export function appendAsText(out: ByteBuffer, maxBytes: number, write: (text: ByteBuffer) => void): void {
  const text = createByteBuffer();
  write(text);
  appendJsonString(out, writtenBytes(text), 0, text.length, maxBytes);
}

/** Leaves of an AnyValue message as a reader that flattens JSON counts them, up to `limit`. */
export function countLeaves(source: Uint8Array, start: number, end: number, limit: number): number {
  const view: ValueView = { kind: 0, start: 0, end: 0 };
  if (start < 0) return 1;
  readValue(view, source, start, end);
  if (view.kind !== VALUE_KIND.array && view.kind !== VALUE_KIND.kvlist) return 1;
  const isList = view.kind === VALUE_KIND.kvlist;
  const pair = new Int32Array(4);
  let leaves = 0;
  eachField(source, view.start, view.end, (field, from, to) => {
    if (field !== 1 || leaves >= limit) return;
    if (isList) readKeyValue(source, from, to, { into: pair, offset: 0 });
    leaves += countLeaves(source, isList ? pair[2]! : from, isList ? pair[3]! : to, limit - leaves);
  });
  return Math.max(1, leaves);
}

/** A 64-bit varint in two's complement, exact. */
export function appendInteger(out: ByteBuffer, source: Uint8Array, start: number, end: number): void {
  // Seven bytes hold 49 bits: a plain number.
  if (end - start <= 7) {
    let value = 0;
    let scale = 1;
    for (let i = start; i < end; i++) {
      value += (source[i]! & 0x7f) * scale;
      scale *= 128;
    }
    appendCount(out, value);
    return;
  }
  let value = 0n;
  for (let i = end - 1; i >= start; i--) value = (value << 7n) | BigInt(source[i]! & 0x7f);
  appendAscii(out, BigInt.asIntN(64, value).toString());
}

/** A whole number from 0 to 2^53 in digits. */
export function appendCount(out: ByteBuffer, value: number): void {
  reserve(out, 20);
  const { bytes } = out;
  if (value < 10) {
    bytes[out.length++] = 0x30 + value;
    return;
  }
  if (value > 0xffff_ffff) {
    appendAscii(out, String(value));
    return;
  }
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits += 1;
  let rest = value;
  for (let i = out.length + digits - 1; i >= out.length; i--) {
    const quotient = Math.floor(rest / 10);
    bytes[i] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  out.length += digits;
}

/** NaN and the infinities have no JSON number: they become strings, as in OTLP/JSON. */
export function appendDouble(out: ByteBuffer, value: number): void {
  if (Number.isFinite(value)) appendAscii(out, String(value));
  else appendAscii(out, `"${value}"`);
}

function isNonZeroVarint(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((source[i]! & 0x7f) !== 0) return true;
  return false;
}

const HEX_PAIRS = new Uint8Array(512);
for (let i = 0; i < 256; i++) {
  HEX_PAIRS[i * 2] = HEX[i >>> 4]!;
  HEX_PAIRS[i * 2 + 1] = HEX[i & 15]!;
}

/** `count` bytes in lower-case hex. */
export function appendHex(out: ByteBuffer, source: Uint8Array, start: number, count: number): void {
  reserve(out, count * 2);
  const { bytes } = out;
  let at = out.length;
  for (let i = start; i < start + count; i++) {
    const byte = source[i]! * 2;
    bytes[at++] = HEX_PAIRS[byte]!;
    bytes[at++] = HEX_PAIRS[byte + 1]!;
  }
  out.length = at;
}
