/**
 * A cursor over protobuf bytes that hands out positions instead of values: whoever walks a batch of spans
 * touches a few fields of each and must not pay for the others.
 */
import { PermanentError } from '@sluice/core/errors';
import { MAX_NESTING, WIRE } from '@sluice/otlp/wire';

export class FieldReader {
  readonly bytes: Uint8Array;
  /** Where the next read starts. */
  at = 0;
  /** Where the message that is being read ends. */
  end: number;
  /** Of the field that `next` went to. */
  field = 0;
  wireType = 0;
  /** Of a field of type `bytes`: where its content lies. */
  start = 0;
  stop = 0;
  /** Of a field of type `varint`, exact up to 2^53. */
  value = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Goes into a message; what is read from then on is its fields. */
  enter(start: number, end: number): void {
    this.at = start;
    this.end = end;
  }

  /**
   * Reads the next field whole: a varint into `value`, bytes into `start` and `stop`, a fixed number's
   * place into `start`. False at the end of the message. @throws PermanentError on malformed bytes.
   */
  next(): boolean {
    const { bytes, at, end } = this;
    if (at >= end) return false;
    // Nearly every field has a tag and a size of one byte each.
    const first = bytes[at]!;
    if ((first & 0x87) === WIRE.bytes && at + 1 < end) {
      const size = bytes[at + 1]!;
      const stop = at + 2 + size;
      if (size < 0x80 && stop <= end) {
        this.field = first >>> 3;
        this.wireType = WIRE.bytes;
        this.start = at + 2;
        this.stop = stop;
        this.at = stop;
        return true;
      }
    }
    const tag = this.#varint();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    switch (this.wireType) {
      case WIRE.varint:
        this.value = this.#varint();
        return true;
      case WIRE.bytes: {
        const size = this.#varint();
        this.#take(size);
        return true;
      }
      case WIRE.fixed64:
        this.#take(8);
        return true;
      case WIRE.fixed32:
        this.#take(4);
        return true;
      case WIRE.startGroup:
        this.#skipGroup(this.field);
        return true;
      default:
        throw new PermanentError(`wire type ${this.wireType} at byte ${this.at} does not exist`);
    }
  }

  /** Groups are older than OTLP and only stand in unknown fields: nothing of them is of interest. */
  #skipGroup(field: number, depth = 1): void {
    if (depth > MAX_NESTING) throw new PermanentError(`groups nested deeper than ${MAX_NESTING}`);
    while (this.at < this.end) {
      const tag = this.#varint();
      const wireType = tag & 7;
      if (wireType === WIRE.endGroup) {
        if (tag >>> 3 !== field) break;
        this.field = field;
        this.wireType = WIRE.startGroup;
        return;
      }
      if (wireType === WIRE.startGroup) this.#skipGroup(tag >>> 3, depth + 1);
      else if (wireType === WIRE.varint) this.#varint();
      else this.#take(wireType === WIRE.fixed64 ? 8 : wireType === WIRE.fixed32 ? 4 : this.#varint());
    }
    throw new PermanentError(`a group of field ${field} does not end`);
  }

  #take(size: number): void {
    this.start = this.at;
    this.stop = this.at + size;
    if (this.stop > this.end) {
      throw new PermanentError(
        `a field of ${size} bytes at byte ${this.at} runs past the end of its message`,
      );
    }
    this.at = this.stop;
  }

  #varint(): number {
    const { bytes } = this;
    const first = bytes[this.at++]!;
    if (first < 0x80 && this.at <= this.end) return first;
    let value = first & 0x7f;
    let scale = 128;
    for (let count = 1; count < 10; count++) {
      if (this.at >= this.end) break;
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new PermanentError(`a number at byte ${this.at} does not end`);
  }
}
