/**
 * Cuts ranges out of a protobuf message and corrects the lengths of the messages around them. It needs no
 * schema: a field that strictly holds a range is an embedded message, everything else is copied as it is.
 */
import { ProtoWriter } from './proto-writer.ts';
import { WIRE } from './wire.ts';
import { cursor, enter, readTag, skipUnknown } from './wire-check.ts';

/** `cuts` are pairs of start and end of whole fields, rising and apart; the bytes must be well-formed. */
export function cutItems(bytes: Uint8Array, cuts: readonly number[]): Uint8Array {
  const writer = new ProtoWriter(bytes.length);
  let next = 0;

  /** Copies from `from` to `end`, which hold at least one cut. */
  const copy = (from: number, end: number): void => {
    let at = from;
    let kept = from;
    while (next < cuts.length && cuts[next]! < end) {
      const cutStart = cuts[next]!;
      const field = fieldAround(bytes, at, cutStart, end);
      writer.raw(bytes.subarray(kept, field.start));
      if (field.start === cutStart) {
        at = cuts[next + 1]!;
        next += 2;
      } else {
        const mark = writer.begin(field.tag >>> 3);
        copy(field.content, field.end);
        writer.end(mark);
        at = field.end;
      }
      kept = at;
    }
    writer.raw(bytes.subarray(kept, end));
  };

  copy(0, bytes.length);
  return writer.finish();
}

interface FieldPlace {
  readonly tag: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/** The field that begins at `place` or holds it, looking from `from`. */
function fieldAround(bytes: Uint8Array, from: number, place: number, end: number): FieldPlace {
  let start = from;
  for (;;) {
    const tag = readTag(bytes, start, end);
    const content = cursor;
    const stop = fieldEnd(bytes, content, end, tag);
    if (stop > place) return { tag, start, content: (tag & 7) === WIRE.bytes ? cursor : content, end: stop };
    start = stop;
  }
}

function fieldEnd(bytes: Uint8Array, at: number, end: number, tag: number): number {
  return (tag & 7) === WIRE.bytes ? enter(bytes, at, end) : skipUnknown(bytes, at, end, tag, 0);
}
