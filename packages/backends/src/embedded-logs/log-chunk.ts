/**
 * Lines of one stream in one block: times, where each line starts, then the text, compressed as a whole.
 * Text lies in one piece so that a filter can search all of it at once.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { LogLines } from '../log-reader.ts';
import { appendByte, type ByteBuffer, createByteBuffer } from '../logs/byte-buffer.ts';

/** Lines as they come, in one growing text. */
export interface ChunkBuilder {
  readonly text: ByteBuffer;
  readonly timesNs: bigint[];
  readonly starts: number[];
}

export interface EncodedChunk {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly count: number;
  /** Bytes of its text. */
  readonly bytes: number;
  readonly data: Uint8Array;
}

/** SQLite integers are signed 64-bit: later times (after the year 2262) count as the last one that a range can end behind. */
const MAX_TIME_NS = 2n ** 63n - 2n;
/** Three times as fast as the default level, for a tenth more bytes. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const HEADER_BYTES = 8;
/** An output buffer that is filled to the last byte makes zlib ask for another one. */
const SPARE_BYTES = 1024;

export function createChunkBuilder(): ChunkBuilder {
  return { text: createByteBuffer(16_384), timesNs: [], starts: [] };
}

export function startLine({ text, timesNs, starts }: ChunkBuilder, timeNs: bigint): void {
  timesNs.push(timeNs > MAX_TIME_NS ? MAX_TIME_NS : timeNs);
  starts.push(text.length);
}

export function endLine({ text }: ChunkBuilder): void {
  appendByte(text, 0x0a);
}

/** Of at least one line. */
export function encodeChunk(builder: ChunkBuilder): EncodedChunk {
  const { text, timesNs, starts } = isOrdered(builder.timesNs) ? builder : inOrder(builder);
  const count = timesNs.length;
  const textStart = HEADER_BYTES + count * 8 + (count + 1) * 4;
  const block = Buffer.alloc(textStart + text.length);
  block.writeUInt32LE(count, 0);
  block.writeUInt32LE(text.length, 4);
  new BigInt64Array(block.buffer, block.byteOffset + HEADER_BYTES, count).set(timesNs);
  const offsets = new Uint32Array(block.buffer, block.byteOffset + HEADER_BYTES + count * 8, count + 1);
  offsets.set(starts);
  offsets[count] = text.length;
  block.set(text.bytes.subarray(0, text.length), textStart);
  return {
    firstNs: timesNs[0]!,
    lastNs: timesNs.at(-1)!,
    count,
    bytes: text.length,
    data: zstdCompressSync(block, COMPRESSION),
  };
}

/** `blockBytes`: what is expected when decompressed, which saves growing the buffer. */
export function decodeChunk(
  data: Uint8Array,
  { count, bytes }: Pick<EncodedChunk, 'count' | 'bytes'>,
): LogLines {
  const expected = HEADER_BYTES + count * 8 + (count + 1) * 4 + bytes;
  const inflated = zstdDecompressSync(data, { chunkSize: expected + SPARE_BYTES, maxOutputLength: expected });
  // Typed arrays over 64-bit values need an aligned start.
  const block = inflated.byteOffset % 8 === 0 ? inflated : Buffer.from(new Uint8Array(inflated).buffer);
  return {
    count,
    timesNs: new BigInt64Array(block.buffer, block.byteOffset + HEADER_BYTES, count),
    starts: new Uint32Array(block.buffer, block.byteOffset + HEADER_BYTES + count * 8, count + 1),
    text: block.subarray(HEADER_BYTES + count * 8 + (count + 1) * 4, expected),
  };
}

export function emptyLines(): LogLines {
  return { count: 0, timesNs: new BigInt64Array(0), starts: new Uint32Array(1), text: Buffer.alloc(0) };
}

/** Adds the lines of a stored chunk to a builder. */
export function appendLines(builder: ChunkBuilder, { count, timesNs, starts, text }: LogLines): void {
  const shift = builder.text.length;
  for (let i = 0; i < count; i++) {
    builder.timesNs.push(timesNs[i]!);
    builder.starts.push(shift + starts[i]!);
  }
  const needed = shift + text.length;
  if (needed > builder.text.bytes.length) {
    const larger = new Uint8Array(Math.max(needed, builder.text.bytes.length * 2));
    larger.set(builder.text.bytes.subarray(0, shift));
    builder.text.bytes = larger;
  }
  builder.text.bytes.set(text, shift);
  builder.text.length = needed;
}

function isOrdered(timesNs: readonly bigint[]): boolean {
  for (let i = 1; i < timesNs.length; i++) if (timesNs[i]! < timesNs[i - 1]!) return false;
  return true;
}

function inOrder({ text, timesNs, starts }: ChunkBuilder): ChunkBuilder {
  const order = timesNs
    .map((_, i) => i)
    .sort((a, b) => (timesNs[a]! < timesNs[b]! ? -1 : timesNs[a]! > timesNs[b]! ? 1 : a - b));
  const sorted = createByteBuffer(text.length);
  const sortedStarts: number[] = [];
  for (const i of order) {
    sortedStarts.push(sorted.length);
    const end = starts[i + 1] ?? text.length;
    sorted.bytes.set(text.bytes.subarray(starts[i]!, end), sorted.length);
    sorted.length += end - starts[i]!;
  }
  return { text: sorted, timesNs: order.map((i) => timesNs[i]!), starts: sortedStarts };
}
