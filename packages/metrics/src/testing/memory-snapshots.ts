/** Snapshots in memory behind the reader's port: what a test puts in is what rollups and queries see. */
import type { ShardKey, Snapshot, SnapshotReader } from '../model/snapshot.ts';

export interface MemorySnapshots extends SnapshotReader {
  put(snapshot: Snapshot): void;
  /** Forgets those before a tick, as expiry does. */
  expire(beforeMs: number): void;
  /** Reads of snapshots so far. */
  reads(): number;
}

export function createMemorySnapshots(): MemorySnapshots {
  const stored = new Map<string, Map<number, Snapshot>>();
  let reads = 0;
  const of = ({ tenant, shard }: ShardKey): Map<number, Snapshot> => {
    const id = `${tenant}#${shard}`;
    const known = stored.get(id) ?? new Map<number, Snapshot>();
    stored.set(id, known);
    return known;
  };
  return {
    put: (snapshot) => void of(snapshot).set(snapshot.tickMs, snapshot),
    expire(beforeMs) {
      for (const ticks of stored.values()) {
        for (const tickMs of ticks.keys()) if (tickMs < beforeMs) ticks.delete(tickMs);
      }
    },
    reads: () => reads,
    async shards(tenant) {
      return [...stored.keys()]
        .filter((id) => id.startsWith(`${tenant}#`))
        .map((id) => Number(id.slice(tenant.length + 1)));
    },
    async ticks(shard, { fromMs, untilMs }) {
      return [...of(shard).keys()]
        .filter((tickMs) => tickMs >= fromMs && tickMs <= untilMs)
        .sort((a, b) => a - b);
    },
    async read(shard, tickMs) {
      reads += 1;
      return of(shard).get(tickMs);
    },
  };
}
