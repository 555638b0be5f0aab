/** Audit events on their way from the intake to the log: messages of a FIFO queue, one group per tenant. */
import { createHash } from 'node:crypto';
import { PermanentError } from '@sluice/core/errors';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import { ATTRIBUTE } from '@sluice/core/names';
import type { OutgoingMessage, ReceivedMessage } from '@sluice/core/ports/queue';
import type { AuditEvent } from './event.ts';

export interface AuditMessage {
  readonly tenant: TenantId;
  readonly events: readonly AuditEvent[];
}

const VERSION = '1';
const SIGNAL = 'audit';
/** Of the 1 MiB of a queue message: small enough to be one segment's work, large enough for the largest event. */
const MAX_BODY_BYTES = 256 * 1024;
const MAX_EVENTS = 128;

/** In order, as few messages as the bounds allow. A resend of the same events has the same deduplication ids. */
export function encodeAuditMessages({ tenant, events }: AuditMessage): readonly OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  let batch: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (batch.length === 0) return;
    const body = `[${batch.join(',')}]`;
    const id = createHash('sha256').update(`${tenant}\n${body}`).digest('hex');
    messages.push({
      body: Buffer.from(body).toString('base64'),
      attributes: {
        [ATTRIBUTE.version]: VERSION,
        [ATTRIBUTE.signal]: SIGNAL,
        [ATTRIBUTE.tenant]: tenant,
        [ATTRIBUTE.items]: String(batch.length),
        [ATTRIBUTE.id]: id,
      },
      groupId: tenant,
      deduplicationId: id,
    });
    batch = [];
    bytes = 0;
  };
  for (const event of events) {
    const text = JSON.stringify(event);
    const length = Buffer.byteLength(text);
    if (batch.length === MAX_EVENTS || bytes + length > MAX_BODY_BYTES) close();
    batch.push(text);
    bytes += length;
  }
  close();
  return messages;
}

/** @throws PermanentError for what is no message of ours. */
export function decodeAuditMessage({
  body,
  attributes,
}: Pick<ReceivedMessage, 'body' | 'attributes'>): AuditMessage {
  if (attributes[ATTRIBUTE.signal] !== SIGNAL || attributes[ATTRIBUTE.version] !== VERSION) {
    throw new PermanentError('not a message of audit events in a version that this build reads');
  }
  try {
    const events = JSON.parse(Buffer.from(body, 'base64').toString()) as readonly AuditEvent[];
    if (!Array.isArray(events) || !events.every(isEvent))
      throw new TypeError('its body is not a list of audit events');
    return { tenant: parseTenantId(attributes[ATTRIBUTE.tenant] ?? ''), events };
  } catch (cause) {
    throw new PermanentError('the audit message cannot be read', { cause });
  }
}

function isEvent(value: unknown): value is AuditEvent {
  const event = value as Partial<AuditEvent> | null;
  return (
    event?.schema === 1 &&
    typeof event.id === 'string' &&
    /^ev_[0-9a-f]{40}$/.test(event.id) &&
    Array.isArray(event.targets)
  );
}
