/** Changes single fields of a protobuf message and copies the rest: nothing that was not changed is encoded again. */
import { OtlpFormatError } from '@sluice/otlp/format-error';
import { WIRE } from '@sluice/otlp/wire';

export interface WireField {
  readonly number: number;
  readonly wireType: number;
  /** Of the payload: behind the tag and, for bytes, behind the length. */
  readonly start: number;
  readonly end: number;
}

/** The whole field anew, `'drop'` to leave it out, or `undefined` to copy it. */
export type FieldEdit = Uint8Array | 'drop' | undefined;

/** Answers the payload of the message anew, or `undefined` when no field was changed. @throws OtlpFormatError */
export function editFields(
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  edit: (field: WireField) => FieldEdit,
): Uint8Array | undefined {
  let pieces: Uint8Array[] | undefined;
  let copied = start;
  let at = start;
  while (at < end) {
    const field = readField(bytes, at, end);
    const change = edit(field);
    if (change !== undefined) {
      pieces ??= [];
      pieces.push(bytes.subarray(copied, at));
      if (change !== 'drop') pieces.push(change);
      copied = field.end;
    }
    at = field.end;
  }
  if (pieces === undefined) return undefined;
  pieces.push(bytes.subarray(copied, end));
  return Buffer.concat(pieces);
}

/** A length-delimited field. */
export function bytesField(number: number, payload: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + WIRE.bytes), varint(payload.length), payload]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.of(...bytes, rest);
}

function readField(bytes: Uint8Array, at: number, end: number): WireField {
  const tag = readVarint(bytes, at, end);
  const number = Math.floor(tag.value / 8);
  const wireType = tag.value % 8;
  let start = tag.next;
  let stop: number;
  switch (wireType) {
    case WIRE.varint:
      stop = readVarint(bytes, start, end).next;
      break;
    case WIRE.fixed64:
      stop = start + 8;
      break;
    case WIRE.fixed32:
      stop = start + 4;
      break;
    case WIRE.bytes: {
      const length = readVarint(bytes, start, end);
      start = length.next;
      stop = start + length.value;
      break;
    }
    default:
      stop = groupEnd(bytes, start, end);
  }
  if (stop > end) throw new OtlpFormatError(`field at byte ${at} does not end`, { offset: at });
  return { number, wireType, start, end: stop };
}

/** Groups are of no OTLP message; one in an unknown field is passed over with what it holds. */
function groupEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let depth = 1;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    const wireType = tag.value % 8;
    if (wireType === WIRE.startGroup || wireType === WIRE.endGroup) {
      depth += wireType === WIRE.startGroup ? 1 : -1;
      at = tag.next;
      if (depth === 0) return at;
    } else {
      at = readField(bytes, at, end).end;
    }
  }
  throw new OtlpFormatError(`group at byte ${start} does not end`, { offset: start });
}

function readVarint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly value: number; readonly next: number } {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end && i < at + 10; i++) {
    const byte = bytes[i]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: i + 1 };
    scale *= 128;
  }
  throw new OtlpFormatError(`varint at byte ${at} does not end`, { offset: at });
}
