/**
 * Who works on a shard now. Two reducers at once would do no harm, only each other's work twice; the lease
 * keeps the second one away until the first is done, or has been gone for longer than a function may run.
 */
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { ShardKey } from '@sluice/metrics/model/snapshot';

export interface ShardLeases {
  /** Runs `work` as the owner of the shard; answers `busy` without running it when another owns it. */
  withLease<T>(shard: ShardKey, work: () => Promise<T>): Promise<T | 'busy'>;
}

export interface ShardLeaseOptions {
  readonly table: Table;
  readonly clock: Clock;
  /** Longer than any work may take. */
  readonly leaseMs: number;
  readonly createToken: () => string;
}

export function createShardLeases({ table, clock, leaseMs, createToken }: ShardLeaseOptions): ShardLeases {
  return {
    async withLease({ tenant, shard }, work) {
      const key = { pk: `mlease#${tenant}`, sk: String(shard).padStart(8, '0') };
      const token = createToken();
      // Counts as absent from `expiresAt` on, which is in whole seconds.
      const expiresAt = Math.ceil((clock.nowMs() + leaseMs) / 1000);
      const taken = await table.put({ ...key, token, expiresAt }, { condition: { kind: 'absent' } });
      if (taken === 'conflict') return 'busy';
      try {
        return await work();
      } finally {
        const condition = { kind: 'equals', attribute: 'token', value: token } as const;
        await table.delete(key, { condition });
      }
    },
  };
}
