/**
 * Ids of the messages that a shard has applied within the repeat window. The newest travel in the object;
 * when they grow too many for that they are stored once, as a part that objects refer to.
 */
import { ByteReader } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';

export interface SeenIds {
  readonly recent: readonly SeenTick[];
  readonly parts: readonly SeenPart[];
  /** After a change of the number of shards: what the shards before had applied. */
  readonly inherited: InheritedIds | undefined;
}

export interface SeenTick {
  readonly tickMs: number;
  readonly ids: ReadonlySet<string>;
}

export interface SeenPart {
  readonly name: string;
  readonly ticks: readonly SeenTick[];
}

export interface InheritedIds {
  readonly name: string;
  readonly byShard: ReadonlyMap<number, ReadonlySet<string>>;
  /** Needed no longer after this tick. */
  readonly untilMs: number;
}

/** Ids in one object; 8 bytes each, and every byte is paid for at every tick. */
const MAX_RECENT_IDS = 192;

export function createSeenIds(): SeenIds {
  return { recent: [], parts: [], inherited: undefined };
}

/** All ids with their tick. It moves on to the ids of the next tick, and is made anew for those that have none. */
const indexes = new WeakMap<SeenIds, Map<string, number>>();

export function isSeen(seen: SeenIds, id: string): boolean {
  return indexOf(seen).has(id);
}

function indexOf(seen: SeenIds): Map<string, number> {
  let index = indexes.get(seen);
  if (index === undefined) {
    index = new Map();
    for (const { tickMs, ids } of allSeen(seen)) for (const id of ids) index.set(id, tickMs);
    indexes.set(seen, index);
  }
  return index;
}

function moveIndex(from: SeenIds, to: SeenIds): Map<string, number> {
  const index = indexOf(from);
  indexes.delete(from);
  indexes.set(to, index);
  return index;
}

/** With the ids of one more tick, without those that are older than the window. */
export function addSeen(seen: SeenIds, tick: SeenTick, repeatWindowMs: number): SeenIds {
  const isNeeded = ({ tickMs }: SeenTick): boolean => tick.tickMs - tickMs <= repeatWindowMs;
  const { inherited } = seen;
  const next = {
    recent: [...seen.recent, ...(tick.ids.size > 0 ? [tick] : [])].filter(isNeeded),
    parts: seen.parts.filter(({ ticks }) => ticks.some(isNeeded)),
    inherited: inherited !== undefined && inherited.untilMs >= tick.tickMs ? inherited : undefined,
  };
  const index = moveIndex(seen, next);
  for (const id of tick.ids) index.set(id, tick.tickMs);
  const kept = new Set(allSeen(next));
  for (const gone of allSeen(seen)) {
    if (kept.has(gone)) continue;
    for (const id of gone.ids) if (index.get(id) === gone.tickMs) index.delete(id);
  }
  return next;
}

/** With its newest ids in a part. */
export function moveToPart(seen: SeenIds, part: SeenPart): SeenIds {
  const next = { ...seen, recent: [], parts: [...seen.parts, part] };
  moveIndex(seen, next);
  return next;
}

/** The ids that should leave the object for a part, if they are too many. */
export function excessTicks({ recent }: SeenIds): readonly SeenTick[] {
  const total = recent.reduce((sum, { ids }) => sum + ids.size, 0);
  return total > MAX_RECENT_IDS ? recent : [];
}

export function allSeen({ recent, parts }: SeenIds): readonly SeenTick[] {
  return [...parts.flatMap(({ ticks }) => ticks), ...recent];
}

export function encodeSeenTicks(ticks: readonly SeenTick[]): Uint8Array {
  const writer = new ByteWriter();
  writer.uint(ticks.length);
  for (const { tickMs, ids } of ticks) {
    writer.uint(tickMs);
    writer.uint(ids.size);
    for (const id of ids) writer.hex64(id);
  }
  return writer.finish();
}

/** @throws DamagedBytes */
export function decodeSeenTicks(bytes: Uint8Array): readonly SeenTick[] {
  return readSeenTicks(new ByteReader(bytes));
}

export function encodeInherited(byShard: ReadonlyMap<number, readonly SeenTick[]>): Uint8Array {
  const writer = new ByteWriter();
  writer.uint(byShard.size);
  for (const [shard, ticks] of byShard) {
    writer.uint(shard);
    writer.raw(encodeSeenTicks(ticks));
  }
  return writer.finish();
}

/** @throws DamagedBytes */
export function decodeInherited(bytes: Uint8Array): ReadonlyMap<number, ReadonlySet<string>> {
  const reader = new ByteReader(bytes);
  const byShard = new Map<number, ReadonlySet<string>>();
  for (let left = reader.count(2); left > 0; left--) {
    const shard = reader.uint();
    byShard.set(shard, new Set(readSeenTicks(reader).flatMap(({ ids }) => [...ids])));
  }
  return byShard;
}

function readSeenTicks(reader: ByteReader): readonly SeenTick[] {
  return Array.from({ length: reader.count(2) }, () => {
    const tickMs = reader.uint();
    const ids = new Set<string>();
    for (let left = reader.count(8); left > 0; left--) ids.add(reader.hex64());
    return { tickMs, ids };
  });
}
