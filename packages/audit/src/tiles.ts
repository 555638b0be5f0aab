/**
 * Tiles: runs of 256 hashes of the tree, written once they are complete (the layout of C2SP tlog-tiles,
 * height 8). A proof over millions of events needs a few tiles and the newest segments instead of all of them.
 */
import type { TenantId } from '@sluice/core/ids';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import { appendLeaves, EMPTY_FRONTIER, HASH_BYTES, type NodeReader, rootOf } from './merkle-tree.ts';
import { decodeSegment, type Segment } from './segment.ts';
import { padded, tenantPartition, tileKey } from './table-keys.ts';

const HEIGHT = 8;
const WIDTH = 2 ** HEIGHT;

interface Place {
  readonly table: Table;
  readonly tenant: TenantId;
}

/** The tiles that a segment completes, lowest level first. Needs every tile below and the segments before it. */
export async function tilesOf(place: Place, segment: Segment): Promise<readonly Item[]> {
  const made = new Map<string, Uint8Array>();
  const { size } = segment.frontier;
  for (let level = 0, width = WIDTH; width <= size; level++, width *= WIDTH) {
    const first = Math.floor(segment.firstSeq / width);
    const end = Math.floor(size / width);
    for (let index = first; index < end; index++) {
      const hashes =
        level === 0
          ? await leavesOf(place, index * WIDTH, segment)
          : await rootsBelow(place, level, index, made);
      made.set(`${level} ${index}`, Buffer.concat(hashes));
    }
  }
  return [...made].map(([key, hashes]) => {
    const [level, index] = key.split(' ').map(Number) as [number, number];
    return { ...tileKey(place.tenant, level, index), hashes };
  });
}

/** Reads perfect subtrees from tiles, and past the last complete tile from the segments. For one size of the tree. */
export function createNodeReader(place: Place): NodeReader {
  const tiles = new Map<string, Promise<readonly Uint8Array[] | undefined>>();
  let tail: { readonly from: number; readonly leaves: Promise<readonly Uint8Array[]> } | undefined;

  const readTile = (level: number, index: number): Promise<readonly Uint8Array[] | undefined> => {
    const key = `${level} ${index}`;
    const known = tiles.get(key) ?? loadTile(place, level, index);
    tiles.set(key, known);
    return known;
  };
  const readLeaves = async (from: number, count: number): Promise<readonly Uint8Array[]> => {
    const border = from - (from % WIDTH);
    const whole = await readTile(0, border / WIDTH);
    if (whole !== undefined) return whole.slice(from - border, from - border + count);
    if (tail === undefined || tail.from !== border)
      tail = { from: border, leaves: loadLeaves(place, border, border + WIDTH) };
    return (await tail.leaves).slice(from - border, from - border + count);
  };

  return async function read(level, index): Promise<Uint8Array> {
    if (level < HEIGHT) {
      const leaves = await readLeaves(index * 2 ** level, 2 ** level);
      if (leaves.length !== 2 ** level) throw new Error(`the tree has no node ${index} on level ${level}`);
      return rootOf(appendLeaves(EMPTY_FRONTIER, leaves));
    }
    const tileLevel = Math.floor(level / HEIGHT);
    const span = 2 ** (level % HEIGHT);
    const first = index * span;
    const tile = await readTile(tileLevel, Math.floor(first / WIDTH));
    const hashes = tile?.slice(first % WIDTH, (first % WIDTH) + span) ?? [];
    for (let i = hashes.length; i < span; i++)
      hashes.push(await joinHalves(tileLevel * HEIGHT - 1, first + i));
    return rootOf(appendLeaves(EMPTY_FRONTIER, hashes));

    /** A hash on a tile's border whose own tile is not complete yet: from the two halves below it. */
    async function joinHalves(below: number, at: number): Promise<Uint8Array> {
      const halves = [await read(below, at * 2), await read(below, at * 2 + 1)];
      return rootOf(appendLeaves(EMPTY_FRONTIER, halves));
    }
  };
}

/** Leaf hashes [from, to) as the segments hold them; fewer where the log ends before. */
export async function loadLeaves(
  { table, tenant }: Place,
  from: number,
  to: number,
): Promise<readonly Uint8Array[]> {
  const pk = tenantPartition(tenant);
  const first = await table.query({
    pk,
    from: 'seg#',
    to: `seg#${padded(from)}`,
    reverse: true,
    limit: 1,
    consistent: true,
  });
  const leaves: Uint8Array[] = [];
  const start = first.items[0]?.sk ?? `seg#${padded(from)}`;
  for await (const item of queryAll(table, {
    pk,
    from: start,
    to: `seg#${padded(to - 1)}`,
    consistent: true,
  })) {
    const { firstSeq, leafHashes } = decodeSegment(item);
    leaves.push(...leafHashes.slice(Math.max(0, from - firstSeq), Math.max(0, to - firstSeq)));
  }
  return leaves;
}

async function leavesOf(place: Place, from: number, segment: Segment): Promise<readonly Uint8Array[]> {
  const before = from < segment.firstSeq ? await loadLeaves(place, from, segment.firstSeq) : [];
  const start = Math.max(0, from - segment.firstSeq);
  return [...before, ...segment.leafHashes.slice(start, start + WIDTH - before.length)];
}

async function rootsBelow(
  place: Place,
  level: number,
  index: number,
  made: ReadonlyMap<string, Uint8Array>,
): Promise<readonly Uint8Array[]> {
  const roots: Uint8Array[] = [];
  for (let i = 0; i < WIDTH; i++) {
    const child = index * WIDTH + i;
    const fresh = made.get(`${level - 1} ${child}`);
    const hashes = fresh === undefined ? await loadTile(place, level - 1, child) : chunk(fresh);
    if (hashes === undefined) throw new Error(`tile ${level - 1}/${child} is missing`);
    roots.push(rootOf(appendLeaves(EMPTY_FRONTIER, hashes)));
  }
  return roots;
}

async function loadTile(
  { table, tenant }: Place,
  level: number,
  index: number,
): Promise<readonly Uint8Array[] | undefined> {
  const hashes = (await table.get(tileKey(tenant, level, index)))?.hashes;
  return hashes instanceof Uint8Array ? chunk(hashes) : undefined;
}

function chunk(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}
