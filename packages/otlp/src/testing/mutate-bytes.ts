/** Damages bytes as fuzzers do: flips, cuts, splices, insertions, wrong lengths, swapped ranges. */
import type { Random } from '@sluice/core/testing/random';

/** Bytes that mean much on the wire: length and varint edges, group tags, broken UTF-8 leads. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0b, 0x0c, 0x0a, 0x12, 0x0f, 0xc0, 0xed, 0xf4];

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setEdge,
  truncate,
  insert,
  remove,
  duplicateRange,
  swapRanges,
  nudge,
  lengthen,
];

export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let mutated = bytes;
  for (let i = random.pick([1, 1, 1, 2, 4]); i > 0; i--) mutated = random.pick(MUTATIONS)(mutated, random);
  return mutated;
}

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const mutated = bytes.slice();
  if (bytes.length > 0) mutated[random.below(bytes.length)]! ^= 1 << random.below(8);
  return mutated;
}

function setEdge(bytes: Uint8Array, random: Random): Uint8Array {
  const mutated = bytes.slice();
  if (bytes.length > 0) mutated[random.below(bytes.length)] = random.pick(EDGES);
  return mutated;
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.below(bytes.length + 1));
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const added = Array.from({ length: 1 + random.below(4) }, () =>
    random.chance(0.5) ? random.pick(EDGES) : random.below(256),
  );
  return concat(bytes.subarray(0, at), Uint8Array.from(added), bytes.subarray(at));
}

function remove(bytes: Uint8Array, random: Random): Uint8Array {
  const [start, end] = range(bytes, random);
  return concat(bytes.subarray(0, start), bytes.subarray(end));
}

function duplicateRange(bytes: Uint8Array, random: Random): Uint8Array {
  const [start, end] = range(bytes, random);
  return concat(bytes.subarray(0, end), bytes.subarray(start));
}

function swapRanges(bytes: Uint8Array, random: Random): Uint8Array {
  const [start, end] = range(bytes, random);
  const middle = start + random.below(end - start + 1);
  return concat(
    bytes.subarray(0, start),
    bytes.subarray(middle, end),
    bytes.subarray(start, middle),
    bytes.subarray(end),
  );
}

/** One up or down: mostly a length that is off by one. */
function nudge(bytes: Uint8Array, random: Random): Uint8Array {
  const mutated = bytes.slice();
  if (bytes.length > 0) mutated[random.below(bytes.length)]! += random.chance(0.5) ? 1 : -1;
  return mutated;
}

/** A byte becomes the start of a long varint. */
function lengthen(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  const tail = new Uint8Array(random.below(11)).fill(random.pick([0x80, 0xff]));
  return concat(
    bytes.subarray(0, at),
    Uint8Array.of(bytes[at]! | 0x80),
    tail,
    Uint8Array.of(random.pick([0x00, 0x01, 0x0f, 0x7f])),
    bytes.subarray(at + 1),
  );
}

function range(bytes: Uint8Array, random: Random): readonly [number, number] {
  const start = random.below(bytes.length + 1);
  return [start, Math.min(bytes.length, start + random.below(40))];
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
