/**
 * The job of every day: proves every log, lets old events go, and records what came of it in the log itself. A log that was
 * tampered with is left as it is: it is evidence.
 */
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { NoteVerifier } from '../checkpoint.ts';
import { expireEvents } from '../keep/expire-events.ts';
import type { HoldDeps } from '../keep/holds.ts';
import { makeLogRecord, RECORD_TYPE } from '../log-records.ts';
import { verifyRunningLog } from '../verify/verify-running-log.ts';
import type { CheckpointCopies } from './checkpoint-copies.ts';
import { knownTenants } from './seal-trails.ts';

export interface DailyUpkeepOptions extends HoldDeps {
  readonly copies: CheckpointCopies;
  readonly keys: readonly NoteVerifier[];
  readonly retentionMs: number;
  readonly clock: Clock;
  /** Waited for between segments. */
  readonly pause: () => Promise<void>;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

const DAY_MS = 86_400_000;
const ACTOR = 'sluice upkeep';

/** To be called often; works at the first call of a day (UTC), and again when a tenant failed. */
export function createDailyUpkeep(options: DailyUpkeepOptions): () => Promise<void> {
  const { table, log, copies, retentionMs, clock, pause, selfMetrics, logger } = options;
  const found = selfMetrics.gauge(METRIC.auditFindings, 'Findings of the last verification of a tenant.');
  const doneDay = new Map<TenantId, number>();

  async function keepUp(tenant: TenantId): Promise<void> {
    const { ok, size, sealedSize, findings } = await verifyRunningLog(tenant, {
      ...options,
      outsideNotes: () => copies.notes(tenant),
      onProgress: pause,
    });
    found.set(findings.length, { tenant });
    if (!ok) {
      const { kind, where, what } = findings[0]!;
      logger.error('the audit log was tampered with', {
        tenant,
        findings: findings.length,
        kind,
        where,
        what,
      });
    }
    const nowMs = clock.nowMs();
    const { expired, held } = ok
      ? await expireEvents(tenant, { ...options, retentionMs, nowMs, actorId: ACTOR })
      : { expired: 0, held: 0 };
    const attributes = { size, sealed_size: sealedSize, findings: findings.length, expired, held };
    const result = ok ? 'success' : 'failure';
    await log.append(tenant, [
      makeLogRecord(RECORD_TYPE.verified, {
        tenant,
        nowMs,
        actorId: ACTOR,
        result,
        attributes,
      }),
    ]);
  }

  return async () => {
    const day = Math.floor(clock.nowMs() / DAY_MS);
    for (const tenant of await knownTenants(table, copies)) {
      if (doneDay.get(tenant) === day) continue;
      try {
        await keepUp(tenant);
        doneDay.set(tenant, day);
      } catch (error) {
        logger.warn('the daily upkeep of an audit log failed and is tried again', {
          tenant,
          error: describeError(error),
        });
      }
    }
  };
}
