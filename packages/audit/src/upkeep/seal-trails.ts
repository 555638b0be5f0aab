/** The job of every minute: seals the log of every tenant, tells how long ago that last worked, and shouts when it must not. */
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { listTenants } from '../audit-log.ts';
import { type SealerOptions, sealLog } from '../seal.ts';
import type { CheckpointCopies } from './checkpoint-copies.ts';

export interface SealTrailsOptions extends Omit<SealerOptions, 'publish' | 'lastKnownNote'> {
  readonly copies: CheckpointCopies;
  /** Further copies, as good as they can be had: a failure is logged, and the note comes again with the next seal. */
  readonly witnesses: readonly ((tenant: TenantId, note: string) => Promise<void>)[];
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

export function createSealJob(options: SealTrailsOptions): () => Promise<void> {
  const { table, copies, witnesses, clock, selfMetrics, logger } = options;
  const age = selfMetrics.gauge(
    METRIC.auditCheckpointAge,
    'Seconds since a tenant was last sealed, or found unchanged since; of the tenant that waits longest.',
  );
  const refused = selfMetrics.gauge(
    METRIC.auditSealRefused,
    '1 while the log of a tenant does not continue what was sealed.',
  );
  const vouchedMs = new Map<TenantId, number>();
  /** Notes that a witness has not got yet, by place of the witness and tenant. */
  const owed = new Map<
    string,
    { readonly tenant: TenantId; readonly note: string; readonly witness: number }
  >();
  selfMetrics.onCollect(() => {
    const oldestMs = Math.min(...vouchedMs.values(), clock.nowMs());
    age.set((clock.nowMs() - oldestMs) / 1000);
  });

  async function publish(tenant: TenantId, note: string): Promise<void> {
    await copies.append(tenant, note);
    for (const witness of witnesses.keys()) owed.set(`${witness} ${tenant}`, { tenant, note, witness });
  }

  async function tellWitnesses(): Promise<void> {
    for (const [key, { tenant, note, witness }] of [...owed]) {
      try {
        await witnesses[witness]!(tenant, note);
        owed.delete(key);
      } catch (error) {
        logger.warn('a copy of an audit checkpoint did not arrive and is sent again', {
          tenant,
          error: describeError(error),
        });
      }
    }
  }

  async function seal(tenant: TenantId): Promise<void> {
    try {
      const result = await sealLog(tenant, { ...options, publish, lastKnownNote: copies.last });
      refused.set(result.status === 'refused' ? 1 : 0, { tenant });
      if (result.status === 'refused') {
        logger.error('the audit log is not sealed: run "sluice audit verify"', {
          tenant,
          reason: result.reason,
        });
        return;
      }
      vouchedMs.set(tenant, clock.nowMs());
    } catch (error) {
      logger.warn('the audit log could not be sealed now', { tenant, error: describeError(error) });
    }
  }

  async function round(): Promise<void> {
    for (const tenant of await knownTenants(table, copies)) {
      if (!vouchedMs.has(tenant)) vouchedMs.set(tenant, clock.nowMs());
      await seal(tenant);
    }
    await tellWitnesses();
  }

  /** One at a time, so that checkpoints are copied in their order. */
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(round, round);
    return last;
  };
}

/** From the table and from outside of it: one that is missing in the table has been removed. */
export async function knownTenants(
  table: SealTrailsOptions['table'],
  copies: Pick<CheckpointCopies, 'tenants'>,
): Promise<readonly TenantId[]> {
  return [...new Set([...(await listTenants(table)), ...(await copies.tenants())])];
}
