/** Reads what reducers have published. */
import type { Table } from '@sluice/core/ports/table';
import { DEFAULT_METRICS_SETTINGS, type MetricsSettings } from '../metrics-settings.ts';
import type { SnapshotReader } from '../model/snapshot.ts';
import { listHeads, readHead } from './head.ts';
import { createObjectStore, type SegmentCache } from './object-store.ts';
import { toSnapshot } from './to-snapshot.ts';

export interface SnapshotReaderOptions {
  readonly settings?: MetricsSettings;
  /** Shared with a reducer of the same process, if there is one. */
  readonly segments?: SegmentCache;
}

/** Only ticks of the chain are listed: an object that lost a race is never read. */
export function createSnapshotReader(
  table: Table,
  { settings = DEFAULT_METRICS_SETTINGS, segments = new Map() }: SnapshotReaderOptions = {},
): SnapshotReader {
  return {
    async shards(tenant) {
      return (await listHeads(table, tenant)).map(({ shard }) => shard);
    },
    async ticks(shard, { fromMs, untilMs }) {
      const head = await readHead(table, shard);
      return (head?.chain ?? []).filter((tickMs) => tickMs >= fromMs && tickMs <= untilMs);
    },
    async read(shard, tickMs) {
      const state = await createObjectStore(table, shard, { settings, segments }).read(tickMs);
      return state === undefined ? undefined : toSnapshot(state, shard, settings);
    },
  };
}
