/** What the functions that work on metrics share: the table, and how it is read. */
import { CLOUD_ENV } from '@sluice/core/names';
import type { Table } from '@sluice/core/ports/table';
import { readMetricsSettings } from '@sluice/metrics/metrics-settings';
import { createReduceMemory } from '@sluice/metrics/reduce/reduce-memory';
import { createSnapshotReader } from '@sluice/metrics/reduce/snapshot-store';
import type { CloudProcess } from './process.ts';
import { openTables } from './tables.ts';

/** `readTable` stands between the table and who reads snapshots: queries read from replicas, at half the price. */
export function openMetricsParts(
  process: Pick<CloudProcess, 'env' | 'clock'>,
  { readTable = (table) => table }: { readonly readTable?: (table: Table) => Table } = {},
) {
  const settings = readMetricsSettings(process.env);
  const table = openTables(process).table(CLOUD_ENV.metricsTable);
  const memory = createReduceMemory();
  return {
    settings,
    table,
    memory,
    snapshots: createSnapshotReader(readTable(table), { settings, segments: memory.segments }),
  };
}
