/** A shard on a fake clock: ticks, compaction on schedule, queries through the engine, and what was counted. */
import type { Table } from '@sluice/core/ports/table';
import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createEngine, type Engine } from '@sluice/promql/engine';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { createRollupSeriesReader, type RollupReaderOptions } from '../read/rollup-series-reader.ts';
import { type CompactResult, compactShard } from '../rollup/compact-shard.ts';
import { createRollupSettings, type RollupSettings } from '../rollup/rollup-settings.ts';
import { createMemorySnapshots, type MemorySnapshots } from './memory-snapshots.ts';
import { createSnapshotBuilder, type SnapshotBuilder } from './snapshot-builder.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** Midnight: the border of an hour, of six hours and of a day. */
export const WORLD_START_MS = Date.UTC(2026, 0, 1);

export interface RollupWorld {
  readonly clock: FakeClock;
  readonly table: Table;
  readonly snapshots: MemorySnapshots;
  readonly builder: SnapshotBuilder;
  readonly settings: RollupSettings;
  readonly engine: Engine;
  readonly reader: SeriesReader;
  readerWith(changes: Partial<RollupReaderOptions>): SeriesReader;
  /** Ticks every `tickMs` until then; `before` is called with each tick's time, to count things. */
  run(untilMs: number, before?: (tickMs: number) => void): Promise<void>;
  compact(): Promise<CompactResult>;
  /** The vector at a time, by the labels that are left, written `a=b,c=d`. */
  instant(query: string, timeMs: number, reader?: SeriesReader): Promise<Readonly<Record<string, number>>>;
}

export interface WorldOptions {
  readonly table?: (table: Table) => Table;
  readonly settings?: Partial<RollupSettings>;
  readonly tickMs?: number;
  /** 0 never compacts by itself. */
  readonly compactEveryMs?: number;
  readonly startMs?: number;
}

export function createRollupWorld({
  table: wrap = (table) => table,
  settings: changes = {},
  tickMs = MINUTE_MS,
  compactEveryMs = 10 * MINUTE_MS,
  startMs = WORLD_START_MS,
}: WorldOptions = {}): RollupWorld {
  const clock = createFakeClock(startMs);
  const table = wrap(createEmbeddedTable({ database: createMemoryDatabase(), name: 'metrics', clock }));
  const snapshots = createMemorySnapshots();
  const settings = createRollupSettings(changes);
  const builder = createSnapshotBuilder({ startMs });
  const engine = createEngine({ clock });
  const tenant = 'default';
  const readerWith = (more: Partial<RollupReaderOptions>): SeriesReader =>
    createRollupSeriesReader({ table, snapshots, clock, tenant, settings, ...more });
  const reader = readerWith({});
  const compact = (): Promise<CompactResult> =>
    compactShard({ tenant, shard: 0, nowMs: clock.nowMs() }, { table, snapshots, settings });
  return {
    clock,
    table,
    snapshots,
    builder,
    settings,
    engine,
    reader,
    readerWith,
    compact,
    async run(untilMs, before) {
      while (clock.nowMs() + tickMs <= untilMs) {
        const nextMs = clock.nowMs() + tickMs;
        before?.(nextMs);
        snapshots.put(builder.tick(nextMs));
        clock.set(nextMs);
        if (compactEveryMs > 0 && nextMs % compactEveryMs === 0) await compact();
      }
    },
    async instant(query, timeMs, from = reader) {
      const { value } = await engine.instant(query, { reader: from, timeMs });
      if (value.type === 'scalar') return { '': value.value };
      if (value.type !== 'vector') throw new TypeError(`${query} is a ${value.type}`);
      return Object.fromEntries(
        value.samples.map(({ labels, value: sample }) => [
          labels.map(({ name, value: text }) => `${name}=${text}`).join(),
          sample,
        ]),
      );
    },
  };
}
