/**
 * A growing run of bytes for the remote-write encoders: a plain object, so that the loops over a hundred
 * thousand samples hold its array, and one that is kept from request to request.
 */
export interface ByteWriter {
  bytes: Uint8Array;
  view: DataView;
  length: number;
}

/** The most that one put of a fixed-size value takes. */
const MAX_FIXED_BYTES = 11;
/** Below this length a loop beats the call of `TypedArray.set`. */
const LOOP_BYTES = 24;

export function createByteWriter(capacityBytes = 65_536): ByteWriter {
  const bytes = new Uint8Array(capacityBytes);
  return { bytes, view: new DataView(bytes.buffer), length: 0 };
}

export function makeRoom(writer: ByteWriter, count: number): void {
  const needed = writer.length + count;
  if (needed <= writer.bytes.length) return;
  const grown = new Uint8Array(Math.max(needed, writer.bytes.length * 2));
  grown.set(writer.bytes.subarray(0, writer.length));
  writer.bytes = grown;
  writer.view = new DataView(grown.buffer);
}

export function putVarint(writer: ByteWriter, value: number): void {
  makeRoom(writer, MAX_FIXED_BYTES);
  const { bytes } = writer;
  let at = writer.length;
  let rest = value;
  while (rest > 0x7fffffff) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  writer.length = at;
}

export function putVarint64(writer: ByteWriter, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  makeRoom(writer, MAX_FIXED_BYTES);
  while (rest > 0x7fn) {
    writer.bytes[writer.length++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  writer.bytes[writer.length++] = Number(rest);
}

export function putZigzag(writer: ByteWriter, value: bigint): void {
  putVarint64(writer, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

/** With its one-byte tag. */
export function putDouble(writer: ByteWriter, tag: number, value: number): void {
  makeRoom(writer, MAX_FIXED_BYTES);
  writer.bytes[writer.length] = tag;
  writer.view.setFloat64(writer.length + 1, value, true);
  writer.length += 9;
}

export function putFixed64(writer: ByteWriter, tag: number, value: bigint): void {
  makeRoom(writer, MAX_FIXED_BYTES);
  writer.bytes[writer.length] = tag;
  writer.view.setBigUint64(writer.length + 1, value, true);
  writer.length += 9;
}

export function putRaw(writer: ByteWriter, source: Uint8Array): void {
  const { length } = source;
  makeRoom(writer, length);
  const { bytes } = writer;
  const at = writer.length;
  if (length < LOOP_BYTES) for (let i = 0; i < length; i++) bytes[at + i] = source[i]!;
  else bytes.set(source, at);
  writer.length = at + length;
}

/** Tag, length and bytes. */
export function putBytes(writer: ByteWriter, tag: number, source: Uint8Array): void {
  putVarint(writer, tag);
  putVarint(writer, source.length);
  putRaw(writer, source);
}

/** Starts an embedded message whose length is not known yet; hand the answer to `endMessage`. */
export function beginMessage(writer: ByteWriter, tag: number): number {
  putVarint(writer, tag);
  makeRoom(writer, 1);
  return writer.length++;
}

export function endMessage(writer: ByteWriter, mark: number): void {
  const size = writer.length - mark - 1;
  let extra = 0;
  for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 128)) extra++;
  if (extra > 0) {
    makeRoom(writer, extra);
    writer.bytes.copyWithin(mark + 1 + extra, mark + 1, writer.length);
  }
  writer.length = mark;
  putVarint(writer, size);
  writer.length += size;
}

/** What was written, without a copy: valid until the next write. */
export function written(writer: ByteWriter): Uint8Array {
  return writer.bytes.subarray(0, writer.length);
}
