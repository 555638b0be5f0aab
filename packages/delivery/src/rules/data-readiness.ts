/**
 * Up to when a tenant's metrics are complete: each shard has an object of every tick, and no message waits
 * too long to be collected. Rules do not look at what lies beyond.
 */
import type { Queue } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import { listActiveShards } from '@sluice/metrics/collect/active-shards';
import type { MetricsSettings } from '@sluice/metrics/metrics-settings';
import type { SnapshotReader } from '@sluice/metrics/model/snapshot';

export interface DataReadinessOptions {
  readonly table: Table;
  readonly snapshots: Pick<SnapshotReader, 'ticks'>;
  readonly settings: Pick<MetricsSettings, 'tickMs' | 'publishForMs'>;
  readonly tenant: string;
  /** One that does not tell its age holds nothing back: `withCollectLag` gives it one. */
  readonly queue: Pick<Queue, 'stats'>;
  /** A message that waits longer may hold data of a slot that looks complete. */
  readonly maxWaitMs: number;
}

export type DataReadiness = (nowMs: number) => Promise<number>;

export function createDataReadiness(options: DataReadinessOptions): DataReadiness {
  const { table, snapshots, settings, tenant, queue, maxWaitMs } = options;
  const { tickMs, publishForMs } = settings;
  return async (nowMs) => {
    const [shards, { oldestAgeMs = 0 }] = await Promise.all([
      listActiveShards(table, { tickMs: nowMs, tenant }),
      queue.stats(),
    ]);
    let readyMs = oldestAgeMs > maxWaitMs ? nowMs - oldestAgeMs : Number.POSITIVE_INFINITY;
    await Promise.all(
      shards.map(async (shard) => {
        const ticks = await snapshots.ticks(shard, { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER });
        const lastMs = ticks.at(-1);
        // Noted, but without its first object: nothing of it was readable before.
        if (lastMs === undefined) return;
        // Nothing is published any more of a shard that has been silent for so long, so no ticks come.
        if (nowMs - lastMs > publishForMs + 2 * tickMs) return;
        readyMs = Math.min(readyMs, lastMs);
      }),
    );
    return Math.min(readyMs, nowMs);
  };
}
