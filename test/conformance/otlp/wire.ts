/**
 * A protobuf writer that lets a case write anything, sound or not. Independent of the code under test, so
 * that a mistake in one is not repeated by the other.
 */
export type Bytes = Uint8Array;

export const WIRE = { varint: 0, fixed64: 1, len: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

export function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

export function tag(field: number, wireType: number): Buffer {
  return varint((BigInt(field) << 3n) | BigInt(wireType));
}

/** A length-delimited field: string, bytes, embedded message or packed values. */
export function len(field: number, ...parts: readonly (Bytes | string)[]): Buffer {
  const content = join(...parts);
  return Buffer.concat([tag(field, WIRE.len), varint(content.length), content]);
}

export function uint(field: number, value: number | bigint): Buffer {
  return Buffer.concat([tag(field, WIRE.varint), varint(value)]);
}

export function fixed64(field: number, value: number | bigint): Buffer {
  return Buffer.concat([tag(field, WIRE.fixed64), raw64(value)]);
}

export function fixed32(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return Buffer.concat([tag(field, WIRE.fixed32), bytes]);
}

export function double(field: number, value: number): Buffer {
  return Buffer.concat([tag(field, WIRE.fixed64), rawDouble(value)]);
}

export function packed64(field: number, values: readonly (number | bigint)[]): Buffer {
  return len(field, ...values.map(raw64));
}

export function packedDoubles(field: number, values: readonly number[]): Buffer {
  return len(field, ...values.map(rawDouble));
}

/** Two's complement zigzag, as sint32 and sint64 are written. */
export function sint(field: number, value: number): Buffer {
  return uint(field, value < 0 ? -2 * value - 1 : 2 * value);
}

export function join(...parts: readonly (Bytes | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

function raw64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

function rawDouble(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
