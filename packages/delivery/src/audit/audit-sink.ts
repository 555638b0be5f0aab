/**
 * Log records of level AUDIT or SECURITY, on their way to the log stores, enter the audit trail. As a sink it
 * has the retries of every sink; each record has an id of its own, so a redelivery adds nothing.
 */
import { encodeAuditMessages } from '@sluice/audit/audit-message';
import type { AuditEvent } from '@sluice/audit/event';
import type { Logger } from '@sluice/core/logger';
import type { Queue } from '@sluice/core/ports/queue';
import type { Sink } from '@sluice/core/ports/sink';
import { findAuditRecords } from './find-audit-records.ts';

const MAX_RAW_BYTES = 16 * 1024 * 1024;

export function createAuditSink({ queue, logger }: { readonly queue: Queue; readonly logger: Logger }): Sink {
  return {
    name: 'audit',
    maxRawBytes: MAX_RAW_BYTES,
    async push(tenant, parts) {
      const events: AuditEvent[] = [];
      for (const part of parts) {
        const found = await findAuditRecords(tenant, part);
        events.push(...found.events);
        for (const { path, reason } of found.rejections)
          logger.warn('a log record of level AUDIT is no audit event and stays a log record', {
            path,
            reason,
          });
      }
      if (events.length === 0) return { status: 'ok', items: 0 };
      const outcomes = await queue.send(encodeAuditMessages({ tenant, events }));
      const failed = outcomes.find(({ status }) => status !== 'ok');
      return failed === undefined
        ? { status: 'ok', items: events.length }
        : { status: 'retryable', reason: 'the audit queue did not take all events' };
    },
  };
}
