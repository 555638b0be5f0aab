/**
 * The hash tree of RFC 6962 (Certificate Transparency) over SHA-256: leaf and node hashes, a compact
 * frontier that grows one leaf at a time, inclusion and consistency proofs, and their verification.
 * Pure; knows nothing of where hashes are stored.
 */
import { hash } from 'node:crypto';

export const HASH_BYTES = 32;

/** Preimages are written here again and again: hashing is one-shot, so they are free after each call. */
const nodePreimage = Buffer.alloc(1 + 2 * HASH_BYTES, 1);
/** The first byte stays 0. */
let leafPreimage = Buffer.alloc(4096);

/** Root of the tree without leaves: SHA-256 of nothing (RFC 6962 § 2.1). */
export const EMPTY_ROOT: Uint8Array = hash('sha256', '', 'buffer');

/** MTH of one leaf: SHA-256(0x00 || entry). */
export function hashLeaf(entry: Uint8Array): Uint8Array {
  const length = entry.length + 1;
  if (length > leafPreimage.length) leafPreimage = Buffer.alloc(2 * length);
  leafPreimage.set(entry, 1);
  return hash('sha256', leafPreimage.subarray(0, length), 'buffer');
}

/** SHA-256(0x01 || left || right), of two hashes. */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodePreimage.set(left, 1);
  nodePreimage.set(right, 1 + HASH_BYTES);
  return hash('sha256', nodePreimage, 'buffer');
}

/**
 * Roots of the perfect subtrees that a tree of `size` leaves consists of, largest (leftmost) first: one
 * for each set bit of `size`. All that is needed to append and to know the root.
 */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/** Told of every perfect subtree as it becomes complete: its level (above 0) and its hash, from left to right on a level. */
export type SubtreeVisitor = (level: number, hash: Uint8Array) => void;

/** The frontier after these leaf hashes; amortised one hash a leaf. */
export function appendLeaves(
  frontier: Frontier,
  leafHashes: Iterable<Uint8Array>,
  onSubtree?: SubtreeVisitor,
): Frontier {
  const hashes = [...frontier.hashes];
  let size = frontier.size;
  for (const leafHash of leafHashes) {
    let carry = leafHash;
    let level = 0;
    for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      carry = hashNode(hashes.pop()!, carry);
      level += 1;
      onSubtree?.(level, carry);
    }
    hashes.push(carry);
    size += 1;
  }
  return { size, hashes };
}

export function rootOf({ hashes }: Frontier): Uint8Array {
  const last = hashes.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => hashNode(left, right), last);
}

/**
 * A perfect subtree: the hash over leaves [index * 2^level, (index + 1) * 2^level).
 * May answer at once or later, so that proofs can be made from memory and from a store alike.
 */
export type NodeReader = (level: number, index: number) => Uint8Array | Promise<Uint8Array>;

/** PATH(index, D[size]) of RFC 6962 § 2.1.1, leaf side first. @throws RangeError unless 0 <= index < size. */
export async function proveInclusion(
  index: number,
  size: number,
  read: NodeReader,
): Promise<readonly Uint8Array[]> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`leaf ${index} is not in a tree of ${size} leaves`);
  }
  const path: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      path.push(await rangeRoot(middle, end, read));
      end = middle;
    } else {
      path.push(await rangeRoot(start, middle, read));
      start = middle;
    }
  }
  return path.reverse();
}

/** PROOF(first, D[second]) of RFC 6962 § 2.1.2. Empty when first is 0 or equal to second. */
export async function proveConsistency(
  first: number,
  second: number,
  read: NodeReader,
): Promise<readonly Uint8Array[]> {
  if (!Number.isSafeInteger(first) || first < 0 || first > second) {
    throw new RangeError(`a tree of ${first} leaves is no beginning of one of ${second}`);
  }
  if (first === 0 || first === second) return [];
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = second;
  /** Whether the old tree is a complete subtree on the left edge: then its root is known to the verifier. */
  let whole = true;
  while (first !== end) {
    const middle = start + splitPoint(end - start);
    if (first <= middle) {
      proof.push(await rangeRoot(middle, end, read));
      end = middle;
    } else {
      proof.push(await rangeRoot(start, middle, read));
      start = middle;
      whole = false;
    }
  }
  if (!whole) proof.push(await rangeRoot(start, end, read));
  return proof.reverse();
}

export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** RFC 9162 § 2.1.3.2. False for any proof that does not lead to exactly this root. */
export function isIncluded({ leafHash, index, size, root, proof }: InclusionClaim): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = hashNode(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = hashNode(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(hash, root);
}

export interface ConsistencyClaim {
  readonly first: { readonly size: number; readonly root: Uint8Array };
  readonly second: { readonly size: number; readonly root: Uint8Array };
  readonly proof: readonly Uint8Array[];
}

/** RFC 9162 § 2.1.4.2. The empty tree is consistent with every tree. */
export function isConsistent({ first, second, proof }: ConsistencyClaim): boolean {
  if (first.size < 0 || first.size > second.size) return false;
  if (first.size === 0) return proof.length === 0 && equalHashes(first.root, EMPTY_ROOT);
  if (first.size === second.size) return proof.length === 0 && equalHashes(first.root, second.root);
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  const start = path.shift();
  if (start === undefined) return false;
  let node = first.size - 1;
  let last = second.size - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  let older = start;
  let newer = start;
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      older = hashNode(sibling, older);
      newer = hashNode(sibling, newer);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      newer = hashNode(newer, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalHashes(older, first.root) && equalHashes(newer, second.root);
}

export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Root over leaves [start, end), where start is a multiple of a power of two >= end - start. */
async function rangeRoot(start: number, end: number, read: NodeReader): Promise<Uint8Array> {
  const width = end - start;
  if (isPowerOfTwo(width)) return read(Math.log2(width), start / width);
  const middle = start + splitPoint(width);
  return hashNode(await rangeRoot(start, middle, read), await rangeRoot(middle, end, read));
}

/** The largest power of two below `width` (k of RFC 6962 § 2.1); width is at least 2. */
function splitPoint(width: number): number {
  let k = 1;
  while (k * 2 < width) k *= 2;
  return k;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
