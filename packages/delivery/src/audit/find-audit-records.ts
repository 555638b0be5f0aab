/**
 * Finds the records of level AUDIT or SECURITY in a request of logs, and reads each as an audit event. The same
 * records make the same events, with the same ids, however often they are looked at.
 */
import type { Json } from '@sluice/audit/canonical-json';
import { type AuditEvent, EVENT_LIMITS } from '@sluice/audit/event';
import { parseAuditEvent, parseExactJson } from '@sluice/audit/parse-event';
import type { TenantId } from '@sluice/core/ids';
import { AUDIT_FIELD } from '@sluice/core/names';
import type { TelemetryPart } from '@sluice/core/ports/sink';
import { decodeLogs } from '@sluice/otlp/decode-logs';
import type { AnyValue, KeyValue, LogRecord, ResourceLogs } from '@sluice/otlp/model';

export interface AuditRecords {
  readonly events: readonly AuditEvent[];
  /** Places of the records behind `events`: how many records of the request come before each. */
  readonly places: readonly number[];
  /** Records of these levels that are no audit event, and why. */
  readonly rejections: readonly { readonly path: string; readonly reason: string }[];
}

const LEVELS: ReadonlySet<string> = new Set(['AUDIT', 'SECURITY']);
const MARKS = ['AUDIT', 'SECURITY', 'audit', 'security', 'Audit', 'Security'].map((text) =>
  Buffer.from(text),
);
const NONE: AuditRecords = { events: [], places: [], rejections: [] };
/** Several sinks look at the same bytes. */
const known = new WeakMap<Uint8Array, AuditRecords>();

/** @throws OtlpFormatError */
export async function findAuditRecords(tenant: TenantId, part: TelemetryPart): Promise<AuditRecords> {
  const raw = await part.raw();
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  // Most requests hold no such record: a search over the bytes spares decoding them.
  if (!MARKS.some((mark) => bytes.includes(mark))) return NONE;
  const found = known.get(raw) ?? readRecords(tenant, part, raw);
  known.set(raw, found);
  return found;
}

function readRecords(
  tenant: TenantId,
  { messageId, receivedAtMs }: TelemetryPart,
  raw: Uint8Array,
): AuditRecords {
  const events: AuditEvent[] = [];
  const places: number[] = [];
  const rejections: { path: string; reason: string }[] = [];
  let place = -1;
  for (const group of decodeLogs(raw)) {
    for (const record of group.scopes.flatMap(({ records }) => records)) {
      place += 1;
      const input = toInput(record, group);
      if (input === undefined) continue;
      const idempotencyKey = `${messageId}#${place}`;
      const parsed = parseAuditEvent(input, { tenant, nowMs: receivedAtMs, idempotencyKey });
      if (parsed.status === 'rejected') {
        rejections.push(parsed);
        continue;
      }
      events.push(parsed.event);
      places.push(place);
    }
  }
  return { events, places, rejections };
}

/** `undefined` for other levels and for the copies that the trail itself makes. */
function toInput(record: LogRecord, { resource }: ResourceLogs): Json | undefined {
  const { severityText, body, attributes, timeUnixNano, traceId } = record;
  const inner = fieldsOf(body);
  const level = (
    LEVELS.has(severityText.toUpperCase()) ? severityText : String(inner.level ?? '')
  ).toUpperCase();
  if (!LEVELS.has(level)) return undefined;
  const fields = { ...inner, ...toObject(attributes) };
  if (fields[AUDIT_FIELD.eventId] !== undefined) return undefined;
  const text = body.type === 'string' && Object.keys(inner).length === 0 ? body.value : undefined;
  const service = resource.attributes.find(({ key }) => key === 'service.name')?.value;
  const title =
    text !== undefined && text !== '' && text.length <= EVENT_LIMITS.maxFieldChars ? text : undefined;
  const { event_type: type = fields.type ?? title ?? fields.message ?? level, ...rest } = fields;
  return {
    ...(timeUnixNano === 0n ? {} : { time: Number(timeUnixNano / 1_000_000n) }),
    ...(text === undefined ? {} : { message: text }),
    ...(service?.type === 'string' ? { service: service.value } : {}),
    ...(traceId === '' ? {} : { trace_id: traceId }),
    ...(level === 'SECURITY' ? { category: 'security' } : {}),
    ...rest,
    type,
    level,
  };
}

/** What a structured logger wrote: a map, or an object as JSON text. */
function fieldsOf(body: AnyValue): Readonly<Record<string, Json>> {
  if (body.type === 'kvlist') return toObject(body.entries);
  if (body.type !== 'string' || !body.value.startsWith('{') || !/"(AUDIT|SECURITY)"/i.test(body.value))
    return {};
  try {
    return parseExactJson(body.value) as Readonly<Record<string, Json>>;
  } catch {
    return {};
  }
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
