/** Writes the compact binary form of blocks and objects: varints, doubles, texts. */
import type { Level } from '../model/snapshot.ts';

const textEncoder = new TextEncoder();
/** Up to here a loop over the characters beats the native encoder. */
const SHORT_TEXT_CHARS = 32;

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 4096) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number in [0, 2^53). */
  uint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number in (-2^52, 2^52), small ones short. */
  int(value: number): void {
    this.uint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  text(value: string): void {
    const chars = value.length;
    this.#reserve(chars * 3 + 8);
    if (chars <= SHORT_TEXT_CHARS && this.#shortText(value)) return;
    const bytes = textEncoder.encode(value);
    this.uint(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Bytes with their length before them. */
  blob(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }

  /** 16 hex digits as 8 bytes. */
  hex64(value: string): void {
    this.#reserve(8);
    this.#view.setUint32(this.#length, Number.parseInt(value.slice(0, 8), 16));
    this.#view.setUint32(this.#length + 4, Number.parseInt(value.slice(8), 16));
    this.#length += 8;
  }

  /**
   * Any level, exactly. Whole numbers from 0 take the space of their digits: an even first varint is twice
   * the number, an odd one tells the form of what follows.
   */
  level(value: Level): void {
    if (typeof value === 'bigint') {
      this.uint(LEVEL_FORM.large);
      this.text(value.toString(36));
    } else if (!Number.isInteger(value) || Math.abs(value) >= MAX_SHORT_LEVEL || Object.is(value, -0)) {
      this.#fraction(value);
    } else if (value >= 0) {
      this.uint(value * 2);
    } else {
      this.uint(LEVEL_FORM.negative);
      this.uint(-value);
    }
  }

  /** Decimals of a few digits in the space of those: bucket bounds, sums of rounded durations. */
  #fraction(value: number): void {
    const thousandths = Math.round(value * 1e3);
    const millionths = Math.round(value * 1e6);
    if (thousandths / 1e3 === value && isShort(thousandths)) {
      this.uint(LEVEL_FORM.thousandths);
      this.int(thousandths);
    } else if (millionths / 1e6 === value && isShort(millionths)) {
      this.uint(LEVEL_FORM.millionths);
      this.int(millionths);
    } else {
      this.uint(LEVEL_FORM.double);
      this.double(value);
    }
  }

  #shortText(value: string): boolean {
    const start = this.#length + 1;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[start + i] = code;
    }
    this.#bytes[start - 1] = value.length;
    this.#length = start + value.length;
    return true;
  }

  #reserve(extraBytes: number): void {
    const needed = this.#length + extraBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Twice this fits a double exactly. */
const MAX_SHORT_LEVEL = 2 ** 51;

/** Stored: append only. */
export const LEVEL_FORM = { negative: 1, double: 3, large: 5, thousandths: 7, millionths: 9 } as const;

function isShort(whole: number): boolean {
  return whole !== 0 && Math.abs(whole) < MAX_SHORT_LEVEL;
}
