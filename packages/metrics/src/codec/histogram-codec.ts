/** Bounds and exponential buckets as bytes. */
import type { Level, NativeLevels } from '../model/snapshot.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

export function writeBounds(writer: ByteWriter, bounds: readonly number[]): void {
  writer.uint(bounds.length);
  for (const bound of bounds) writer.double(bound);
}

export function readBounds(reader: ByteReader): readonly number[] {
  return Array.from({ length: reader.count(8) }, () => reader.double());
}

export function writeNative(writer: ByteWriter, native: NativeLevels): void {
  writer.int(native.scale);
  writer.level(native.zeroThreshold);
  writer.level(native.zeroCount);
  writeBuckets(writer, native.positive);
  writeBuckets(writer, native.negative);
}

export function readNative(reader: ByteReader): {
  scale: number;
  zeroThreshold: number;
  zeroCount: Level;
  positive: Map<number, Level>;
  negative: Map<number, Level>;
} {
  return {
    scale: reader.int(),
    zeroThreshold: Number(reader.level()),
    zeroCount: reader.level(),
    positive: readBuckets(reader),
    negative: readBuckets(reader),
  };
}

function writeBuckets(writer: ByteWriter, buckets: ReadonlyMap<number, Level>): void {
  writer.uint(buckets.size);
  let last = 0;
  for (const index of [...buckets.keys()].sort((a, b) => a - b)) {
    writer.int(index - last);
    last = index;
    writer.level(buckets.get(index)!);
  }
}

function readBuckets(reader: ByteReader): Map<number, Level> {
  const buckets = new Map<number, Level>();
  let index = 0;
  for (let left = reader.count(2); left > 0; left--) {
    index += reader.int();
    buckets.set(index, reader.level());
  }
  return buckets;
}
