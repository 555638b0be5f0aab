/**
 * The number in [0, 1) by which `limit_ratio` decides on a series: XXH64 of its labels over 2^64, the same
 * as Prometheus computes, so that both take the same series.
 */
import type { Labels } from '../model/labels.ts';

const MASK = 0xffff_ffff_ffff_ffffn;
const PRIME = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

export function hashFraction(labels: Labels): number {
  return Number(xxh64(encodeLabels(labels))) / 2 ** 64;
}

/** Names and values in order, each behind its length: one byte, or 255 and three bytes. */
function encodeLabels(labels: Labels): Uint8Array {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const text of labels.flatMap(({ name, value }) => [name, value])) {
    const encoded = encoder.encode(text);
    const { length } = encoded;
    if (length < 255) bytes.push(length);
    else bytes.push(255, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff);
    for (const byte of encoded) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** XXH64 with seed 0 (xxHash specification, § XXH64). */
export function xxh64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const lanes = [(PRIME[0] + PRIME[1]) & MASK, PRIME[1], 0n, -PRIME[0] & MASK];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + lane * 8, true));
      }
    }
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & MASK;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * PRIME[0] + PRIME[3]) & MASK;
  } else hash = PRIME[4];
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * PRIME[0] + PRIME[3]) & MASK;
  }
  if (at + 4 <= bytes.length) {
    hash =
      (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * PRIME[0]) & MASK), 23n) * PRIME[1] + PRIME[2]) &
      MASK;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = (rotate(hash ^ ((BigInt(bytes[at]!) * PRIME[4]) & MASK), 11n) * PRIME[0]) & MASK;
  }
  hash = ((hash ^ (hash >> 33n)) * PRIME[1]) & MASK;
  hash = ((hash ^ (hash >> 29n)) * PRIME[2]) & MASK;
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * PRIME[1]) & MASK, 31n) * PRIME[0]) & MASK;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}
