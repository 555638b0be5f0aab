/**
 * Builds Loki's push request (logproto.PushRequest) while records are shaped: each line is written once, in
 * place, inside its entry. What a message holds comes out as the same bytes however often it is sent.
 */
import {
  appendByte,
  appendBytes,
  appendRange,
  appendVarint,
  type ByteBuffer,
  createByteBuffer,
  reserve,
  writtenBytes,
} from '../logs/byte-buffer.ts';
import { appendHex } from '../logs/json-text.ts';
import type { LineTarget, RecordIds } from '../logs/shape-logs.ts';
import type { Instant } from '../logs/timestamp-text.ts';

/** One log line of a stream: where its entry and its line stand in the stream's buffer. */
export interface PushEntry {
  readonly start: number;
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly end: number;
  readonly seconds: number;
  readonly nanos: number;
}

export interface PushStream {
  readonly labels: Readonly<Record<string, string>>;
  /** `{app="…", …}` */
  readonly labelsText: string;
  readonly buffer: ByteBuffer;
  readonly entries: readonly PushEntry[];
}

export interface PushBuilder extends LineTarget {
  readonly streams: ReadonlyMap<string, PushStream>;
  /** To be called before each message: equal lines are told apart within a message, never across. */
  startMessage(): void;
}

/** A stream being built; `tie*` name the run of entries that the source gave one and the same time. */
interface OpenStream extends PushStream {
  readonly entries: PushEntry[];
  tieSeconds: number;
  tieNanos: number;
  tieFrom: number;
}

const encoder = new TextEncoder();
/** Lengths from 128 to 16,383 take two bytes: what is reserved before a length is known. */
const LENGTH_BYTES = 2;
/** So many entries of one time are compared with the next. */
const MAX_COMPARED = 64;
const TRACE_ID = metadataPrefix('trace_id', 32);
const SPAN_ID = metadataPrefix('span_id', 16);
const TRACKING_ID = encoder.encode('tracking_id');

export interface PushBuilderOptions {
  /** Of the OTLP requests to come: spares the first stream's buffer its growing. */
  readonly rawBytes?: number;
}

/** JSON with its ids beside it takes more than OTLP; most pushes are of one stream. */
const BYTES_PER_RAW_BYTE = 3;
const MIN_STREAM_BYTES = 65_536;

export function createPushBuilder({ rawBytes = 0 }: PushBuilderOptions = {}): PushBuilder {
  const streams = new Map<string, OpenStream>();
  let stream: OpenStream | undefined;
  let entryStart = 0;
  let lineStart = 0;
  const time: Instant = { seconds: 0, nanos: 0 };

  const writeHead = (out: ByteBuffer): void => {
    entryStart = out.length;
    reserve(out, 32);
    out.bytes[out.length] = 0x12;
    out.length += 1 + LENGTH_BYTES;
    appendTime(out, time);
    out.bytes[out.length] = 0x12;
    out.length += 1 + LENGTH_BYTES;
    lineStart = out.length;
  };

  return {
    streams,
    startMessage() {
      for (const known of streams.values()) known.tieSeconds = -1;
    },
    begin({ labels, labelsText }, { seconds, nanos }) {
      if (stream?.labelsText !== labelsText) {
        stream = streams.get(labelsText);
        if (stream === undefined) {
          const isFirst = streams.size === 0;
          const buffer = createByteBuffer(
            Math.max(MIN_STREAM_BYTES, isFirst ? rawBytes * BYTES_PER_RAW_BYTE : 0),
          );
          stream = {
            labels: { ...labels },
            labelsText,
            buffer,
            entries: [],
            tieSeconds: -1,
            tieNanos: 0,
            tieFrom: 0,
          };
          streams.set(labelsText, stream);
        }
      }
      time.seconds = seconds;
      time.nanos = nanos;
      writeHead(stream.buffer);
      return stream.buffer;
    },
    end(ids) {
      const target = stream!;
      const out = target.buffer;
      if (target.tieSeconds === time.seconds && target.tieNanos === time.nanos) {
        // A clock that stands still gives equal lines equal times, and Loki would keep one of them.
        const repeats = countRepeats(target, lineStart);
        if (repeats > 0) {
          const line = out.bytes.slice(lineStart, out.length);
          time.nanos += repeats;
          if (time.nanos >= 1_000_000_000) {
            time.nanos -= 1_000_000_000;
            time.seconds += 1;
          }
          out.length = entryStart;
          writeHead(out);
          appendBytes(out, line);
        }
      } else {
        target.tieSeconds = time.seconds;
        target.tieNanos = time.nanos;
        target.tieFrom = target.entries.length;
      }
      const lineLength = out.length - lineStart;
      lineStart += closeLength(out, lineStart);
      appendMetadata(out, ids);
      const shift = closeLength(out, entryStart + 1 + LENGTH_BYTES);
      target.entries.push({
        start: entryStart,
        lineStart: lineStart + shift,
        lineEnd: lineStart + shift + lineLength,
        end: out.length,
        seconds: time.seconds,
        nanos: time.nanos,
      });
    },
  };
}

/** The request in bytes; `late` puts its entries into streams of their own with the label `late="true"`. */
export function encodePushRequest(streams: Iterable<PushStream>, { late = false } = {}): Uint8Array {
  const parts: { readonly labels: Uint8Array; readonly entries: Uint8Array }[] = [];
  let size = 0;
  for (const stream of streams) {
    if (stream.entries.length === 0) continue;
    const text = late ? `${stream.labelsText.slice(0, -1)}, late="true"}` : stream.labelsText;
    const part = { labels: encoder.encode(text), entries: orderedEntries(stream) };
    parts.push(part);
    size += part.labels.length + part.entries.length + 20;
  }
  const out = createByteBuffer(size);
  for (const { labels, entries } of parts) {
    appendByte(out, 0x0a);
    appendVarint(out, 1 + varintBytes(labels.length) + labels.length + entries.length);
    appendByte(out, 0x0a);
    appendVarint(out, labels.length);
    appendBytes(out, labels);
    appendBytes(out, entries);
  }
  return writtenBytes(out);
}

/** Entries in the order of their times; what has one time stays in the order it came. */
function orderedEntries({ buffer, entries }: PushStream): Uint8Array {
  let isOrdered = true;
  let isWhole = entries[0]!.start === 0 && entries.at(-1)!.end === buffer.length;
  for (let i = 1; i < entries.length; i++) {
    const [before, entry] = [entries[i - 1]!, entries[i]!];
    if (entry.start !== before.end) isWhole = false;
    if (entry.seconds < before.seconds || (entry.seconds === before.seconds && entry.nanos < before.nanos))
      isOrdered = false;
  }
  if (isOrdered && isWhole) return writtenBytes(buffer);
  const sorted = entries.toSorted((a, b) => a.seconds - b.seconds || a.nanos - b.nanos);
  const out = createByteBuffer(buffer.length);
  for (const { start, end } of sorted) appendRange(out, buffer.bytes, start, end);
  return writtenBytes(out);
}

function countRepeats({ buffer, entries, tieFrom }: OpenStream, lineStart: number): number {
  const line = buffer.bytes.subarray(lineStart, buffer.length);
  let repeats = 0;
  for (let i = Math.max(tieFrom, entries.length - MAX_COMPARED); i < entries.length; i++) {
    const entry = entries[i]!;
    if (entry.lineEnd - entry.lineStart !== line.length) continue;
    if (Buffer.compare(buffer.bytes.subarray(entry.lineStart, entry.lineEnd), line) === 0) repeats += 1;
  }
  return repeats;
}

/** google.protobuf.Timestamp as field 1. */
function appendTime(out: ByteBuffer, { seconds, nanos }: Instant): void {
  const { bytes } = out;
  const start = out.length;
  bytes[start] = 0x0a;
  bytes[start + 2] = 0x08;
  out.length = start + 3;
  appendVarint(out, seconds);
  bytes[out.length++] = 0x10;
  appendVarint(out, nanos);
  bytes[start + 1] = out.length - start - 2;
}

function appendMetadata(out: ByteBuffer, { bytes, traceIdStart, spanIdStart, tracking }: RecordIds): void {
  if (traceIdStart >= 0) {
    appendBytes(out, TRACE_ID);
    appendHex(out, bytes, traceIdStart, 16);
  }
  if (spanIdStart >= 0) {
    appendBytes(out, SPAN_ID);
    appendHex(out, bytes, spanIdStart, 8);
  }
  if (tracking.end === tracking.start) return;
  const length = tracking.end - tracking.start;
  const size = 2 + TRACKING_ID.length + 1 + varintBytes(length) + length;
  appendByte(out, 0x1a);
  appendVarint(out, size);
  appendByte(out, 0x0a);
  appendByte(out, TRACKING_ID.length);
  appendBytes(out, TRACKING_ID);
  appendByte(out, 0x12);
  appendVarint(out, length);
  appendRange(out, tracking.source, tracking.start, tracking.end);
}

/** Writes the length of what stands from `start` into the reserved bytes before it; answers by how much that moved. */
function closeLength(out: ByteBuffer, start: number): number {
  const length = out.length - start;
  const shift = varintBytes(length) - LENGTH_BYTES;
  if (shift !== 0) {
    reserve(out, Math.max(0, shift));
    out.bytes.copyWithin(start + shift, start, out.length);
  }
  const end = out.length + shift;
  out.length = start - LENGTH_BYTES;
  appendVarint(out, length);
  out.length = end;
  return shift;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** `structuredMetadata { name, value }` up to a value of known length. */
function metadataPrefix(name: string, valueBytes: number): Uint8Array {
  const out = createByteBuffer();
  appendByte(out, 0x1a);
  appendVarint(out, name.length + valueBytes + 4);
  appendByte(out, 0x0a);
  appendVarint(out, name.length);
  appendBytes(out, encoder.encode(name));
  appendByte(out, 0x12);
  appendVarint(out, valueBytes);
  return writtenBytes(out).slice();
}
