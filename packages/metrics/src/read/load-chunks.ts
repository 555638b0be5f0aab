/**
 * A shard's data over a stretch of time: slices of rollup files, then the snapshots that are not compacted
 * yet. The preferred tier comes first; finer ones fill what its slots leave at the ends, coarser ones what
 * has outlived the fine.
 */

import { createPauses } from '@sluice/core/pauses';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { SeriesSnapshot, ShardKey, Snapshot, SnapshotReader } from '../model/snapshot.ts';
import { applySeen } from '../rollup/apply-seen.ts';
import {
  applySnapshot,
  carryFrom,
  carryFromSnapshot,
  liveFromSnapshot,
  NOTHING_CARRIED,
} from '../rollup/apply-snapshot.ts';
import { pagesOf } from '../rollup/cut-pages.ts';
import { createEntrySet } from '../rollup/entry-set.ts';
import { createLiveGauges, liveInEntries } from '../rollup/live-gauges.ts';
import { familyOf, type RollupEntry, SEEN_FAMILY } from '../rollup/rollup-entry.ts';
import { baseTierOf, type RollupSettings, type RollupTier } from '../rollup/rollup-settings.ts';
import { type FileHeader, listRollupShards, loadHeaders, readPage } from '../rollup/rollup-store.ts';
import type { PageCache } from './page-cache.ts';
import { type Interval, slotsWithin, subtractInterval } from './time-intervals.ts';

export interface ChunkDeps {
  readonly table: Table;
  readonly snapshots: SnapshotReader;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly tenant: string;
  readonly settings: RollupSettings;
  readonly cache: PageCache;
}

/** Slots [first, end) of a row of slots: slot i is (borders[i], borders[i + 1]]. */
export interface Chunk extends Interval {
  readonly borders: Float64Array;
  readonly first: number;
  readonly end: number;
  readonly entries: readonly RollupEntry[];
}

export interface ChunkQuery extends Interval {
  /** Index of the preferred tier. */
  readonly tier: number;
  /** Families that may match; all when absent. */
  readonly families?: ReadonlySet<string>;
  /** Of a snapshot's series: whether it may match. Entries of files are checked by the caller. */
  readonly accepts?: (series: SeriesSnapshot) => boolean;
  readonly signal?: AbortSignal;
}

/** Snapshots live for two days at most: older stretches are in files or nowhere. */
const SNAPSHOTS_LIVE_MS = 2 * 86_400_000;
/** Where to look for the snapshot that stands for the level before the first. */
const BASELINE_MS = 5 * 60_000;
/** What a decoded page takes beside its bytes, and a series of a snapshot. */
const DECODED_FACTOR = 6;
const SNAPSHOT_SERIES_BYTES = 600;

/** Shards with data, those that only have files among them. */
export async function listShards({ table, snapshots, tenant }: ChunkDeps): Promise<readonly number[]> {
  const [live, compacted] = await Promise.all([snapshots.shards(tenant), listRollupShards(table, tenant)]);
  return [...new Set([...live, ...compacted])].sort((a, b) => a - b);
}

/** In order of time. */
export async function loadChunks(
  shard: number,
  query: ChunkQuery,
  deps: ChunkDeps,
): Promise<readonly Chunk[]> {
  const slices = await findSlices(shard, query, deps);
  const [files, tail] = await Promise.all([
    Promise.all(slices.taken.map((slice) => loadSlice(slice, query, deps))),
    slices.tail === undefined
      ? undefined
      : loadTail({ shard, tail: slices.tail, newest: slices.newest }, query, deps),
  ]);
  return [...files, ...(tail === undefined ? [] : [tail])].sort((a, b) => a.fromMs - b.fromMs);
}

interface Slice extends Interval {
  readonly header: FileHeader;
  readonly tier: RollupTier;
}

async function findSlices(
  shard: number,
  { fromMs, untilMs, tier: preferred }: ChunkQuery,
  { table, tenant, settings, clock }: ChunkDeps,
): Promise<{ taken: readonly Slice[]; tail: Interval | undefined; newest: FileHeader | undefined }> {
  const { tiers } = settings;
  const nowMs = clock.nowMs();
  const order = [
    ...tiers
      .slice(0, preferred + 1)
      .reverse()
      .map((tier) => ({ tier, isOutward: tier === tiers[0], isFallback: false })),
    ...tiers.slice(preferred + 1).map((tier) => ({ tier, isOutward: true, isFallback: true })),
  ];
  const taken: Slice[] = [];
  let rest: readonly Interval[] = [{ fromMs, untilMs }];
  let newest: FileHeader | undefined;
  for (const { tier, isOutward, isFallback } of order) {
    // A coarser tier may reach further back than the first, never further ahead.
    const aheadMs = isFallback && newest !== undefined ? newest.coveredMs : Number.POSITIVE_INFINITY;
    const gaps = rest.filter((gap) => gap.fromMs < aheadMs);
    if (gaps.length === 0) continue;
    const found = await Promise.all(
      gaps.map((gap) =>
        loadHeaders(table, { tenant, shard, tier: tier.name }, { ...gap, spanMs: tier.spanMs }),
      ),
    );
    // A file may lie in two gaps.
    const headers = new Map(found.flat().map((header) => [header.spanStartMs, header]));
    for (const header of headers.values()) {
      if (tier === tiers[0] && header.coveredMs > (newest?.coveredMs ?? 0)) newest = header;
      // The table drops what has expired some days late.
      if (header.spanStartMs + tier.spanMs + tier.keepMs <= nowMs) continue;
      const covered = { fromMs: header.spanStartMs, untilMs: header.coveredMs };
      for (const gap of rest) {
        const part = slotsWithin(gap, covered, { slotMs: tier.slotMs, isOutward });
        if (part === undefined) continue;
        taken.push({ ...part, header, tier });
        rest = subtractInterval(rest, part);
      }
    }
  }
  const last = rest.at(-1);
  const isRecent = last !== undefined && last.untilMs === untilMs && untilMs > nowMs - SNAPSHOTS_LIVE_MS;
  return { taken, tail: isRecent ? last : undefined, newest };
}

async function loadSlice(slice: Slice, { families, signal }: ChunkQuery, deps: ChunkDeps): Promise<Chunk> {
  const { header, tier, fromMs, untilMs } = slice;
  const slots = tier.spanMs / tier.slotMs;
  const borders = Float64Array.from({ length: slots + 1 }, (_, i) => header.spanStartMs + i * tier.slotMs);
  return {
    fromMs,
    untilMs,
    borders,
    first: (fromMs - header.spanStartMs) / tier.slotMs,
    end: (untilMs - header.spanStartMs) / tier.slotMs,
    entries: await loadEntries(header, { families, signal }, deps),
  };
}

async function loadEntries(
  header: FileHeader,
  { families, signal }: { families: ReadonlySet<string> | undefined; signal: AbortSignal | undefined },
  { table, cache }: ChunkDeps,
): Promise<readonly RollupEntry[]> {
  signal?.throwIfAborted();
  const { tenant, shard, tier, spanStartMs, generation, firstFamilies } = header;
  const indexes =
    families === undefined
      ? firstFamilies.map((_, index) => index)
      : [...new Set([...families].flatMap((family) => pagesOf(firstFamilies, family)))];
  const pages = await Promise.all(
    indexes.map((index) =>
      cache.get(`${tenant}/${shard}/${tier}/${spanStartMs}/${generation}/${index}`, async () => {
        const value = await readPage(table, header, index);
        return { value, bytes: value.bytes * DECODED_FACTOR };
      }),
    ),
  );
  const entries = pages.flatMap((page) => page.entries);
  return families === undefined ? entries : entries.filter((entry) => families.has(familyOf(entry)));
}

/** What is not compacted yet: one slot a tick. */
async function loadTail(
  { shard, tail, newest }: { shard: number; tail: Interval; newest: FileHeader | undefined },
  query: ChunkQuery,
  deps: ChunkDeps,
): Promise<Chunk | undefined> {
  const { snapshots, tenant, settings } = deps;
  const key: ShardKey = { tenant, shard };
  const listed = await snapshots.ticks(key, {
    fromMs: Math.max(0, tail.fromMs - BASELINE_MS),
    untilMs: tail.untilMs,
  });
  const baselineAt = listed.findLastIndex((tickMs) => tickMs <= tail.fromMs);
  const read = await Promise.all(
    listed.slice(Math.max(0, baselineAt)).map((tickMs) => readSnapshot(key, tickMs, deps)),
  );
  const known = read.filter((snapshot) => snapshot !== undefined);
  const baseline = known.findLast(({ tickMs }) => tickMs <= tail.fromMs);
  const fresh = known.filter(({ tickMs }) => tickMs > tail.fromMs);
  const [first] = fresh;
  if (first === undefined) return undefined;
  const isContinued = baseline === undefined && newest !== undefined && newest.coveredMs <= tail.fromMs;
  const before = isContinued
    ? await loadEntries(newest, { families: query.families, signal: query.signal }, deps)
    : [];
  const carried =
    baseline !== undefined ? carryFromSnapshot(baseline) : isContinued ? carryFrom(before) : NOTHING_CARRIED;
  const { slotMs } = baseTierOf(settings);
  const live =
    baseline !== undefined
      ? liveFromSnapshot(baseline, query.accepts)
      : createLiveGauges(newest === undefined ? [] : liveInEntries(before, { ...newest, slotMs }));
  let afterTickMs = baseline?.tickMs ?? (isContinued ? newest.coveredMs : first.previousTickMs);
  const beforeMs =
    baseline?.tickMs ?? (isContinued ? newest.coveredMs : tickBefore(fresh, baseTierOf(settings)));
  const isSeenWanted = query.families === undefined || query.families.has(SEEN_FAMILY);
  const set = createEntrySet();
  const pauses = createPauses(deps.clock);
  for (const [slot, snapshot] of fresh.entries()) {
    if (pauses.isDue()) await pauses.take();
    applySnapshot(set, snapshot, {
      slot,
      afterTickMs,
      carried,
      live,
      ...(query.accepts && { accepts: query.accepts }),
    });
    if (isSeenWanted) applySeen(set, snapshot, { slot, upForMs: settings.upForMs });
    afterTickMs = snapshot.tickMs;
  }
  const borders = Float64Array.from([beforeMs, ...fresh.map(({ tickMs }) => tickMs)]);
  return {
    fromMs: beforeMs,
    untilMs: borders.at(-1)!,
    borders,
    first: 0,
    end: fresh.length,
    entries: set.entries(),
  };
}

/** Where the slot of a shard's first known snapshot begins: as long before it as the next one is behind it. */
function tickBefore(fresh: readonly Snapshot[], { slotMs }: RollupTier): number {
  const [first, second] = fresh as [Snapshot, Snapshot | undefined];
  const distanceMs = second === undefined ? slotMs : second.tickMs - first.tickMs;
  return Math.max(first.previousTickMs, first.tickMs - Math.min(distanceMs, slotMs));
}

/** Immutable, so that the queries of a dashboard share it. */
export function readSnapshot(
  { tenant, shard }: ShardKey,
  tickMs: number,
  { snapshots, cache }: Pick<ChunkDeps, 'snapshots' | 'cache'>,
): Promise<Snapshot | undefined> {
  return cache.get(`${tenant}/${shard}/snapshot/${tickMs}`, async () => {
    const value = await snapshots.read({ tenant, shard }, tickMs);
    return { value, bytes: (value?.series.length ?? 0) * SNAPSHOT_SERIES_BYTES };
  });
}
