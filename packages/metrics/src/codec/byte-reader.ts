/** Reads what ByteWriter wrote. Bytes that it cannot have written throw DamagedBytes. */
import type { Level } from '../model/snapshot.ts';
import { LEVEL_FORM } from './byte-writer.ts';

export class DamagedBytes extends Error {
  override readonly name = 'DamagedBytes';
}

/** Texts up to this size are looked up among those read before: labels repeat. */
const MAX_CACHED_BYTES = 40;
/** A power of two. */
const CACHE_SLOTS = 8192;
const cachedTexts: string[] = new Array<string>(CACHE_SLOTS).fill('');

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw this.#short();
    return this.#bytes[this.#at++]!;
  }

  uint(): number {
    const bytes = this.#bytes;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      if (this.#at >= bytes.length) throw this.#short();
      const next = bytes[this.#at++]!;
      if (next < 0x80) return value + next * scale;
      value += (next & 0x7f) * scale;
      scale *= 128;
    }
    throw new DamagedBytes(`a number of more than 8 bytes at ${this.#at}`);
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A count of things that follow, of which each takes `leastBytes` or more. */
  count(leastBytes = 1): number {
    const count = this.uint();
    if (count * leastBytes > this.left) throw this.#short();
    return count;
  }

  double(): number {
    if (this.left < 8) throw this.#short();
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  text(): string {
    const size = this.count();
    const start = this.#at;
    this.#at += size;
    if (size > MAX_CACHED_BYTES) return this.#buffer.toString('utf8', start, start + size);
    let hash = size;
    for (let i = start; i < start + size; i++) hash = (Math.imul(hash, 31) + this.#bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 13)) & (CACHE_SLOTS - 1);
    const cached = cachedTexts[slot]!;
    if (this.#holds(cached, start, size)) return cached;
    const text = this.#buffer.toString('utf8', start, start + size);
    cachedTexts[slot] = text;
    return text;
  }

  raw(size: number): Uint8Array {
    if (this.left < size) throw this.#short();
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  blob(): Uint8Array {
    return this.raw(this.count());
  }

  hex64(): string {
    if (this.left < 8) throw this.#short();
    this.#at += 8;
    return this.#buffer.toString('hex', this.#at - 8, this.#at);
  }

  level(): Level {
    const first = this.uint();
    if (first % 2 === 0) return first / 2;
    switch (first) {
      case LEVEL_FORM.negative:
        return -this.uint();
      case LEVEL_FORM.double:
        return this.double();
      case LEVEL_FORM.large:
        return fromBase36(this.text());
      case LEVEL_FORM.thousandths:
        return this.int() / 1e3;
      case LEVEL_FORM.millionths:
        return this.int() / 1e6;
      default:
        throw new DamagedBytes(`level form ${first} is not known`);
    }
  }

  #holds(text: string, start: number, size: number): boolean {
    if (text.length !== size) return false;
    for (let i = 0; i < size; i++) {
      if (text.charCodeAt(i) !== this.#bytes[start + i]) return false;
    }
    return true;
  }

  #short(): DamagedBytes {
    return new DamagedBytes(`the bytes end at ${this.#bytes.length}, in the middle of something`);
  }
}

function fromBase36(text: string): bigint {
  if (!/^-?[0-9a-z]+$/.test(text)) throw new DamagedBytes('a large integer is not in base 36');
  const isNegative = text.startsWith('-');
  let value = 0n;
  for (const digit of isNegative ? text.slice(1) : text)
    value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return isNegative ? -value : value;
}
