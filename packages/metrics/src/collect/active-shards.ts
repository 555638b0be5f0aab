/**
 * Which shards have data, so that a tick wakes only those. Collectors note a shard once an hour before
 * they acknowledge a message; the note says until when the shard may have something to publish.
 */
import { queryAll, type Table } from '@sluice/core/ports/table';
import type { ShardKey } from '../model/snapshot.ts';
import { ACTIVE_PARTITION, activeKey } from '../store/keys.ts';

const HOUR_MS = 3_600_000;
/** Series are published for an hour after the last news, and a note is up to an hour old. */
const AWAKE_MS = 2 * HOUR_MS;
/** As long as blocks are kept: what an outage left behind is found at the next full hour. */
const KEPT_MS = 26 * HOUR_MS;

/** The hour that notes are made for: a second note of the same hour says nothing new. */
export function noteHour(nowMs: number): number {
  return Math.floor(nowMs / HOUR_MS);
}

export async function noteActiveShard(table: Table, shard: ShardKey, nowMs: number): Promise<void> {
  await table.put({
    ...activeKey(shard),
    notedMs: nowMs,
    expiresAt: Math.ceil((nowMs + KEPT_MS) / 1000),
  });
}

/**
 * The shards that a tick should reduce: those with data in the last two hours, and at full hours those of
 * the last day too, so that nothing stays behind after an outage.
 */
export async function listActiveShards(
  table: Table,
  { tickMs, tenant }: { readonly tickMs: number; readonly tenant?: string },
): Promise<readonly ShardKey[]> {
  const sinceMs = tickMs - (tickMs % HOUR_MS === 0 ? KEPT_MS : AWAKE_MS);
  const shards: ShardKey[] = [];
  const range = tenant === undefined ? {} : { prefix: `${tenant}#` };
  for await (const { sk, notedMs } of queryAll(table, { pk: ACTIVE_PARTITION, ...range })) {
    const at = sk.lastIndexOf('#');
    if (Number(notedMs) >= sinceMs) shards.push({ tenant: sk.slice(0, at), shard: Number(sk.slice(at + 1)) });
  }
  return shards;
}
