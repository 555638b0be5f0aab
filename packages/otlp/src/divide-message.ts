/** Parts one message on the wire into the occurrences of one of its fields and everything around them. */
import { varintBytes } from './proto-writer.ts';
import { WIRE } from './wire.ts';
import { cursor, enter, readTag, skipUnknown } from './wire-check.ts';

export interface FieldRange {
  /** Of the tag. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/** Bytes of a message around the fields that are split off. Compared by identity. */
export interface Envelope {
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
}

export interface DividedMessage {
  readonly around: Envelope;
  readonly inner: readonly FieldRange[];
}

/** @throws OtlpFormatError on malformed bytes. */
export function divideMessage(
  bytes: Uint8Array,
  message: Pick<FieldRange, 'content' | 'end'>,
  field: number,
): DividedMessage {
  const inner = fieldsOf(bytes, message.content, message.end, field);
  const pieces: Uint8Array[] = [];
  let size = 0;
  let at = message.content;
  const keep = (end: number): void => {
    if (end > at) pieces.push(bytes.subarray(at, end));
    size += end - at;
  };
  for (const { start, end } of inner) {
    keep(start);
    at = end;
  }
  keep(message.end);
  return { around: { pieces, size }, inner };
}

/** The occurrences of one length-delimited field between `from` and `end`. */
export function fieldsOf(bytes: Uint8Array, from: number, end: number, field: number): readonly FieldRange[] {
  const found: FieldRange[] = [];
  let at = from;
  while (at < end) {
    const start = at;
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag === ((field << 3) | WIRE.bytes)) {
      at = enter(bytes, at, end);
      found.push({ start, content: cursor, end: at });
    } else at = skipUnknown(bytes, at, end, tag, 0);
  }
  return found;
}

/** Size of a message of `size` bytes with a tag of one byte and its length. */
export function framed(size: number): number {
  return 1 + varintBytes(size) + size;
}
