/**
 * What is refused beyond what @bufbuild/protobuf refuses. That decoder reads a known field by its declared
 * type whatever its wire type is, lets an embedded message run past the end of the one around it, and
 * drops the upper bits of long lengths; the decoders behind us (Go's) refuse all of these. This check is
 * the oracle for them: generic, with bigint arithmetic, and sharing no code with the walkers.
 */

import { type FieldSchema, type MessageSchema, SCHEMA } from '../schema.ts';
import { MAX_NESTING } from '../wire.ts';

const MAX_TAG = 2n ** 32n - 1n;
const MAX_LENGTH = 2n ** 31n - 1n;

/** The first thing wrong with the framing, or undefined. Text is not looked at. */
export function findFramingFault(schema: MessageSchema, bytes: Uint8Array): string | undefined {
  try {
    checkMessage(schema, bytes, 0);
    return undefined;
  } catch (error) {
    if (error instanceof FramingFault) return error.message;
    throw error;
  }
}

class FramingFault extends Error {}

interface Place {
  at: number;
}

function checkMessage(schema: MessageSchema, bytes: Uint8Array, values: number): void {
  if (values > MAX_NESTING) throw new FramingFault('values nest too deep');
  const place = { at: 0 };
  while (place.at < bytes.length) {
    const { field: number, wireType } = readTag(bytes, place);
    const field = schema.fields.find((known) => known.number === number);
    if (field === undefined) {
      skip(bytes, place, number, wireType, 1);
      continue;
    }
    const own = wireTypeOf(field);
    if (wireType === own) readValue(field, bytes, place, values);
    else if (wireType === 2 && field.repeated) checkPacked(own, readBytes(bytes, place));
    else throw new FramingFault(`${field.name} has wire type ${wireType}`);
  }
}

function readValue(field: FieldSchema, bytes: Uint8Array, place: Place, values: number): void {
  if (field.message === undefined) {
    skip(bytes, place, field.number, wireTypeOf(field), 1);
    return;
  }
  const inner = field.message === SCHEMA.AnyValue ? values + 1 : values;
  checkMessage(field.message, readBytes(bytes, place), inner);
}

function checkPacked(wireType: number, bytes: Uint8Array): void {
  const place = { at: 0 };
  while (place.at < bytes.length) skip(bytes, place, 0, wireType, 1);
}

function skip(bytes: Uint8Array, place: Place, field: number, wireType: number, depth: number): void {
  switch (wireType) {
    case 0:
      readVarint(bytes, place);
      return;
    case 1:
      move(bytes, place, 8);
      return;
    case 2:
      readBytes(bytes, place);
      return;
    case 3: {
      if (depth > MAX_NESTING) throw new FramingFault('groups nest too deep');
      for (;;) {
        const inner = readTag(bytes, place);
        if (inner.wireType === 4) {
          if (inner.field !== field) throw new FramingFault('another group ends');
          return;
        }
        skip(bytes, place, inner.field, inner.wireType, depth + 1);
      }
    }
    case 5:
      move(bytes, place, 4);
      return;
    default:
      throw new FramingFault(`wire type ${wireType}`);
  }
}

function readTag(bytes: Uint8Array, place: Place): { readonly field: number; readonly wireType: number } {
  const start = place.at;
  const tag = readVarint(bytes, place);
  if (tag > MAX_TAG || place.at - start > 5) throw new FramingFault('tag too long');
  if (tag < 8n) throw new FramingFault('field number 0');
  return { field: Number(tag >> 3n), wireType: Number(tag & 7n) };
}

function readVarint(bytes: Uint8Array, place: Place): bigint {
  let value = 0n;
  for (let i = 0n; i < 10n; i++) {
    const byte = bytes[place.at++];
    if (byte === undefined) throw new FramingFault('varint cut off');
    value |= BigInt(byte & 0x7f) << (7n * i);
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw new FramingFault('varint too long');
}

function readBytes(bytes: Uint8Array, place: Place): Uint8Array {
  const length = readVarint(bytes, place);
  if (length > MAX_LENGTH) throw new FramingFault('length too large');
  const start = place.at;
  move(bytes, place, Number(length));
  return bytes.subarray(start, place.at);
}

function move(bytes: Uint8Array, place: Place, size: number): void {
  place.at += size;
  if (place.at > bytes.length) throw new FramingFault('cut off');
}

function wireTypeOf({ type }: FieldSchema): number {
  switch (type) {
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return 1;
    case 'fixed32':
      return 5;
    case 'string':
    case 'bytes':
    case 'id':
    case 'message':
      return 2;
    default:
      return 0;
  }
}
