/**
 * Compaction of one shard: snapshots into the files of the first tier, complete files into the coarser
 * tiers. It may be called at any time, by anyone, twice at once: what is done already is found done, and of
 * two that do the same one moves the header and the other stops.
 */
import type { Table } from '@sluice/core/ports/table';
import type { FamilyMetadata, ShardKey, Snapshot, SnapshotReader } from '../model/snapshot.ts';
import { applySeen } from './apply-seen.ts';
import { applySnapshot, type CarriedLevels, carryFrom, NOTHING_CARRIED } from './apply-snapshot.ts';
import { compactCoarserTier } from './compact-coarser-tier.ts';
import { createEntrySet } from './entry-set.ts';
import { createLiveGauges, type LiveGauges, liveInEntries } from './live-gauges.ts';
import { readSnapshots } from './read-snapshots.ts';
import type { RollupEntry } from './rollup-entry.ts';
import { baseTierOf, type RollupSettings } from './rollup-settings.ts';
import {
  type FileHeader,
  newestHeader,
  noteAllComplete,
  noteOpenFile,
  readFile,
  writeFile,
} from './rollup-store.ts';

export interface CompactJob extends ShardKey {
  readonly nowMs: number;
}

export interface CompactDeps {
  readonly table: Table;
  readonly snapshots: SnapshotReader;
  readonly settings: RollupSettings;
}

export interface CompactResult {
  /** Generations that readers now see, in the order they were written. */
  readonly written: readonly FileHeader[];
  /** Another compactor was faster; the rest is left to it and to the next call. */
  readonly isOvertaken: boolean;
}

export async function compactShard(job: CompactJob, deps: CompactDeps): Promise<CompactResult> {
  const written: FileHeader[] = [];
  const tiers = deps.settings.tiers;
  let isOvertaken = !(await compactBaseTier(job, deps, written));
  for (const tier of tiers.slice(1)) {
    if (isOvertaken) break;
    isOvertaken = !(await compactCoarserTier(job, { ...deps, tier }, written));
  }
  if (!isOvertaken) await noteIfComplete(job, deps, written);
  return { written, isOvertaken };
}

/** Only when this call completed something: else it was noted before. */
async function noteIfComplete(
  { tenant, shard }: CompactJob,
  { table, settings }: CompactDeps,
  written: readonly FileHeader[],
): Promise<void> {
  if (!written.some(({ isComplete }) => isComplete)) return;
  const newest = await Promise.all(
    settings.tiers.map((tier) => newestHeader(table, { tenant, shard, tier: tier.name })),
  );
  const [base] = newest;
  if (base === undefined || !newest.every((header) => header?.isComplete === true)) return;
  await noteAllComplete(table, { tenant, shard }, base.spanStartMs);
}

/** Answers false when overtaken. */
async function compactBaseTier(job: CompactJob, deps: CompactDeps, written: FileHeader[]): Promise<boolean> {
  const { table, snapshots, settings } = deps;
  const { tenant, shard, nowMs } = job;
  const tier = baseTierOf(settings);
  const key = { tenant, shard, tier: tier.name };
  const newest = await newestHeader(table, key);
  const ticks = await snapshots.ticks(key, { fromMs: (newest?.coveredMs ?? -1) + 1, untilMs: nowMs });
  const isOver =
    newest !== undefined &&
    !newest.isComplete &&
    nowMs >= newest.spanStartMs + tier.spanMs + settings.graceMs;
  if (ticks.length === 0 && !isOver) return true;

  const save = async (file: OpenFile, isComplete: boolean): Promise<boolean> => {
    if (isComplete) file.completeSlots();
    const content = file.content(isComplete);
    if (content.coveredMs === file.previous?.coveredMs && isComplete === file.previous.isComplete)
      return true;
    if (content.coveredMs === file.spanStartMs) return true;
    const { spanStartMs, previous } = file;
    if (previous === undefined) await noteOpenFile(table, key, { spanStartMs, nowMs });
    const header = await writeFile(
      table,
      { ...key, spanStartMs, content, ...(previous && { previous }) },
      { tier, settings, nowMs },
    );
    if (header !== undefined) written.push(header);
    return header !== undefined;
  };
  const open = (spanStartMs: number, start: FileStart): OpenFile =>
    openFile(
      { spanStartMs, slotMs: tier.slotMs, slots: tier.spanMs / tier.slotMs, upForMs: settings.upForMs },
      start,
    );

  let file: OpenFile | undefined;
  if (newest !== undefined) {
    const { entries, families } = await readFile(table, newest);
    const { slotMs } = tier;
    const live = createLiveGauges(liveInEntries(entries, { ...newest, slotMs }));
    const start = { families, live, afterTickMs: newest.coveredMs };
    // A file that is complete takes nothing more: it only hands its levels on.
    file = open(newest.spanStartMs, { ...start, carried: NOTHING_CARRIED, entries, previous: newest });
  }
  for await (const snapshot of readSnapshots(key, ticks, { ...settings, snapshots })) {
    const spanStartMs = Math.ceil(snapshot.tickMs / tier.spanMs) * tier.spanMs - tier.spanMs;
    if (file === undefined) {
      file = open(spanStartMs, {
        carried: NOTHING_CARRIED,
        families: new Map(),
        live: createLiveGauges(),
        afterTickMs: snapshot.previousTickMs,
        entries: [],
      });
    } else if (spanStartMs > file.spanStartMs) {
      if (!(await save(file, true))) return false;
      const { entries, families, coveredMs } = file.content(true);
      file = open(spanStartMs, {
        carried: carryFrom(entries),
        families: keepUsed(families, entries),
        live: file.live,
        afterTickMs: coveredMs,
        entries: [],
      });
    }
    file.add(snapshot);
  }
  if (file === undefined) return true;
  const endMs = file.spanStartMs + tier.spanMs;
  return save(file, file.isFull() || nowMs >= endMs + settings.graceMs);
}

interface FileStart {
  readonly carried: CarriedLevels;
  readonly live: LiveGauges;
  readonly families: ReadonlyMap<string, FamilyMetadata>;
  readonly afterTickMs: number;
  readonly entries: readonly RollupEntry[];
  readonly previous?: FileHeader;
}

interface OpenFile {
  readonly spanStartMs: number;
  readonly live: LiveGauges;
  readonly previous: FileHeader | undefined;
  add(snapshot: Snapshot): void;
  /** Takes in what waits for its slot to end. */
  completeSlots(): void;
  /** The last slot has its closing tick. */
  isFull(): boolean;
  content(isComplete: boolean): {
    readonly coveredMs: number;
    readonly isComplete: boolean;
    readonly entries: readonly RollupEntry[];
    readonly families: ReadonlyMap<string, FamilyMetadata>;
  };
}

interface Grid {
  readonly spanStartMs: number;
  readonly slotMs: number;
  readonly slots: number;
  readonly upForMs: number;
}

/** Snapshots wait until their slot is over: a file covers whole slots only. */
function openFile({ spanStartMs, slotMs, slots, upForMs }: Grid, start: FileStart): OpenFile {
  const { carried, live, previous } = start;
  const set = createEntrySet();
  set.restore(start.entries);
  const families = new Map(start.families);
  let afterTickMs = start.afterTickMs;
  let coveredMs = previous?.coveredMs ?? spanStartMs;
  let waiting: Snapshot[] = [];
  const slotOf = (tickMs: number): number => Math.ceil((tickMs - spanStartMs) / slotMs) - 1;

  const completeSlots = (): void => {
    for (const snapshot of waiting) {
      const slot = slotOf(snapshot.tickMs);
      applySnapshot(set, snapshot, { slot, afterTickMs, carried, live });
      applySeen(set, snapshot, { slot, upForMs });
      for (const [name, metadata] of snapshot.families) families.set(name, metadata);
      afterTickMs = snapshot.tickMs;
      coveredMs = spanStartMs + (slot + 1) * slotMs;
    }
    waiting = [];
  };
  return {
    spanStartMs,
    live,
    previous,
    completeSlots,
    add(snapshot) {
      const slot = slotOf(snapshot.tickMs);
      if (waiting.length > 0 && slotOf(waiting[0]!.tickMs) < slot) completeSlots();
      waiting.push(snapshot);
      if (snapshot.tickMs === spanStartMs + (slot + 1) * slotMs) completeSlots();
    },
    isFull: () => coveredMs === spanStartMs + slots * slotMs,
    content: (isComplete) => ({
      coveredMs: isComplete ? spanStartMs + slots * slotMs : coveredMs,
      isComplete,
      entries: set.entries(),
      families,
    }),
  };
}

/** Metadata of families that have gone would be carried for ever. */
function keepUsed(
  families: ReadonlyMap<string, FamilyMetadata>,
  entries: readonly RollupEntry[],
): ReadonlyMap<string, FamilyMetadata> {
  const used = new Set(entries.map(({ labels }) => labels.find(({ name }) => name === '__name__')?.value));
  return new Map([...families].filter(([name]) => used.has(name)));
}
