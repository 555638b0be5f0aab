/** Function `compact-metrics`: every 10 minutes, snapshots into the rollups that queries read. */
import { compactShard } from '@sluice/metrics/rollup/compact-shard';
import { listDueShards } from '@sluice/metrics/rollup/list-due-shards';
import { DEFAULT_ROLLUP_SETTINGS } from '@sluice/metrics/rollup/rollup-settings';
import { openMetricsParts } from './aws/metrics-parts.ts';
import { openProcess } from './aws/process.ts';
import { toScheduleHandler } from './aws/schedule-door.ts';

const INTERVAL_MS = 10 * 60_000;

const own = openProcess(process.env);
const { table, snapshots } = openMetricsParts(own);

export const handler = toScheduleHandler(
  {
    name: 'compact-metrics',
    intervalMs: INTERVAL_MS,
    async run() {
      const nowMs = own.clock.nowMs();
      for (const shard of await listDueShards(table, { tickMs: nowMs }))
        await compactShard({ ...shard, nowMs }, { table, snapshots, settings: DEFAULT_ROLLUP_SETTINGS });
    },
  },
  { process: own },
);
