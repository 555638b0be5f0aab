/**
 * Untrusted JSON into an AuditEvent. Accepts schema v1 and the flat names that the source systems use
 * (`event_type`, `user_id`, `resource`, `source_ip`, …); a field that means nothing here is kept as an attribute.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import { canonicalize, type Json } from './canonical-json.ts';
import {
  type Actor,
  AUDIT_LEVELS,
  type AuditEvent,
  type AuditLevel,
  EVENT_LIMITS,
  type Source,
  type Target,
} from './event.ts';
import { createFieldReader, type FieldReader, Rejection, toRecord } from './field-reader.ts';
import { checkValue } from './unrepresentable.ts';

export type ParsedEvent =
  | { readonly status: 'ok'; readonly event: AuditEvent }
  /** `path` is where, e.g. `$.actor.id`; `reason` is what and the remedy. */
  | { readonly status: 'rejected'; readonly path: string; readonly reason: string };

export interface ParseEventContext {
  readonly tenant: TenantId;
  readonly nowMs: number;
  /** From the Idempotency-Key header (with the event's place in the request), when the event has no id of its own. */
  readonly idempotencyKey?: string;
}

const LEVEL_ALIASES: Readonly<Record<string, AuditLevel>> = {
  DEBUG: 'INFO',
  INFORMATION: 'INFO',
  AUDIT: 'INFO',
  NOTICE: 'INFO',
  WARN: 'WARNING',
  SECURITY: 'WARNING',
  ERR: 'ERROR',
  FATAL: 'CRITICAL',
  CRIT: 'CRITICAL',
};

/**
 * JSON text into a value whose whole numbers beyond 2^53 are kept, digit for digit, as strings.
 * @throws SyntaxError as JSON.parse does.
 */
export function parseExactJson(text: string): Json {
  const revive = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? context?.source
      : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as Json;
}

export function parseAuditEvent(input: Json, context: ParseEventContext): ParsedEvent {
  try {
    return { status: 'ok', event: toEvent(input, context) };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { status: 'rejected', path: error.path, reason: error.message };
  }
}

function toEvent(input: Json, { tenant, nowMs, idempotencyKey }: ParseEventContext): AuditEvent {
  const fields = createFieldReader(input, '$');
  const { text } = fields;
  const schema = fields.take('schema');
  if (schema !== undefined && Number(schema) !== 1) {
    throw new Rejection('$.schema', `schema ${JSON.stringify(schema)} is not known; send 1, or leave it out`);
  }
  checkValue(input);
  const type = text('type', 'event_type');
  if (type === undefined)
    throw new Rejection(
      '$.type',
      'missing; send what happened as "type" (or "event_type"), e.g. "USER_ACTION"',
    );
  const severity = text('severity');
  const category =
    text('category') ?? (severity !== undefined || /SECURITY/i.test(type) ? 'security' : 'user');
  const clientId = text('id', 'event_id') ?? idempotencyKey;
  const description = text('description', 'message');
  const trackingId = text('tracking_id', 'trackingId', 'trace_id');
  const kept: Kept = {};
  const actor = readActor(fields, kept);
  const targets = readTargets(fields, kept);
  const source = readSource(fields, kept);
  const known: Omit<AuditEvent, 'id' | 'attributes'> = {
    schema: 1,
    ...(clientId === undefined ? {} : { clientId }),
    time: readTime(fields, nowMs),
    received: new Date(nowMs).toISOString(),
    type,
    category,
    level: readLevel(text('level'), { severity, category }),
    action: text('action') ?? type,
    result: text('result', 'outcome') ?? 'unknown',
    ...(actor === undefined ? {} : { actor }),
    targets,
    ...(source === undefined ? {} : { source }),
    ...(severity === undefined ? {} : { severity }),
    ...(description === undefined ? {} : { description }),
    ...(trackingId === undefined ? {} : { trackingId }),
  };
  const attributes = readAttributes(fields, kept);
  const event = { ...known, ...(attributes === undefined ? {} : { attributes }) };
  const canonical = canonicalize(event as unknown as Json);
  if (Buffer.byteLength(canonical) > EVENT_LIMITS.maxCanonicalBytes) {
    throw new Rejection(
      '$',
      `${Buffer.byteLength(canonical)} bytes in canonical form; at most ${EVENT_LIMITS.maxCanonicalBytes} are taken`,
    );
  }
  return {
    ...event,
    id: eventIdOf(tenant, clientId ?? `${canonical}\n${randomUUID()}`, clientId !== undefined),
  };
}

function eventIdOf(tenant: TenantId, content: string, isClientId: boolean): string {
  const digest = createHash('sha256')
    .update(`${tenant}\n${isClientId ? 'id' : 'content'}\n${content}`)
    .digest('hex');
  return `ev_${digest.slice(0, 40)}`;
}

/** A security event without a level has that of its severity, and never less than WARNING. */
function readLevel(
  level: string | undefined,
  { severity, category }: { readonly severity: string | undefined; readonly category: string },
): AuditLevel {
  const upper =
    level?.toUpperCase() ??
    (category === 'security' ? 'SECURITY' : severity === undefined ? 'INFO' : 'WARNING');
  if ((level === undefined || upper === 'SECURITY') && /^(high|critical)$/i.test(severity ?? ''))
    return 'CRITICAL';
  const known = AUDIT_LEVELS.find((candidate) => candidate === upper) ?? LEVEL_ALIASES[upper];
  if (known === undefined)
    throw new Rejection('$.level', `${JSON.stringify(level)} is not one of ${AUDIT_LEVELS.join(', ')}`);
  return known;
}

/** RFC 3339 text, or epoch seconds or milliseconds as a number. */
function readTime(fields: FieldReader, nowMs: number): string {
  const unread = fields.unread();
  const name = ['time', 'timestamp', '@timestamp'].find((candidate) => unread[candidate] !== undefined);
  if (name === undefined) return new Date(nowMs).toISOString();
  const value = fields.take(name);
  const ms =
    typeof value === 'number'
      ? value < 1e11
        ? value * 1000
        : value
      : typeof value === 'string'
        ? parseRfc3339(value)
        : Number.NaN;
  if (!Number.isFinite(ms)) {
    throw new Rejection(
      `$.${name}`,
      `${JSON.stringify(value)} is no time; send RFC 3339 text such as "2026-01-31T12:00:00Z"`,
    );
  }
  const { futureWindowMs, pastWindowMs } = EVENT_LIMITS;
  if (ms > nowMs + futureWindowMs)
    throw new Rejection(
      `$.${name}`,
      `lies more than ${futureWindowMs / 60_000} minutes in the future; check the sender's clock`,
    );
  if (ms < nowMs - pastWindowMs)
    throw new Rejection(
      `$.${name}`,
      `lies more than ${pastWindowMs / 86_400_000} days in the past; import old events with their time as an attribute`,
    );
  return new Date(Math.round(ms)).toISOString();
}

/** A time without an offset is taken as UTC, as the source systems write it. */
function parseRfc3339(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/i.exec(text);
  if (match === null) return Number.NaN;
  const [, date, time, fraction = '', offset = 'Z'] = match;
  return Date.parse(`${date}T${time}${fraction.slice(0, 4)}${offset.toUpperCase()}`);
}

/** What stands in a part of the event that has no room for it; it is kept among the attributes, under its path. */
type Kept = Record<string, Json>;

function keepUnread(part: FieldReader, kept: Kept): void {
  for (const [name, value] of Object.entries(part.unread())) kept[`${part.base.slice(2)}.${name}`] = value;
}

function readActor(fields: FieldReader, kept: Kept): Actor | undefined {
  const unread = fields.unread();
  const name = unread.actor === undefined ? 'user' : 'actor';
  if (typeof (unread[name] ?? '') !== 'object') {
    const id = fields.text('user_id', 'actor_id', 'actor', 'user');
    return id === undefined ? undefined : { id };
  }
  const actor = createFieldReader(fields.take(name), `$.${name}`);
  const id = actor.text('id', 'user_id');
  if (id === undefined) throw new Rejection(`$.${name}.id`, 'missing; an actor has at least an id');
  // The flat names may say the same once more.
  fields.drop(['user_id', 'actor_id', 'user'], id);
  const known = pickText(actor, ['type', 'name', 'email']);
  keepUnread(actor, kept);
  return { id, ...known };
}

function readTargets(fields: FieldReader, kept: Kept): readonly Target[] {
  const unread = fields.unread();
  const name = ['targets', 'target', 'resource'].find((candidate) => unread[candidate] !== undefined);
  if (name === undefined) return [];
  const given = fields.take(name)!;
  const list = Array.isArray(given) ? (given as readonly Json[]) : [given];
  if (list.length > EVENT_LIMITS.maxTargets) {
    throw new Rejection(
      `$.${name}`,
      `${list.length} targets; at most ${EVENT_LIMITS.maxTargets} are taken: send several events`,
    );
  }
  const isText = (entry: Json): boolean => typeof entry === 'string' || typeof entry === 'number';
  const type = list.some(isText) ? fields.text('resource_type') : undefined;
  return list.map((entry, i) => {
    if (isText(entry)) return { id: String(entry), ...(type === undefined ? {} : { type }) };
    const target = createFieldReader(entry, Array.isArray(given) ? `$.${name}[${i}]` : `$.${name}`);
    const id = target.text('id', 'name');
    if (id === undefined) throw new Rejection(`${target.base}.id`, 'missing; a target has at least an id');
    const known = pickText(target, ['type', 'name']);
    keepUnread(target, kept);
    return { id, ...known };
  });
}

function readSource(fields: FieldReader, kept: Kept): Source | undefined {
  const isObject = typeof (fields.unread().source ?? '') === 'object';
  const inner = createFieldReader(isObject ? fields.take('source') : {}, '$.source');
  const ip = inner.text('ip') ?? fields.text('source_ip', 'client_ip', 'ip');
  const userAgent = inner.text('userAgent', 'user_agent') ?? fields.text('user_agent');
  const service = inner.text('service') ?? fields.text('service', ...(isObject ? [] : ['source']));
  keepUnread(inner, kept);
  if (ip === undefined && userAgent === undefined && service === undefined) return undefined;
  return {
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(service === undefined ? {} : { service }),
  };
}

/** What the sender calls attributes, and everything that nothing else has read. */
function readAttributes(fields: FieldReader, kept: Kept): { readonly [name: string]: Json } | undefined {
  const name = fields.unread().attributes === undefined ? 'details' : 'attributes';
  const given = fields.take(name);
  const inner = given === undefined ? {} : toRecord(given, `$.${name}`);
  const all = { ...inner, ...fields.unread(), ...kept };
  const count = Object.keys(all).length;
  if (count > EVENT_LIMITS.maxAttributes)
    throw new Rejection(
      '$.attributes',
      `${count} attributes; at most ${EVENT_LIMITS.maxAttributes} are taken`,
    );
  return count === 0 ? undefined : all;
}

function pickText(fields: FieldReader, names: readonly string[]): Record<string, string> {
  const pairs = names
    .map((name) => [name, fields.text(name)] as const)
    .filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(pairs);
}
