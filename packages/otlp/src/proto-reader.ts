/**
 * Reads the protobuf wire format value by value. A decoder asks for `tag()` until it is 0, reads the value
 * that its switch expects, and hands every other tag to `skip`. Malformed bytes throw OtlpFormatError.
 */
import {
  checkText,
  cursor,
  enter,
  fail,
  readTag,
  readVarint,
  skipFixed,
  skipUnknown,
  varintHigh,
  varintLow,
} from './wire-check.ts';

/** Texts up to this size are looked up among those read before: keys and common values repeat. */
const MAX_CACHED_BYTES = 32;
/** A power of two. */
const CACHE_SLOTS = 4096;
const cachedTexts: string[] = new Array<string>(CACHE_SLOTS).fill('');

export class ProtoReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #buffer: Buffer;
  #at: number;
  #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    // A Buffer would make every access polymorphic.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  /** The next field's tag, or 0 at the end of the message. */
  tag(): number {
    const at = this.#at;
    if (at >= this.#end) return 0;
    const first = this.bytes[at]!;
    if (first < 0x80) {
      this.#at = at + 1;
      if (first < 8) fail('field number 0 is not allowed', at);
      return first;
    }
    const tag = readTag(this.bytes, at, this.#end);
    if (tag < 8) fail('field number 0 is not allowed', at);
    this.#at = cursor;
    return tag;
  }

  /** Goes into an embedded message; give the result to `leave` once `tag()` has returned 0. */
  enter(): number {
    const outer = this.#end;
    this.#end = enter(this.bytes, this.#at, outer);
    this.#at = cursor;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** `known` has a bit for each field number of the message: see `skipUnknown` of the wire walker. */
  skip(tag: number, known: number): void {
    this.#at = skipUnknown(this.bytes, this.#at, this.#end, tag, known);
  }

  fail(message: string): never {
    return fail(message, this.#at);
  }

  string(): string {
    const stop = enter(this.bytes, this.#at, this.#end);
    const start = cursor;
    this.#at = stop;
    const size = stop - start;
    if (size === 0) return '';
    if (size > MAX_CACHED_BYTES) {
      checkText(this.bytes, start, stop);
      return this.#buffer.toString('utf8', start, stop);
    }
    let hash = size;
    let seen = 0;
    for (let i = start; i < stop; i++) {
      const byte = this.bytes[i]!;
      seen |= byte;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (seen >= 0x80) {
      checkText(this.bytes, start, stop);
      return this.#buffer.toString('utf8', start, stop);
    }
    const slot = (hash ^ (hash >>> 13)) & (CACHE_SLOTS - 1);
    const cached = cachedTexts[slot]!;
    if (this.#holds(cached, start, size)) return cached;
    const text = this.#buffer.toString('latin1', start, stop);
    cachedTexts[slot] = text;
    return text;
  }

  #holds(text: string, start: number, size: number): boolean {
    if (text.length !== size) return false;
    for (let i = 0; i < size; i++) {
      if (text.charCodeAt(i) !== this.bytes[start + i]) return false;
    }
    return true;
  }

  /** A view of the input, not a copy. */
  byteString(): Uint8Array {
    const stop = enter(this.bytes, this.#at, this.#end);
    this.#at = stop;
    return this.bytes.subarray(cursor, stop);
  }

  /** A bytes field in lowercase hex. */
  hex(): string {
    const stop = enter(this.bytes, this.#at, this.#end);
    this.#at = stop;
    return this.#buffer.toString('hex', cursor, stop);
  }

  bool(): boolean {
    this.#at = readVarint(this.bytes, this.#at, this.#end);
    return varintLow !== 0 || varintHigh !== 0;
  }

  uint32(): number {
    this.#at = readVarint(this.bytes, this.#at, this.#end);
    return varintLow;
  }

  /** int32 and enum fields. */
  int32(): number {
    return this.uint32() | 0;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    this.#at = readVarint(this.bytes, this.#at, this.#end);
    return varintHigh === 0 ? BigInt(varintLow) : (BigInt(varintHigh) << 32n) | BigInt(varintLow);
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#fixed(8), true);
  }

  sfixed64(): bigint {
    return this.#view.getBigInt64(this.#fixed(8), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#fixed(8), true);
  }

  fixed32(): number {
    return this.#view.getUint32(this.#fixed(4), true);
  }

  /** Reads the values of a packed field, each with `read`. */
  packed(read: () => void): void {
    const outer = this.enter();
    while (this.#at < this.#end) read();
    this.leave(outer);
  }

  #fixed(size: 4 | 8): number {
    const at = this.#at;
    this.#at = skipFixed(at, this.#end, size);
    return at;
  }
}
