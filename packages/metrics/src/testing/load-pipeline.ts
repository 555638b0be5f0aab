/** Collect and reduce as one process does both, over tables that count what DynamoDB would charge. */
import type { Table } from '@sluice/core/ports/table';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createCountingTable, type TableCounts } from '@sluice/platform/counting-table';
import { createCollectMemory } from '../collect/collect-memory.ts';
import { collectMetrics } from '../collect/collect-metrics.ts';
import { createMetricsSettings } from '../metrics-settings.ts';
import type { SeriesSnapshot } from '../model/snapshot.ts';
import { createReduceMemory } from '../reduce/reduce-memory.ts';
import { reduceShard } from '../reduce/reduce-shard.ts';
import { createSnapshotReader } from '../reduce/snapshot-store.ts';
import { compactShard } from '../rollup/compact-shard.ts';
import { DEFAULT_ROLLUP_SETTINGS } from '../rollup/rollup-settings.ts';
import { LOAD_START_MS, type LoadBatch, loadTickMs } from './load-messages.ts';
import { createMapTable } from './map-table.ts';
import { TENANT } from './metrics-world.ts';

/** One a bucket and quantile, and their sum and count. */
function activeSeries(series: SeriesSnapshot): number {
  if (series.kind === 'histogram') return series.buckets.length + 2;
  return series.kind === 'summary' ? series.quantiles.length + 2 : 1;
}

/** As one delivery of a queue to a function. */
const MESSAGES_A_CALL = 100;

export type LoadPart = 'collect' | 'reduce' | 'compact';

export function createLoadPipeline() {
  const clock = createFakeClock(LOAD_START_MS);
  const settings = createMetricsSettings({ targetInfo: false });
  const stored = createMapTable();
  const tables = {
    collect: createCountingTable(stored),
    reduce: createCountingTable(stored),
    compact: createCountingTable(stored),
  };
  const memory = { collect: createCollectMemory(), reduce: createReduceMemory() };
  const collecting = { table: tables.collect as Table, clock, settings, memory: memory.collect };
  const reducing = { table: tables.reduce as Table, clock, settings, memory: memory.reduce };
  const snapshots = createSnapshotReader(tables.compact, { settings, segments: memory.reduce.segments });
  return {
    /** Answers the number of active series at the tick, as Prometheus counts them. */
    async play(batches: readonly LoadBatch[], tick: number): Promise<number> {
      for (const { atMs, messages } of batches) {
        clock.set(atMs);
        for (let at = 0; at < messages.length; at += MESSAGES_A_CALL) {
          const outcomes = await collectMetrics(messages.slice(at, at + MESSAGES_A_CALL), collecting);
          const refused = outcomes.find(({ status }) => status !== 'stored');
          if (refused !== undefined) throw new Error(`a message of the load is ${refused.status}`);
        }
      }
      clock.set(loadTickMs(tick));
      const result = await reduceShard({ tenant: TENANT, shard: 0, tickMs: loadTickMs(tick) }, reducing);
      if (result.status !== 'written') throw new Error(`the tick was not written: ${result.status}`);
      return result.snapshot.series.reduce((sum, own) => sum + activeSeries(own), 0);
    },
    async compact(): Promise<void> {
      const job = { tenant: TENANT, shard: 0, nowMs: clock.nowMs() };
      await compactShard(job, { table: tables.compact, snapshots, settings: DEFAULT_ROLLUP_SETTINGS });
    },
    counts: (part: LoadPart): TableCounts => tables[part].counts(),
  };
}
