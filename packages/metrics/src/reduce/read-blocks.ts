/** The sections that a tick has to apply: those of its blocks that are not repeats. */
import { describeError } from '@sluice/core/errors';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import { DamagedBytes } from '../codec/byte-reader.ts';
import { decodeBlock, type Section } from '../collect/block.ts';
import { decodeRoster } from '../collect/series-table.ts';
import type { SeriesIdentity } from '../model/metric-point.ts';
import type { ShardKey } from '../model/snapshot.ts';
import { createContentStore, expiryAfter } from '../store/content-store.ts';
import { blockPartition, poisonKey, tickText } from '../store/keys.ts';

export interface BlockRange {
  /** Write-ticks, both inclusive. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isWanted: (id: string) => boolean;
  readonly nowMs: number;
  readonly known: BlockMemory;
}

/** What a process remembers of the blocks that it read. */
export interface BlockMemory {
  readonly rosters: RosterCache;
  /** By partition: the ids in each block of the last read, which never change. */
  readonly ids: Map<string, ReadonlyMap<string, readonly string[]>>;
}

export function createBlockMemory(): BlockMemory {
  return { rosters: new Map(), ids: new Map() };
}

/** Decoded rosters by name, the most recently used last. */
export type RosterCache = Map<string, readonly SeriesIdentity[]>;

const MAX_CACHED_ROSTERS = 1024;
const MAX_CACHED_SERIES = 400_000;

export interface NewSections {
  readonly sections: readonly Section[];
  readonly damaged: readonly string[];
}

/** People have two weeks to look at what could not be read. */
const POISON_RETENTION_MS = 14 * 86_400_000;
/** Sorts after every content id. */
const LAST = '~';

/** A block that cannot be read is set aside and stops nobody else. */
export async function readNewSections(
  table: Table,
  shard: ShardKey,
  { fromMs, untilMs, isWanted, nowMs, known: { rosters, ids } }: BlockRange,
): Promise<NewSections> {
  const content = createContentStore(table, shard);
  const readRoster = async (name: string): Promise<readonly SeriesIdentity[]> => {
    const roster = rosters.get(name) ?? decodeRoster(await content.readPart(name));
    rosters.delete(name);
    rosters.set(name, roster);
    return roster;
  };
  const found = new Map<string, Section>();
  const damaged: string[] = [];
  const idsBefore = ids.get(blockPartition(shard));
  const idsNow = new Map<string, readonly string[]>();
  ids.set(blockPartition(shard), idsNow);
  const range = {
    pk: blockPartition(shard),
    from: tickText(Math.max(0, fromMs)),
    to: `${tickText(untilMs)}${LAST}`,
  };
  for await (const item of queryAll(table, range)) {
    const own = idsBefore?.get(item.sk);
    if (own !== undefined) {
      idsNow.set(item.sk, own);
      if (!own.some(isWanted)) continue;
    }
    try {
      const sections = await decodeBlock(await content.read(item), {
        isWanted: (id) => !found.has(id) && isWanted(id),
        readRoster,
        noteIds: (all) => void idsNow.set(item.sk, all),
      });
      for (const section of sections) found.set(section.id, section);
    } catch (error) {
      if (!(error instanceof DamagedBytes)) throw error;
      await setAside(table, { shard, item, nowMs });
      damaged.push(`${item.sk}: ${describeError(error)}`);
    }
  }
  dropOldest(rosters);
  return { sections: [...found.values()], damaged };
}

function dropOldest(rosters: RosterCache): void {
  let series = 0;
  for (const roster of rosters.values()) series += roster.length;
  for (const [name, { length }] of rosters) {
    if (series <= MAX_CACHED_SERIES && rosters.size <= MAX_CACHED_ROSTERS) return;
    rosters.delete(name);
    series -= length;
  }
}

async function setAside(
  table: Table,
  { shard, item, nowMs }: { readonly shard: ShardKey; readonly item: Item; readonly nowMs: number },
): Promise<void> {
  const { pk: _, sk, ...rest } = item;
  const key = poisonKey(shard.tenant, sk, shard.shard);
  await table.put({ ...rest, ...key, expiresAt: expiryAfter(nowMs, POISON_RETENTION_MS) });
}
