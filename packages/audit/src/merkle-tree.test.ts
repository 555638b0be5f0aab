import { createRandom } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import {
  appendLeaves,
  EMPTY_FRONTIER,
  EMPTY_ROOT,
  hashLeaf,
  hashNode,
  isConsistent,
  isIncluded,
  type NodeReader,
  proveConsistency,
  proveInclusion,
  rootOf,
} from './merkle-tree.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** MTH by its recursive definition: the slow truth beside the frontier. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hashNode(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

const leaves = Array.from({ length: 130 }, (_, i) => hashLeaf(Buffer.from(`event ${i}`)));
const read: NodeReader = (level, index) =>
  naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));

describe('the tree', () => {
  test('has the root of nothing when it has no leaves, and prefixes leaves and nodes apart', () => {
    expect(hex(rootOf(EMPTY_FRONTIER))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(hex(hashLeaf(new Uint8Array()))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    expect(hashNode(leaves[0]!, leaves[1]!)).not.toEqual(hashLeaf(Buffer.concat([leaves[0]!, leaves[1]!])));
  });

  test('has the same root however its leaves were batched', () => {
    const random = createRandom(7);
    for (let size = 0; size <= leaves.length; size++) {
      let frontier = EMPTY_FRONTIER;
      while (frontier.size < size) {
        const next = Math.min(size, frontier.size + 1 + random.below(9));
        frontier = appendLeaves(frontier, leaves.slice(frontier.size, next));
      }
      expect(rootOf(frontier)).toEqual(naiveRoot(leaves.slice(0, size)));
    }
  });
});

describe('inclusion', () => {
  test('is proved for every leaf of every size, and for no other leaf, place, size or root', async () => {
    for (let size = 1; size <= 70; size++) {
      const root = naiveRoot(leaves.slice(0, size));
      for (let index = 0; index < size; index++) {
        const proof = await proveInclusion(index, size, read);
        const claim = { leafHash: leaves[index]!, index, size, root, proof };
        expect(isIncluded(claim)).toBe(true);
        expect(isIncluded({ ...claim, leafHash: leaves[index + 1]! })).toBe(false);
        expect(isIncluded({ ...claim, root: hashLeaf(root) })).toBe(false);
        expect(isIncluded({ ...claim, proof: [...proof, root] })).toBe(false);
        if (size > 1) {
          expect(isIncluded({ ...claim, index: (index + 1) % size })).toBe(false);
          expect(isIncluded({ ...claim, proof: proof.slice(1) })).toBe(false);
        }
      }
    }
  });

  test.each([
    [5, 5],
    [-1, 5],
    [0, 0],
    [1.5, 5],
  ])('leaf %d of %d cannot be proved', async (index, size) => {
    await expect(proveInclusion(index, size, read)).rejects.toThrow(RangeError);
    expect(isIncluded({ leafHash: leaves[0]!, index, size, root: leaves[0]!, proof: [] })).toBe(false);
  });
});

describe('consistency', () => {
  test('is proved between every two sizes, and fails for any other root or proof', async () => {
    for (let second = 0; second <= 66; second++) {
      for (let first = 0; first <= second; first++) {
        const proof = await proveConsistency(first, second, read);
        const claim = {
          first: { size: first, root: naiveRoot(leaves.slice(0, first)) },
          second: { size: second, root: naiveRoot(leaves.slice(0, second)) },
          proof,
        };
        expect(isConsistent(claim)).toBe(true);
        expect(isConsistent({ ...claim, first: { size: first, root: leaves[129]! } })).toBe(false);
        expect(isConsistent({ ...claim, proof: [...proof, leaves[0]!] })).toBe(false);
        if (first > 0)
          expect(isConsistent({ ...claim, second: { size: second, root: leaves[129]! } })).toBe(false);
        if (proof.length > 0) expect(isConsistent({ ...claim, proof: proof.slice(0, -1) })).toBe(false);
      }
    }
  });

  test('a larger tree is never the beginning of a smaller one', async () => {
    await expect(proveConsistency(6, 5, read)).rejects.toThrow(
      'a tree of 6 leaves is no beginning of one of 5',
    );
    const root = naiveRoot(leaves.slice(0, 6));
    expect(isConsistent({ first: { size: 6, root }, second: { size: 5, root }, proof: [] })).toBe(false);
  });
});
