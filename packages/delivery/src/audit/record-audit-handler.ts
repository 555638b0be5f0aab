/**
 * Consumes the audit queue: appends the events of each tenant to its log, in the order in which they were taken. The
 * queue is FIFO with a group per tenant: after a failure nothing later of that tenant is tried in the same batch.
 */

import type { AppendResult, AuditLog } from '@sluice/audit/audit-log';
import { type AuditMessage, decodeAuditMessage } from '@sluice/audit/audit-message';
import { makeLogRecord, RECORD_TYPE } from '@sluice/audit/log-records';
import { backoffMs } from '@sluice/core/backoff';
import { toDeadLetter } from '@sluice/core/envelope';
import { describeError, PermanentError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { BatchFailure, BatchHandler, Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import type { SelfMetrics } from '@sluice/core/self-metrics';

export interface RecordAuditOptions {
  readonly log: AuditLog;
  readonly queue: Pick<Queue, 'name'>;
  readonly deadLetter: Queue;
  /** Sends the copy for log readers; may be called again for the same events. */
  readonly copy: (message: AuditMessage, results: readonly AppendResult[]) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

interface Job {
  readonly message: ReceivedMessage;
  readonly decoded: AuditMessage;
}

/** Appended in one call. */
const MAX_EVENTS = 1000;
const BACKOFF = { baseMs: 1_000, capMs: 5 * 60_000 };

export function createRecordAuditHandler(options: RecordAuditOptions): BatchHandler {
  const { log, queue, deadLetter, copy, clock, random, selfMetrics, logger } = options;
  const recorded = selfMetrics.counter(METRIC.auditEvents, 'Audit events, by what became of them.');
  const deadLetters = selfMetrics.counter(METRIC.deadLetters, 'Messages given up, by cause.');

  /** Messages of one tenant together, so that their events share segments. */
  async function record(batch: readonly Job[]): Promise<void> {
    const { tenant } = batch[0]!.decoded;
    const results = await log.append(
      tenant,
      batch.flatMap(({ decoded }) => decoded.events),
    );
    for (const { status } of results) recorded.add(1, { status });
    const conflicts = results.filter(({ status }) => status === 'conflict');
    if (conflicts.length > 0) await recordConflicts(tenant, conflicts);
    let next = 0;
    for (const { decoded } of batch) {
      const end = next + decoded.events.length;
      await copy(decoded, results.slice(next, end));
      next = end;
    }
  }

  /** An id that was used for two different events: the first stands, and the trail says so. */
  async function recordConflicts(tenant: TenantId, conflicts: readonly AppendResult[]): Promise<void> {
    const ids = conflicts.map(({ id }) => id);
    logger.warn('audit events with a used id and other content were not recorded', {
      tenant,
      ids: ids.join(' '),
    });
    const attributes = { event_ids: ids.join(' ') };
    await log.append(tenant, [
      makeLogRecord(RECORD_TYPE.conflict, {
        tenant,
        nowMs: clock.nowMs(),
        actorId: 'sluice',
        result: 'refused',
        attributes,
      }),
    ]);
  }

  async function bury(message: ReceivedMessage, error: unknown): Promise<void> {
    const dead = toDeadLetter(message, {
      reason: describeError(error),
      source: queue.name,
      atMs: clock.nowMs(),
    });
    const [outcome] = await deadLetter.send([{ ...dead, deduplicationId: message.messageId }]);
    if (outcome?.status !== 'ok') throw new Error('the dead-letter queue did not take the message');
    deadLetters.add(1, { signal: 'audit', sink: '', cause: 'unreadable' });
  }

  /** Puts what can never be read aside; the rest keeps its order. */
  async function readJobs(messages: readonly ReceivedMessage[]): Promise<readonly Job[]> {
    const jobs: Job[] = [];
    for (const message of messages) {
      try {
        jobs.push({ message, decoded: decodeAuditMessage(message) });
      } catch (error) {
        await bury(message, error);
      }
    }
    return jobs;
  }

  /** One by one when they cannot be recorded together for good: then only the guilty one is put aside. */
  async function recordBatch(batch: readonly Job[]): Promise<void> {
    try {
      await record(batch);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      if (batch.length === 1) return bury(batch[0]!.message, error);
      for (const job of batch) await recordBatch([job]);
    }
  }

  /** In order, up to the first failure; answers the messages from there on. */
  async function recordGroup(
    messages: readonly ReceivedMessage[],
    softDeadlineMs: number,
  ): Promise<readonly BatchFailure[]> {
    let left = messages;
    try {
      const jobs = await readJobs(messages);
      left = jobs.map(({ message }) => message);
      for (const batch of packBatches(jobs)) {
        if (clock.nowMs() >= softDeadlineMs)
          return left.map(({ messageId }) => ({ messageId, retryAfterMs: 0 }));
        await recordBatch(batch);
        left = left.slice(batch.length);
      }
      return [];
    } catch (error) {
      const retryAfterMs = backoffMs(left[0]!.receiveCount, { ...BACKOFF, random });
      logger.warn('audit events could not be recorded and are tried again', {
        error: describeError(error),
        retryAfterMs,
      });
      return left.map(({ messageId }) => ({ messageId, retryAfterMs }));
    }
  }

  return async (messages, { softDeadlineMs }) => {
    const groups = Map.groupBy(messages, ({ groupId = '' }) => groupId);
    const failures = await Promise.all(
      [...groups.values()].map((group) => recordGroup(group, softDeadlineMs)),
    );
    return { failures: failures.flat() };
  };
}

/** In order; each of one tenant and of a bounded number of events, so that a batch ends well before its deadline. */
function packBatches(jobs: readonly Job[]): readonly (readonly Job[])[] {
  const batches: Job[][] = [];
  let events = 0;
  for (const job of jobs) {
    const last = batches.at(-1);
    const fits =
      last?.[0]?.decoded.tenant === job.decoded.tenant && events + job.decoded.events.length <= MAX_EVENTS;
    if (fits) last?.push(job);
    else batches.push([job]);
    events = (fits ? events : 0) + job.decoded.events.length;
  }
  return batches;
}
