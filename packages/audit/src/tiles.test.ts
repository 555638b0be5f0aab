import { hash } from 'node:crypto';
import { queryAll } from '@sluice/core/ports/table';
import { expect, test } from 'vitest';
import { appendLeaves, EMPTY_FRONTIER, rootOf } from './merkle-tree.ts';
import { encodeSegment, type Segment } from './segment.ts';
import { tileKey } from './table-keys.ts';
import { ACME, createAuditFixture } from './testing/audit-fixture.ts';
import { createNodeReader, tilesOf } from './tiles.ts';
import { createTileComparison } from './verify/tile-comparison.ts';

const WIDTH = 256;
const leaves: readonly Uint8Array[] = Array.from({ length: WIDTH * WIDTH + 44 }, (_, i) =>
  hash('sha256', `leaf ${i}`, 'buffer'),
);
const subtree = (leaves: readonly Uint8Array[]): Uint8Array => rootOf(appendLeaves(EMPTY_FRONTIER, leaves));

test('the 65,536th leaf completes a tile of the second level, from the tiles below and its own segment', async () => {
  const { table } = createAuditFixture();
  const place = { table, tenant: ACME };
  const firstSeq = WIDTH * WIDTH - 56;
  for (let i = 0; i < WIDTH - 1; i++)
    await table.put({
      ...tileKey(ACME, 0, i),
      hashes: Buffer.concat(leaves.slice(i * WIDTH, (i + 1) * WIDTH)),
    });
  const segmentOf = (from: number, to: number): Segment => ({
    firstSeq: from,
    recordedMs: 0,
    bodies: leaves.slice(from, to).map(() => Buffer.from('{}')),
    leafHashes: leaves.slice(from, to),
    frontier: appendLeaves(EMPTY_FRONTIER, leaves.slice(0, to)),
    stubs: [],
  });
  await table.put(encodeSegment(ACME, segmentOf(firstSeq - 200, firstSeq)));
  const last = segmentOf(firstSeq, leaves.length);
  await table.put(encodeSegment(ACME, last));
  const made = await tilesOf(place, last);
  expect(made.map(({ sk }) => sk)).toEqual(['tile#0#0000000000000255', 'tile#1#0000000000000000']);
  for (const tile of made) await table.put(tile);

  const found: unknown[] = [];
  const comparison = createTileComparison((...finding) => void found.push(finding));
  for (const leaf of leaves) comparison.addLeaf(leaf);
  appendLeaves(EMPTY_FRONTIER, leaves, comparison.addSubtree);
  for await (const item of queryAll(table, { pk: 'audit#acme', prefix: 'tile#' })) comparison.addItem(item);
  comparison.finish();
  expect(found).toEqual([]);

  const read = createNodeReader(place);
  for (const [level, index] of [
    [16, 0],
    [15, 1],
    [8, 255],
    [9, 3],
    [3, 8191],
    [2, WIDTH * 64 + 10],
  ] as const) {
    const width = 2 ** level;
    expect(Buffer.from(await read(level, index))).toEqual(
      Buffer.from(subtree(leaves.slice(index * width, (index + 1) * width))),
    );
  }
  await expect(createNodeReader(place)(6, WIDTH * 4)).rejects.toThrow('the tree has no node 1024 on level 6');
});

test('a tile that is missing below stops the one above from being made', async () => {
  const { table } = createAuditFixture();
  const firstSeq = WIDTH * WIDTH - WIDTH;
  const segment: Segment = {
    firstSeq,
    recordedMs: 0,
    bodies: [],
    leafHashes: leaves.slice(firstSeq, WIDTH * WIDTH),
    frontier: { size: WIDTH * WIDTH, hashes: [leaves[0]!] },
    stubs: [],
  };
  await expect(tilesOf({ table, tenant: ACME }, segment)).rejects.toThrow('tile 0/0 is missing');
});
