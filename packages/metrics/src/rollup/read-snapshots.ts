/** Snapshots one after the other, a few at a time in memory. Those that expired since they were listed are left out. */
import type { ShardKey, Snapshot, SnapshotReader } from '../model/snapshot.ts';

export async function* readSnapshots(
  shard: ShardKey,
  ticks: readonly number[],
  { snapshots, chunkTicks }: { readonly snapshots: SnapshotReader; readonly chunkTicks: number },
): AsyncGenerator<Snapshot> {
  for (let at = 0; at < ticks.length; at += chunkTicks) {
    const read = await Promise.all(
      ticks.slice(at, at + chunkTicks).map((tickMs) => snapshots.read(shard, tickMs)),
    );
    for (const snapshot of read) if (snapshot !== undefined) yield snapshot;
  }
}
