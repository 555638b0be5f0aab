/** Copies of checkpoints among the logs, of level AUDIT: a log store that its operators cannot change bears witness, too. */
import { gzipSync } from 'node:zlib';
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import type { TenantId } from '@sluice/core/ids';
import { AUDIT_FIELD } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Queue } from '@sluice/core/ports/queue';
import { convertJsonRequest } from '@sluice/otlp/json-request';

/** OTLP severity number of INFO. */
const INFO = 9;

export function createCheckpointCopier({
  queue,
  clock,
}: {
  readonly queue: Queue;
  readonly clock: Clock;
}): (tenant: TenantId, note: string) => Promise<void> {
  return async (tenant, note) => {
    const nowMs = clock.nowMs();
    const size = note.split('\n')[1] ?? '';
    const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
    const record = {
      timeUnixNano: `${nowMs}000000`,
      severityNumber: INFO,
      severityText: 'AUDIT',
      body: { stringValue: `Audit checkpoint: ${size} events` },
      // With an id of its own it is a copy, and no event of the trail.
      attributes: [text(AUDIT_FIELD.eventId, `checkpoint-${size}`), text('checkpoint', note)],
    };
    const resource = { attributes: [text('service.name', 'audit')] };
    const request = { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
    const { bytes } = convertJsonRequest('logs', Buffer.from(JSON.stringify(request)));
    const envelope = {
      id: messageIdOf(tenant, 'logs', bytes),
      signal: 'logs',
      tenant,
      items: 1,
      receivedAtMs: nowMs,
      gzip: gzipSync(bytes, { level: 1 }),
    } as const;
    const [outcome] = await queue.send([encodeEnvelope(envelope)]);
    if (outcome?.status !== 'ok') throw new Error('the queue of logs did not take the copy of a checkpoint');
  };
}
