/**
 * The snapshots of a shard in order, without those that no later one continues: a reducer that lost a race
 * or died between its object and the head leaves such an object behind. The newest is held back until
 * another follows it, or until it is so old that none will.
 */
import type { ShardKey, Snapshot, SnapshotReader } from '../model/snapshot.ts';

export interface SettleOptions {
  readonly snapshots: SnapshotReader;
  /** Read at once; at least 2. */
  readonly chunkTicks: number;
  readonly nowMs: number;
  readonly graceMs: number;
}

/** `ticks`: ascending. */
export async function* settledSnapshots(
  shard: ShardKey,
  ticks: readonly number[],
  { snapshots, chunkTicks, nowMs, graceMs }: SettleOptions,
): AsyncGenerator<Snapshot> {
  let index = 0;
  while (index < ticks.length) {
    const end = Math.min(ticks.length, index + Math.max(2, chunkTicks));
    const chunk = await readAll(shard, ticks.slice(index, end), snapshots);
    const chain = chainOf(chunk);
    const newest = chain.at(-1);
    if (end === ticks.length) {
      const isOld = newest !== undefined && nowMs - newest.tickMs >= graceMs;
      yield* isOld ? chain : chain.slice(0, -1);
      return;
    }
    yield* chain.slice(0, -1);
    // The newest of this chunk is the first of the next, which shows whether it is continued.
    index = newest === undefined ? end : Math.max(index + 1, ticks.indexOf(newest.tickMs));
  }
}

export async function readAll(
  shard: ShardKey,
  ticks: readonly number[],
  snapshots: SnapshotReader,
): Promise<readonly Snapshot[]> {
  const read = await Promise.all(ticks.map((tickMs) => snapshots.read(shard, tickMs)));
  // One that has expired since it was listed.
  return read.filter((snapshot) => snapshot !== undefined);
}

/** The newest snapshot and what it continues, back to the start of `snapshots` (ascending). */
export function chainOf(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const chain: Snapshot[] = [];
  let beforeMs = Number.POSITIVE_INFINITY;
  for (let i = snapshots.length - 1; i >= 0; i--) {
    const snapshot = snapshots[i]!;
    if (snapshot.tickMs > beforeMs) continue;
    chain.push(snapshot);
    beforeMs = snapshot.previousTickMs;
  }
  return chain.reverse();
}
