/** Complete files of the first tier into the files of a coarser one, which grow by an hour at a time. */
import type { Table } from '@sluice/core/ports/table';
import type { FamilyMetadata } from '../model/snapshot.ts';
import { createEntrySet, type EntrySet } from './entry-set.ts';
import { isGaugeEntry, type RollupEntry } from './rollup-entry.ts';
import { baseTierOf, type RollupSettings, type RollupTier } from './rollup-settings.ts';
import { type FileHeader, loadHeaders, newestHeader, readFile, writeFile } from './rollup-store.ts';

interface CoarserJob {
  readonly tenant: string;
  readonly shard: number;
  readonly nowMs: number;
}

interface CoarserDeps {
  readonly table: Table;
  readonly settings: RollupSettings;
  readonly tier: RollupTier;
}

/** Answers false when overtaken. */
export async function compactCoarserTier(
  { tenant, shard, nowMs }: CoarserJob,
  { table, settings, tier }: CoarserDeps,
  written: FileHeader[],
): Promise<boolean> {
  const base = baseTierOf(settings);
  const key = { tenant, shard, tier: tier.name };
  const newest = await newestHeader(table, key);
  const fromMs = newest?.coveredMs ?? 0;
  const range = { fromMs, untilMs: nowMs, spanMs: base.spanMs, consistent: true };
  const finer = await loadHeaders(table, { ...key, tier: base.name }, range);
  const fresh = finer.filter(({ isComplete, coveredMs }) => isComplete && coveredMs > fromMs);
  const spans = groupBySpan(fresh, tier.spanMs);
  // A file whose span is over is completed even when nothing new came: its parts would expire.
  if (newest !== undefined && !newest.isComplete && !spans.has(newest.spanStartMs)) {
    spans.set(newest.spanStartMs, []);
  }
  for (const spanStartMs of [...spans.keys()].sort((a, b) => a - b)) {
    const endMs = spanStartMs + tier.spanMs;
    const previous = newest?.spanStartMs === spanStartMs ? newest : undefined;
    const files = spans.get(spanStartMs)!;
    const isOver = finer.some(
      ({ spanStartMs: start, isComplete }) => start >= endMs || (isComplete && start + base.spanMs === endMs),
    );
    const isSilent = nowMs >= endMs + settings.graceMs && finer.every(({ isComplete }) => isComplete);
    const isComplete = isOver || isSilent;
    if (files.length === 0 && !isComplete) continue;
    const header = await grow(
      { previous, files, isComplete, spanStartMs },
      { table, settings, tier, nowMs, key },
    );
    if (header === undefined) return false;
    written.push(header);
  }
  return true;
}

async function grow(
  file: {
    readonly previous: FileHeader | undefined;
    readonly files: readonly FileHeader[];
    readonly isComplete: boolean;
    readonly spanStartMs: number;
  },
  deps: CoarserDeps & {
    readonly nowMs: number;
    readonly key: { tenant: string; shard: number; tier: string };
  },
): Promise<FileHeader | undefined> {
  const { previous, files, isComplete, spanStartMs } = file;
  const { table, settings, tier, nowMs, key } = deps;
  const set = createEntrySet();
  const families = new Map<string, FamilyMetadata>();
  let coveredMs = spanStartMs;
  if (previous !== undefined) {
    const content = await readFile(table, previous);
    set.restore(content.entries);
    for (const [name, metadata] of content.families) families.set(name, metadata);
    coveredMs = previous.coveredMs;
  }
  for (const header of files) {
    const content = await readFile(table, header);
    foldEntries(set, content.entries, {
      firstSlot: (header.spanStartMs - spanStartMs) / tier.slotMs,
      slotsPerSlot: tier.slotMs / baseTierOf(settings).slotMs,
    });
    for (const [name, metadata] of content.families) families.set(name, metadata);
    coveredMs = header.coveredMs;
  }
  const content = {
    coveredMs: isComplete ? spanStartMs + tier.spanMs : coveredMs,
    isComplete,
    entries: set.entries(),
    families,
  };
  return writeFile(
    table,
    { ...key, spanStartMs, content, ...(previous && { previous }) },
    { tier, settings, nowMs },
  );
}

/** `firstSlot`: the slot of the set in which the entries' slot 0 lies. */
export function foldEntries(
  set: EntrySet,
  entries: readonly RollupEntry[],
  { firstSlot, slotsPerSlot }: { readonly firstSlot: number; readonly slotsPerSlot: number },
): void {
  for (const entry of entries) {
    const { labels, key, startMs } = entry;
    if (isGaugeEntry(entry)) {
      const [last, min, max, sum, count] = entry.columns() as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      entry.at.forEach((at, i) => {
        const slot = firstSlot + Math.floor(at / slotsPerSlot);
        set.addGauge({
          labels,
          key,
          kind: entry.kind,
          startMs,
          slot,
          last: last[i]!,
          min: min[i]!,
          max: max[i]!,
          sum: sum[i]!,
          count: count[i]!,
        });
      });
      continue;
    }
    const { kind, points, from, slots } = entry;
    const columns = entry.columns();
    const first = firstSlot + Math.floor(from / slotsPerSlot);
    const begin = () => ({ from: first, levels: columns.map((column) => column[0]!) });
    const end = from + slots;
    for (let coarse = Math.floor(from / slotsPerSlot); coarse * slotsPerSlot < end; coarse++) {
      const last = Math.min(end, (coarse + 1) * slotsPerSlot) - 1;
      const levels = columns.map((column) => column[last - from + 1]!);
      set.addLevels({ labels, key, kind, startMs, points, slot: firstSlot + coarse, levels, begin });
    }
  }
}

function groupBySpan(headers: readonly FileHeader[], spanMs: number): Map<number, FileHeader[]> {
  const spans = new Map<number, FileHeader[]>();
  for (const header of headers) {
    const start = Math.floor(header.spanStartMs / spanMs) * spanMs;
    const known = spans.get(start);
    if (known === undefined) spans.set(start, [header]);
    else known.push(header);
  }
  return spans;
}
