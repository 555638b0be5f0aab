/**
 * Where metrics lie in the table. Blocks and objects of a shard have a partition each; the sort keys are
 * ticks in 13 digits (milliseconds until the year 2286), so that they sort by time.
 */
import type { Key } from '@sluice/core/ports/table';
import type { ShardKey } from '../model/snapshot.ts';

export function tickText(tickMs: number): string {
  return String(tickMs).padStart(13, '0');
}

export function blockPartition({ tenant, shard }: ShardKey): string {
  return `mblock#${tenant}#${shard}`;
}

export function blockKey(shard: ShardKey, writeTickMs: number, contentId: string): Key {
  return { pk: blockPartition(shard), sk: `${tickText(writeTickMs)}#${contentId}` };
}

export function objectKey({ tenant, shard }: ShardKey, tickMs: number): Key {
  return { pk: `mobject#${tenant}#${shard}`, sk: tickText(tickMs) };
}

/** Parts are named by their content: written before what refers to them, shared and never changed. */
export function partKey({ tenant, shard }: ShardKey, contentId: string): Key {
  return { pk: `mpart#${tenant}#${shard}`, sk: contentId };
}

export function headPartition(tenant: string): string {
  return `mhead#${tenant}`;
}

export function headKey({ tenant, shard }: ShardKey): Key {
  return { pk: headPartition(tenant), sk: shardText(shard) };
}

/** One partition for all tenants: a tick asks once. */
export const ACTIVE_PARTITION = 'mactive';

export function activeKey({ tenant, shard }: ShardKey): Key {
  return { pk: ACTIVE_PARTITION, sk: `${tenant}#${shardText(shard)}` };
}

export const PLAN_KEY: Key = { pk: 'mplan', sk: 'shards' };

/** What could not be read, set aside for people. */
export function poisonKey(tenant: string, blockSortKey: string, shard: number): Key {
  return { pk: `mpoison#${tenant}`, sk: `${shardText(shard)}#${blockSortKey}` };
}

export function shardText(shard: number): string {
  return String(shard).padStart(8, '0');
}
