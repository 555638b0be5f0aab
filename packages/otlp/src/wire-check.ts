/**
 * Steps of the wire walker: each checks one piece of the protobuf wire format between `at` and `end` and
 * leaves the position behind it in `cursor`. Plain functions over an array and numbers, so that a walk
 * makes no objects; the first malformed byte throws.
 */
import { isUtf8 } from 'node:buffer';
import { OtlpFormatError } from './format-error.ts';
import { MAX_NESTING, WIRE } from './wire.ts';

/** Where the last step stopped. */
export let cursor = 0;
/** The two halves of the last varint that `readVarint` read. */
export let varintLow = 0;
export let varintHigh = 0;

/** From here on the native UTF-8 check beats a loop, its call included. */
const NATIVE_UTF8_BYTES = 256;
const MAX_LENGTH = 0x7fffffff;

export function fail(message: string, offset: number): never {
  throw new OtlpFormatError(message, { offset });
}

/** A tag of any length: at most 32 bits in five bytes (protobuf's limit for field numbers). */
export function readTag(bytes: Uint8Array, at: number, end: number): number {
  if (at < end) {
    const tag = bytes[at]!;
    if (tag < 0x80) {
      cursor = at + 1;
      return tag;
    }
  }
  return readLongTag(bytes, at, end);
}

function readLongTag(bytes: Uint8Array, at: number, end: number): number {
  let tag = 0;
  let scale = 1;
  for (let i = 0; i < 5 && at + i < end; i++) {
    const byte = bytes[at + i]!;
    tag += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (tag > 0xffffffff) break;
      cursor = at + i + 1;
      return tag;
    }
    scale *= 128;
  }
  return fail('the tag of a field is cut off or longer than 32 bits', at);
}

/** Reads the length at `at`; returns where the content stops, with `cursor` where it starts. */
export function enter(bytes: Uint8Array, at: number, end: number): number {
  if (at < end) {
    const length = bytes[at]!;
    if (length < 0x80) {
      const stop = at + 1 + length;
      if (stop > end) failLength(length, at);
      cursor = at + 1;
      return stop;
    }
  }
  return enterLong(bytes, at, end);
}

function enterLong(bytes: Uint8Array, at: number, end: number): number {
  const next = readVarint(bytes, at, end);
  if (varintHigh !== 0 || varintLow > MAX_LENGTH) fail('a length is larger than 2 GiB', at);
  if (next + varintLow > end) failLength(varintLow, at);
  return next + varintLow;
}

function failLength(length: number, at: number): never {
  return fail(`a length of ${length} runs past the end of its message`, at);
}

/** Returns the position behind a varint; protobuf allows ten bytes. */
export function skipVarint(bytes: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + 10);
  for (let next = at; next < limit; next++) {
    if (bytes[next]! < 0x80) {
      cursor = next + 1;
      return next + 1;
    }
  }
  return fail(end - at < 10 ? 'a varint is cut off' : 'a varint is longer than 10 bytes', at);
}

/** As `skipVarint`, with the value in `varintLow` and `varintHigh`; bits beyond 64 are dropped. */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  const next = skipVarint(bytes, at, end);
  let low = 0;
  let high = 0;
  for (let i = at, shift = 0; i < next; i++, shift += 7) {
    const bits = bytes[i]! & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (shift - 32);
  }
  varintLow = low >>> 0;
  varintHigh = high >>> 0;
  return next;
}

/** Returns the position behind `size` bytes. */
export function skipFixed(at: number, end: number, size: 4 | 8): number {
  if (at + size > end) fail(`a fixed${size * 8} is cut off`, at);
  return at + size;
}

/**
 * Returns the position behind a field that the schema does not know; `at` is behind its tag. A bit in
 * `known` is set for each field number of the schema: those come here only with a wrong wire type, which
 * other decoders refuse or read as something else, so it is refused here.
 */
export function skipUnknown(bytes: Uint8Array, at: number, end: number, tag: number, known: number): number {
  const field = tag >>> 3;
  if (field === 0) fail('field number 0 is not allowed', at);
  if (field < 31 && ((known >>> field) & 1) === 1) {
    fail(`field ${field} has wire type ${tag & 7}, which is not the type that OTLP gives it`, at);
  }
  return skipValue(bytes, at, end, tag, 1);
}

function skipValue(bytes: Uint8Array, at: number, end: number, tag: number, depth: number): number {
  switch (tag & 7) {
    case WIRE.varint:
      return skipVarint(bytes, at, end);
    case WIRE.fixed64:
      return skipFixed(at, end, 8);
    case WIRE.bytes:
      return enter(bytes, at, end);
    case WIRE.startGroup:
      return skipGroup(bytes, at, end, tag >>> 3, depth);
    case WIRE.endGroup:
      return fail(`the end of group ${tag >>> 3} stands where no group began`, at);
    case WIRE.fixed32:
      return skipFixed(at, end, 4);
    default:
      return fail(`wire type ${tag & 7} does not exist`, at);
  }
}

function skipGroup(bytes: Uint8Array, from: number, end: number, field: number, depth: number): number {
  if (depth > MAX_NESTING) fail(`groups nest deeper than ${MAX_NESTING} levels`, from);
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag < 8) fail('field number 0 is not allowed', at);
    if ((tag & 7) === WIRE.endGroup) {
      if (tag >>> 3 !== field) fail(`group ${field} ends as group ${tag >>> 3}`, at);
      return at;
    }
    at = skipValue(bytes, at, end, tag, depth + 1);
  }
  return fail(`group ${field} does not end`, from);
}

/** Fails unless the bytes from `at` to `stop` are UTF-8, as protobuf demands of every string. */
export function checkText(bytes: Uint8Array, at: number, stop: number): void {
  if (stop - at >= NATIVE_UTF8_BYTES) {
    if (!isUtf8(bytes.subarray(at, stop))) failText(at);
    return;
  }
  let seen = 0;
  for (let i = at; i < stop; i++) seen |= bytes[i]!;
  if (seen >= 0x80) checkMultibyteText(bytes, at, stop);
}

/** The well-formed byte sequences of the Unicode standard, table 3-7. */
function checkMultibyteText(bytes: Uint8Array, from: number, stop: number): void {
  let at = from;
  while (at < stop) {
    const lead = bytes[at++]!;
    if (lead < 0x80) continue;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (lead < 0xc2 || lead > 0xf4 || at + more > stop) failText(from);
    const second = bytes[at]!;
    const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) failText(from);
    for (let i = 1; i < more; i++) {
      if ((bytes[at + i]! & 0xc0) !== 0x80) failText(from);
    }
    at += more;
  }
}

function failText(at: number): never {
  return fail('a string is not valid UTF-8', at);
}
