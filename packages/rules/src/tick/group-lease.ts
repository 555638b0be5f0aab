/**
 * Who evaluates a group now. Two workers at once would do no harm, only the same work twice; the lease keeps
 * the second one away until the first is done, or has been gone for longer than an evaluation may take.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';

export interface GroupLeaseOptions {
  readonly table: Table;
  readonly tenant: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Longer than any evaluation may take. */
  readonly leaseMs: number;
}

/** Answers `busy` without working when another has the lease. */
export async function withGroupLease<T>(
  id: string,
  { table, tenant, clock, leaseMs }: GroupLeaseOptions,
  work: () => Promise<T>,
): Promise<T | 'busy'> {
  const key = { pk: `rules-lease#${tenant}`, sk: id };
  const token = randomUUID();
  const expiresAt = Math.ceil((clock.nowMs() + leaseMs) / 1_000);
  if ((await table.put({ ...key, token, expiresAt }, { condition: { kind: 'absent' } })) === 'conflict')
    return 'busy';
  try {
    return await work();
  } finally {
    await table.delete(key, { condition: { kind: 'equals', attribute: 'token', value: token } });
  }
}
