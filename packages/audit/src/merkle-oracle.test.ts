/** The tree beside an independent implementation: Sigstore's verifier of transparency-log entries. */
import { createRequire } from 'node:module';
import { createRandom } from '@sluice/core/testing/random';
import { expect, test } from 'vitest';
import {
  appendLeaves,
  EMPTY_FRONTIER,
  hashLeaf,
  hashNode,
  isConsistent,
  type NodeReader,
  proveConsistency,
  proveInclusion,
  rootOf,
} from './merkle-tree.ts';

interface SigstoreEntry {
  readonly canonicalizedBody: Buffer;
  readonly inclusionProof: { readonly logIndex: string; readonly hashes: readonly Uint8Array[] };
}
const require = createRequire(import.meta.url);
const manifest = require.resolve('@sigstore/verify/package.json');
/** Throws unless the proof leads from the entry to the checkpoint's hash. */
const { verifyMerkleInclusion } = require(manifest.replace('package.json', 'dist/tlog/merkle.js')) as {
  verifyMerkleInclusion(entry: SigstoreEntry, checkpoint: { logSize: bigint; logHash: Uint8Array }): void;
};

const SIZE = 5000;
const PAIRS = 10_000;
const bodies = Array.from({ length: SIZE }, (_, i) => Buffer.from(`{"seq":${i}}`));
const levels: Uint8Array[][] = [bodies.map(hashLeaf)];
while (levels.at(-1)!.length > 1) {
  const below = levels.at(-1)!;
  levels.push(
    Array.from({ length: Math.floor(below.length / 2) }, (_, i) =>
      hashNode(below[2 * i]!, below[2 * i + 1]!),
    ),
  );
}
const read: NodeReader = (level, index) => levels[level]![index]!;
const roots: Uint8Array[] = [rootOf(EMPTY_FRONTIER)];
let frontier = EMPTY_FRONTIER;
for (const leaf of levels[0]!) {
  frontier = appendLeaves(frontier, [leaf]);
  roots.push(rootOf(frontier));
}

test(`Sigstore accepts the inclusion proofs of ${PAIRS} random leaves and sizes, and refuses them for any other leaf`, async () => {
  const random = createRandom(1);
  for (let i = 0; i < PAIRS; i++) {
    const size = 1 + random.below(SIZE);
    const index = random.below(size);
    const hashes = await proveInclusion(index, size, read);
    const entry = { canonicalizedBody: bodies[index]!, inclusionProof: { logIndex: String(index), hashes } };
    const checkpoint = { logSize: BigInt(size), logHash: roots[size]! };
    verifyMerkleInclusion(entry, checkpoint);
    if (i % 10 === 0) {
      const other = { ...entry, canonicalizedBody: Buffer.from('{"seq":-1}') };
      expect(() => verifyMerkleInclusion(other, checkpoint)).toThrow('does not match');
    }
  }
});

test(`consistency proofs of ${PAIRS} random pairs of sizes hold, and none holds for another root`, async () => {
  const random = createRandom(2);
  for (let i = 0; i < PAIRS; i++) {
    const second = 1 + random.below(SIZE);
    const first = random.below(second + 1);
    const proof = await proveConsistency(first, second, read);
    const claim = {
      first: { size: first, root: roots[first]! },
      second: { size: second, root: roots[second]! },
      proof,
    };
    expect(isConsistent(claim)).toBe(true);
    if (i % 10 === 0 && first > 0)
      expect(isConsistent({ ...claim, first: { size: first, root: roots[first - 1]! } })).toBe(false);
  }
});
