/**
 * Copies of audit events among the logs, for people who look there: one OTLP log record each, with level AUDIT or
 * SECURITY and without anything personal: a person is a pseudonym, so erasing a subject needs no change there.
 */
import { gzipSync } from 'node:zlib';
import type { AppendResult } from '@sluice/audit/audit-log';
import type { AuditMessage } from '@sluice/audit/audit-message';
import type { AuditEvent, AuditLevel } from '@sluice/audit/event';
import type { Keyring } from '@sluice/audit/keyring';
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { AUDIT_FIELD } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import { convertJsonRequest } from '@sluice/otlp/json-request';

/** OTLP severity numbers (logs data model § Severity). */
const SEVERITY: Readonly<Record<AuditLevel, number>> = { INFO: 9, WARNING: 13, ERROR: 17, CRITICAL: 21 };

export interface AuditCopierOptions {
  /** The queue of logs. */
  readonly queue: Queue;
  readonly keyring: Pick<Keyring, 'pseudonymizer'>;
}

/** Made again from the same message, a copy has the same bytes and so the same id: sinks keep one. */
export function createAuditCopier({
  queue,
  keyring,
}: AuditCopierOptions): (message: AuditMessage, results: readonly AppendResult[]) => Promise<void> {
  return async ({ tenant, events }, results) => {
    const pseudonym = await keyring.pseudonymizer(tenant);
    const kept = events.filter((_, i) => results[i]?.status !== 'conflict');
    if (kept.length === 0) return;
    const request = { resourceLogs: kept.map((event) => toResourceLogs(event, pseudonym)) };
    const { bytes } = convertJsonRequest('logs', Buffer.from(JSON.stringify(request)));
    const envelope = {
      id: messageIdOf(tenant, 'logs', bytes),
      signal: 'logs',
      tenant,
      items: kept.length,
      receivedAtMs: Date.parse(kept[0]!.received),
      gzip: gzipSync(bytes, { level: 1 }),
    } as const;
    const [outcome] = await queue.send([encodeEnvelope(envelope)]);
    if (outcome?.status !== 'ok') throw new Error('the queue of logs did not take the copy of audit events');
  };
}

function toResourceLogs(event: AuditEvent, pseudonym: (value: string) => string): object {
  const nanos = (time: string): string => `${Date.parse(time)}000000`;
  const attributes: Readonly<Record<string, string | undefined>> = {
    [AUDIT_FIELD.eventId]: event.id,
    event_type: event.type,
    category: event.category,
    action: event.action,
    result: event.result,
    actor_ref: event.actor === undefined ? undefined : pseudonym(event.actor.id),
    resource: event.targets.length === 0 ? undefined : event.targets.map(({ id }) => id).join(' '),
    severity: event.severity,
    tracking_id: event.trackingId,
  };
  const record = {
    timeUnixNano: nanos(event.time),
    observedTimeUnixNano: nanos(event.received),
    severityNumber: SEVERITY[event.level],
    severityText: event.category === 'security' ? 'SECURITY' : 'AUDIT',
    body: { stringValue: `Audit event: ${event.type}` },
    attributes: toKeyValues(attributes),
  };
  return {
    resource: { attributes: toKeyValues({ 'service.name': event.source?.service ?? 'audit' }) },
    scopeLogs: [{ scope: { name: 'sluice.audit' }, logRecords: [record] }],
  };
}

function toKeyValues(values: Readonly<Record<string, string | undefined>>): readonly object[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: { stringValue: value } }],
  );
}
