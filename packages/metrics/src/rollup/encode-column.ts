/**
 * One column of a page. Whole numbers go as differences, others as what changed of their 64 bits since the
 * one before (after Gorilla, Pelkonen et al. 2015, to the byte instead of the bit, so that gzip can work on it).
 */
import { type ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import type { ByteWriter } from '../codec/byte-writer.ts';
import { toLevel } from '../model/level.ts';
import type { Column } from './rollup-entry.ts';

const FORM = { constantInteger: 0, constantDouble: 1, integers: 2, doubles: 3, bigints: 4 } as const;
/** Beyond it a difference of two may not be exact. */
const MAX_INTEGER = 2 ** 51;

/** Far more than the slots of any file: damage must not ask for memory. */
const MAX_LENGTH = 100_000;

const scratch = new DataView(new ArrayBuffer(8));

export function encodeColumn(writer: ByteWriter, column: Column): void {
  if (!(column instanceof Float64Array)) {
    writer.byte(FORM.bigints);
    let previous = 0n;
    for (const value of column) {
      writer.level(toLevel(value - previous));
      previous = value;
    }
    return;
  }
  const isInteger = column.every(isShortInteger);
  if (column.length > 0 && column.every((value) => Object.is(value, column[0]))) {
    writer.byte(isInteger ? FORM.constantInteger : FORM.constantDouble);
    if (isInteger) writer.int(column[0]!);
    else writer.double(column[0]!);
    return;
  }
  if (isInteger) {
    writer.byte(FORM.integers);
    let previous = 0;
    for (let i = 0; i < column.length; i++) {
      writer.int(column[i]! - previous);
      previous = column[i]!;
    }
    return;
  }
  writer.byte(FORM.doubles);
  encodeDoubles(writer, column);
}

/** `length`: as many values as were encoded. @throws DamagedBytes */
export function decodeColumn(reader: ByteReader, length: number): Column {
  if (length > MAX_LENGTH) throw new DamagedBytes(`rollup page has a column of ${length} values`);
  const form = reader.byte();
  if (form === FORM.bigints) {
    let previous = 0n;
    return Array.from({ length }, () => {
      previous += wholeLevel(reader);
      return previous;
    });
  }
  const column = new Float64Array(length);
  switch (form) {
    case FORM.constantInteger:
      return column.fill(reader.int());
    case FORM.constantDouble:
      return column.fill(reader.double());
    case FORM.integers: {
      let previous = 0;
      for (let i = 0; i < length; i++) {
        previous += reader.int();
        column[i] = previous;
      }
      return column;
    }
    case FORM.doubles:
      decodeDoubles(reader, column);
      return column;
    default:
      throw new DamagedBytes(`rollup page has a column of unknown form ${form}`);
  }
}

function wholeLevel(reader: ByteReader): bigint {
  const level = reader.level();
  if (typeof level === 'bigint' || Number.isInteger(level)) return BigInt(level);
  throw new DamagedBytes(`rollup page has ${level} where a whole number belongs`);
}

/** The difference of two such is exact. */
export function isShortInteger(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= MAX_INTEGER && !Object.is(value, -0);
}

/** A byte with the zero bytes before and behind what changed (4 bits each), then the bytes between. */
function encodeDoubles(writer: ByteWriter, column: Float64Array): void {
  let high = 0;
  let low = 0;
  for (let i = 0; i < column.length; i++) {
    scratch.setFloat64(0, column[i]!);
    const nextHigh = scratch.getUint32(0);
    const nextLow = scratch.getUint32(4);
    scratch.setUint32(0, nextHigh ^ high);
    scratch.setUint32(4, nextLow ^ low);
    high = nextHigh;
    low = nextLow;
    let from = 0;
    while (from < 8 && scratch.getUint8(from) === 0) from++;
    let to = 8;
    while (to > from && scratch.getUint8(to - 1) === 0) to--;
    writer.byte((from << 4) | (8 - to));
    for (let at = from; at < to; at++) writer.byte(scratch.getUint8(at));
  }
}

function decodeDoubles(reader: ByteReader, column: Float64Array): void {
  let high = 0;
  let low = 0;
  for (let i = 0; i < column.length; i++) {
    const shape = reader.byte();
    const from = shape >> 4;
    const to = 8 - (shape & 0x0f);
    if (from > to) throw new DamagedBytes(`rollup page has a number of impossible shape ${shape}`);
    scratch.setUint32(0, 0);
    scratch.setUint32(4, 0);
    for (let at = from; at < to; at++) scratch.setUint8(at, reader.byte());
    high = (high ^ scratch.getUint32(0)) >>> 0;
    low = (low ^ scratch.getUint32(4)) >>> 0;
    scratch.setUint32(0, high);
    scratch.setUint32(4, low);
    column[i] = scratch.getFloat64(0);
  }
}
