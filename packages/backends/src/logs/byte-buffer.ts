/** A growing run of bytes: what the log writers append to. A plain object, so that hot loops can hold its array. */
export interface ByteBuffer {
  bytes: Uint8Array;
  length: number;
}

/** Below this length a byte loop beats the call of `TypedArray.set`. */
const LOOP_BYTES = 24;

export function createByteBuffer(capacity = 1024): ByteBuffer {
  return { bytes: allocate(capacity), length: 0 };
}

/** Below this size clearing costs nothing. */
const CLEARED_BYTES = 16_384;

/** Not cleared: only what was written is ever read. A plain Uint8Array, so that hot loops see one type. */
function allocate(capacity: number): Uint8Array {
  return capacity < CLEARED_BYTES
    ? new Uint8Array(capacity)
    : new Uint8Array(Buffer.allocUnsafeSlow(capacity).buffer);
}

/** Makes room for `count` more bytes. */
export function reserve(buffer: ByteBuffer, count: number): void {
  const needed = buffer.length + count;
  if (needed <= buffer.bytes.length) return;
  const larger = allocate(Math.max(needed, buffer.bytes.length * 2));
  larger.set(buffer.bytes.subarray(0, buffer.length));
  buffer.bytes = larger;
}

export function appendBytes(buffer: ByteBuffer, source: Uint8Array): void {
  reserve(buffer, source.length);
  const { bytes } = buffer;
  const at = buffer.length;
  const { length } = source;
  if (length < LOOP_BYTES) for (let i = 0; i < length; i++) bytes[at + i] = source[i]!;
  else bytes.set(source, at);
  buffer.length = at + length;
}

export function appendRange(buffer: ByteBuffer, source: Uint8Array, start: number, end: number): void {
  reserve(buffer, end - start);
  const { bytes } = buffer;
  let at = buffer.length;
  if (end - start < LOOP_BYTES) for (let i = start; i < end; i++) bytes[at++] = source[i]!;
  else bytes.set(source.subarray(start, end), at);
  buffer.length += end - start;
}

/** Text of which every character is ASCII. */
export function appendAscii(buffer: ByteBuffer, text: string): void {
  reserve(buffer, text.length);
  const { bytes } = buffer;
  const at = buffer.length;
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  buffer.length = at + text.length;
}

export function appendByte(buffer: ByteBuffer, byte: number): void {
  reserve(buffer, 1);
  buffer.bytes[buffer.length++] = byte;
}

/** A protobuf varint of a whole number from 0 to 2^53. */
export function appendVarint(buffer: ByteBuffer, value: number): void {
  reserve(buffer, 10);
  const { bytes } = buffer;
  let at = buffer.length;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  buffer.length = at;
}

/** The bytes written so far, without a copy: valid until the next append. */
export function writtenBytes(buffer: ByteBuffer): Uint8Array {
  return buffer.bytes.subarray(0, buffer.length);
}

const eight = new DataView(new ArrayBuffer(8));

/** A fixed64 as a double. */
export function readDouble(source: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) eight.setUint8(i, source[at + i]!);
  return eight.getFloat64(0, true);
}
