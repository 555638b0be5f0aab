/** Whom to compact: shards with news, and silent ones whose files are still open. */
import type { Table } from '@sluice/core/ports/table';
import { listActiveShards } from '../collect/active-shards.ts';
import type { ShardKey } from '../model/snapshot.ts';
import { listOpenShards } from './rollup-store.ts';

export async function listDueShards(
  table: Table,
  { tickMs }: { readonly tickMs: number },
): Promise<readonly ShardKey[]> {
  const [active, open] = await Promise.all([listActiveShards(table, { tickMs }), listOpenShards(table)]);
  const due = [...active, ...open].map(
    ({ tenant, shard }) => [`${tenant}#${shard}`, { tenant, shard }] as const,
  );
  return [...new Map(due).values()];
}
