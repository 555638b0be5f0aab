/** The tiles that follow from the leaves, held against those that are stored. */
import type { Item } from '@sluice/core/ports/table';
import { padded } from '../table-keys.ts';
import type { Report } from './finding.ts';

const HEIGHT = 8;
const WIDTH = 2 ** HEIGHT;

export interface TileComparison {
  /** The next leaf hash of the log. */
  addLeaf(leafHash: Uint8Array): void;
  /** The next complete subtree of a level, as the tree over the leaves has it. */
  addSubtree(level: number, hash: Uint8Array): void;
  /** A stored tile; all leaves were added before. Tiles past them are passed over up to the size that the log has grown to. */
  addItem(item: Item, grownTo?: number): void;
  finish(): void;
}

export function createTileComparison(report: Report): TileComparison {
  const expected = new Map<string, Buffer>();
  const levels: { count: number; pending: Uint8Array[] }[] = [];
  let size = 0;

  function add(level: number, hash: Uint8Array): void {
    levels[level] ??= { count: 0, pending: [] };
    const state = levels[level];
    state.pending.push(hash);
    if (state.pending.length < WIDTH) return;
    expected.set(`tile#${level}#${padded(state.count)}`, Buffer.concat(state.pending));
    state.count += 1;
    state.pending = [];
  }

  return {
    addLeaf(leafHash) {
      size += 1;
      add(0, leafHash);
    },
    addSubtree(level, hash) {
      if (level % HEIGHT === 0) add(level / HEIGHT, hash);
    },
    addItem({ sk, hashes, pk: _, ...others }, grownTo = 0) {
      const hash = expected.get(sk);
      expected.delete(sk);
      const isSame =
        hash !== undefined &&
        hashes instanceof Uint8Array &&
        Buffer.compare(hash, hashes) === 0 &&
        Object.keys(others).length === 0;
      if (hash === undefined && isPast(sk, size, grownTo)) return;
      if (hash === undefined) report('extra', sk, 'the tree has no such tile');
      else if (!isSame) report('mutated', sk, 'is not the tile of these events');
    },
    finish() {
      for (const where of expected.keys()) report('missing', where, 'the tile is gone');
    },
  };
}

/** Whether it is a tile of the tree of `grownTo` leaves, but not of the one of `size`. */
function isPast(sk: string, size: number, grownTo: number): boolean {
  const match = /^tile#(\d)#(\d{16})$/.exec(sk);
  const end = match === null ? 0 : (Number(match[2]) + 1) * WIDTH ** (Number(match[1]) + 1);
  return end > size && end <= grownTo;
}
