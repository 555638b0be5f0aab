/**
 * Log records of level AUDIT or SECURITY, on their way to the log stores, also enter the audit trail. As a sink it
 * has the retries of every sink; each record has an id of its own, so a redelivery adds nothing.
 */
import { encodeAuditMessages } from '@sluice/audit/audit-message';
import type { Json } from '@sluice/audit/canonical-json';
import type { AuditEvent } from '@sluice/audit/event';
import { parseAuditEvent } from '@sluice/audit/parse-event';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { AUDIT_FIELD } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import type { Sink, TelemetryPart } from '@sluice/core/ports/sink';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import type { AnyValue, KeyValue, LogRecord, ResourceLogs } from '@sluice/otlp/model';

const LEVELS: ReadonlySet<string> = new Set(['AUDIT', 'SECURITY']);
const MARKS = [...LEVELS].map((level) => Buffer.from(level));
const MAX_RAW_BYTES = 16 * 1024 * 1024;

export function createAuditSink({ queue, logger }: { readonly queue: Queue; readonly logger: Logger }): Sink {
  return {
    name: 'audit',
    maxRawBytes: MAX_RAW_BYTES,
    async push(tenant, parts) {
      const events: AuditEvent[] = [];
      for (const part of parts) events.push(...(await eventsOf(tenant, part, logger)));
      if (events.length === 0) return { status: 'ok' };
      const outcomes = await queue.send(encodeAuditMessages({ tenant, events }));
      const failed = outcomes.find(({ status }) => status !== 'ok');
      return failed === undefined
        ? { status: 'ok' }
        : { status: 'retryable', reason: 'the audit queue did not take all events' };
    },
  };
}

/** Most parts hold no such record: a search over the bytes spares decoding them. */
async function eventsOf(
  tenant: TenantId,
  part: TelemetryPart,
  logger: Logger,
): Promise<readonly AuditEvent[]> {
  const raw = await part.raw();
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  if (!MARKS.some((mark) => bytes.includes(mark))) return [];
  const events: AuditEvent[] = [];
  let number = 0;
  for (const group of decodeLogs(raw)) {
    for (const record of group.scopes.flatMap(({ records }) => records)) {
      const idempotencyKey = `${part.messageId}#${number++}`;
      const input = toInput(record, group);
      if (input === undefined) continue;
      const parsed = parseAuditEvent(input, { tenant, nowMs: part.receivedAtMs, idempotencyKey });
      if (parsed.status === 'ok') events.push(parsed.event);
      else
        logger.warn('a log record of level AUDIT is no audit event', {
          path: parsed.path,
          reason: parsed.reason,
        });
    }
  }
  return events;
}

/** `undefined` for other levels and for the copies that the trail itself makes. */
function toInput(
  { severityText, body, attributes, timeUnixNano, traceId }: LogRecord,
  { resource }: ResourceLogs,
): Json | undefined {
  const level = severityText.toUpperCase();
  if (!LEVELS.has(level)) return undefined;
  const fields = toObject(attributes);
  if (fields[AUDIT_FIELD.eventId] !== undefined) return undefined;
  const message = body.type === 'string' ? body.value : undefined;
  const inner = body.type === 'kvlist' ? toObject(body.entries) : {};
  const service = resource.attributes.find(({ key }) => key === 'service.name')?.value;
  return {
    type: message ?? level,
    ...(timeUnixNano === 0n ? {} : { time: Number(timeUnixNano / 1_000_000n) }),
    ...(message === undefined ? {} : { message }),
    ...(service?.type === 'string' ? { service: service.value } : {}),
    ...(traceId === '' ? {} : { trace_id: traceId }),
    ...(level === 'SECURITY' ? { category: 'security' } : {}),
    ...inner,
    ...fields,
    ...('event_type' in fields || 'event_type' in inner
      ? { type: (fields.event_type ?? inner.event_type)! }
      : {}),
    level,
  };
}

function toObject(entries: readonly KeyValue[]): Readonly<Record<string, Json>> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, toJson(value)]));
}

function toJson(value: AnyValue): Json {
  switch (value.type) {
    case 'int':
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value.toString();
    case 'double':
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case 'bytes':
      return Buffer.from(value.value).toString('base64');
    case 'array':
      return value.values.map(toJson);
    case 'kvlist':
      return toObject(value.entries);
    case 'empty':
      return null;
    default:
      return value.value;
  }
}
