/**
 * Writes the protobuf wire format into one growing buffer. Every method writes what it is told, also
 * defaults: whether a field is present is the caller's decision. Nested messages are written in place
 * between `begin` and `end`, so that no part is encoded twice.
 */
import { WIRE } from './wire.ts';

/** Up to here a loop over the characters beats the call into the native encoder. */
const SHORT_TEXT_CHARS = 48;
const MAX_VARINT_BYTES = 10;

const textEncoder = new TextEncoder();

export class ProtoWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 1024) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.#length = 0;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** What was written, without a copy: valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Starts an embedded message; hand the result to `end`. */
  begin(field: number): number {
    this.tag(field, WIRE.bytes);
    this.#reserve(1);
    return this.#length++;
  }

  end(mark: number): void {
    const size = this.#length - mark - 1;
    const extra = varintBytes(size) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(mark + 1 + extra, mark + 1, this.#length);
    }
    this.#length = mark;
    this.#varint(size);
    this.#length += size;
  }

  tag(field: number, wireType: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    this.#varint(field * 8 + wireType);
  }

  /** Bytes as they are, without a tag or length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  string(field: number, text: string): void {
    this.tag(field, WIRE.bytes);
    const chars = text.length;
    this.#reserve(chars * 3 + MAX_VARINT_BYTES);
    if (chars <= SHORT_TEXT_CHARS && this.#ascii(text)) return;
    // Three bytes a UTF-16 unit at most, so a length of this many digits always has room.
    const mark = this.#length;
    const width = varintBytes(chars * 3);
    const { written } = textEncoder.encodeInto(text, this.#bytes.subarray(mark + width));
    if (varintBytes(written) < width) {
      this.#bytes.copyWithin(mark + varintBytes(written), mark + width, mark + width + written);
    }
    this.#varint(written);
    this.#length += written;
  }

  bytes(field: number, value: Uint8Array): void {
    this.tag(field, WIRE.bytes);
    this.#reserve(MAX_VARINT_BYTES);
    this.#varint(value.length);
    this.raw(value);
  }

  bool(field: number, value: boolean): void {
    this.tag(field, WIRE.varint);
    this.#varint(value ? 1 : 0);
  }

  /** A whole number in [0, 2^53): uint32, uint64 and enum fields. */
  uint(field: number, value: number): void {
    this.tag(field, WIRE.varint);
    this.#varint(value);
  }

  /** int32, int64 and uint64 fields; a negative number takes ten bytes. */
  int64(field: number, value: bigint): void {
    this.tag(field, WIRE.varint);
    this.#varint64(value);
  }

  sint32(field: number, value: number): void {
    this.tag(field, WIRE.varint);
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  double(field: number, value: number): void {
    this.tag(field, WIRE.fixed64);
    this.#double(value);
  }

  /** fixed64 and sfixed64 fields. */
  fixed64(field: number, value: bigint): void {
    this.tag(field, WIRE.fixed64);
    this.#fixed64(value);
  }

  fixed32(field: number, value: number): void {
    this.tag(field, WIRE.fixed32);
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  packedDouble(field: number, values: readonly number[]): void {
    this.#beginPacked(field, values.length * 8);
    for (const value of values) this.#double(value);
  }

  packedFixed64(field: number, values: readonly bigint[]): void {
    this.#beginPacked(field, values.length * 8);
    for (const value of values) this.#fixed64(value);
  }

  packedUint64(field: number, values: readonly bigint[]): void {
    const mark = this.begin(field);
    for (const value of values) this.#varint64(value);
    this.end(mark);
  }

  /** uint32 and int32 fields whose values are not negative. */
  packedUint32(field: number, values: readonly number[]): void {
    const mark = this.begin(field);
    for (const value of values) {
      this.#reserve(MAX_VARINT_BYTES);
      this.#varint(value);
    }
    this.end(mark);
  }

  #beginPacked(field: number, size: number): void {
    this.tag(field, WIRE.bytes);
    this.#reserve(size + MAX_VARINT_BYTES);
    this.#varint(size);
  }

  #double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  #fixed64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  /** Writes length and text when every character is ASCII; otherwise writes nothing. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.#length + 1;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + i] = code;
    }
    bytes[start - 1] = text.length;
    this.#length = start + text.length;
    return true;
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
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
    this.#length = at;
  }

  #varint64(value: bigint): void {
    this.#reserve(MAX_VARINT_BYTES);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fffffffn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#varint(Number(rest));
  }

  #reserve(extraBytes: number): void {
    const needed = this.#length + extraBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.view());
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Bytes that a whole number in [0, 2^53) takes as a varint. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
