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

class Rejection extends Error {
  readonly path: string;
  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
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

/** Every name that is read into a field of its own; what is left over becomes an attribute. */
const KNOWN = new Set(
  'schema id event_id time timestamp @timestamp type event_type category level action result outcome actor user user_id actor_id targets target resource resource_type source source_ip client_ip ip user_agent service severity description message tracking_id trackingId trace_id attributes details'.split(
    ' ',
  ),
);

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
  const fields = toRecord(input, '$');
  if (fields.schema !== undefined && Number(fields.schema) !== 1) {
    throw new Rejection(
      '$.schema',
      `schema ${JSON.stringify(fields.schema)} is not known; send 1, or leave it out`,
    );
  }
  checkDepth(input);
  const text = (...names: readonly string[]): string | undefined => readText(fields, names);
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
  const actor = readActor(fields);
  const source = readSource(fields);
  const attributes = readAttributes(fields);
  const event: Omit<AuditEvent, 'id'> = {
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
    targets: readTargets(fields),
    ...(source === undefined ? {} : { source }),
    ...(severity === undefined ? {} : { severity }),
    ...(description === undefined ? {} : { description }),
    ...(trackingId === undefined ? {} : { trackingId }),
    ...(attributes === undefined ? {} : { attributes }),
  };
  const canonical = toCanonical(event);
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

function toCanonical(event: object): string {
  try {
    return canonicalize(event as Json);
  } catch (error) {
    throw new Rejection('$', (error as Error).message);
  }
}

function toRecord(value: Json | undefined, path: string): Readonly<Record<string, Json>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Rejection(path, `${describe(value)} where an object is expected`);
  }
  return value as Readonly<Record<string, Json>>;
}

function describe(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** The first of the names that is set. Numbers become text: ids are often numbers in JSON. */
function readText(
  fields: Readonly<Record<string, Json>>,
  names: readonly string[],
  base = '$',
): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (value === undefined || value === null || value === '') continue;
    const path = `${base}.${name}`;
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new Rejection(path, `${describe(value)} where text is expected`);
    const text = String(value);
    const limit = /description|message/.test(name)
      ? EVENT_LIMITS.maxDescriptionChars
      : EVENT_LIMITS.maxFieldChars;
    if (text.length > limit)
      throw new Rejection(path, `${text.length} characters; at most ${limit} are taken`);
    return text;
  }
  return undefined;
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
function readTime(fields: Readonly<Record<string, Json>>, nowMs: number): string {
  const name = ['time', 'timestamp', '@timestamp'].find(
    (candidate) => fields[candidate] !== undefined && fields[candidate] !== null,
  );
  if (name === undefined) return new Date(nowMs).toISOString();
  const value = fields[name];
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

function readActor(fields: Readonly<Record<string, Json>>): Actor | undefined {
  const nested = fields.actor ?? fields.user;
  if (nested === undefined || nested === null || typeof nested === 'string' || typeof nested === 'number') {
    const id = readText(fields, ['user_id', 'actor_id', 'actor', 'user']);
    return id === undefined ? undefined : { id };
  }
  const base = fields.actor === undefined ? '$.user' : '$.actor';
  const actor = toRecord(nested, base);
  const id = readText(actor, ['id', 'user_id'], base);
  if (id === undefined) throw new Rejection(`${base}.id`, 'missing; an actor has at least an id');
  return { id, ...pickText(actor, ['type', 'name', 'email'], base) };
}

function readTargets(fields: Readonly<Record<string, Json>>): readonly Target[] {
  const given = fields.targets ?? fields.target ?? fields.resource;
  if (given === undefined || given === null) return [];
  const list = Array.isArray(given) ? (given as readonly Json[]) : [given];
  if (list.length > EVENT_LIMITS.maxTargets) {
    throw new Rejection(
      '$.targets',
      `${list.length} targets; at most ${EVENT_LIMITS.maxTargets} are taken: send several events`,
    );
  }
  const type = readText(fields, ['resource_type']);
  return list.map((entry, i) => {
    const base = `$.targets[${i}]`;
    if (typeof entry === 'string' || typeof entry === 'number')
      return { id: String(entry), ...(type === undefined ? {} : { type }) };
    const target = toRecord(entry, base);
    const id = readText(target, ['id', 'name'], base);
    if (id === undefined) throw new Rejection(`${base}.id`, 'missing; a target has at least an id');
    return { id, ...pickText(target, ['type', 'name'], base) };
  });
}

function readSource(fields: Readonly<Record<string, Json>>): Source | undefined {
  const nested = fields.source;
  const isObject = typeof nested === 'object' && nested !== null;
  const inner = isObject ? toRecord(nested, '$.source') : {};
  const ip = readText(inner, ['ip'], '$.source') ?? readText(fields, ['source_ip', 'client_ip', 'ip']);
  const userAgent =
    readText(inner, ['userAgent', 'user_agent'], '$.source') ?? readText(fields, ['user_agent']);
  const service =
    readText(inner, ['service'], '$.source') ??
    readText(fields, isObject ? ['service'] : ['service', 'source']);
  if (ip === undefined && userAgent === undefined && service === undefined) return undefined;
  return {
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(service === undefined ? {} : { service }),
  };
}

function readAttributes(
  fields: Readonly<Record<string, Json>>,
): { readonly [name: string]: Json } | undefined {
  const given = fields.attributes ?? fields.details;
  const inner = given === undefined || given === null ? {} : toRecord(given, '$.attributes');
  const rest = Object.entries(fields).filter(([name, value]) => !KNOWN.has(name) && value !== null);
  const all = { ...inner, ...Object.fromEntries(rest) };
  const count = Object.keys(all).length;
  if (count > EVENT_LIMITS.maxAttributes)
    throw new Rejection(
      '$.attributes',
      `${count} attributes; at most ${EVENT_LIMITS.maxAttributes} are taken`,
    );
  return count === 0 ? undefined : all;
}

function pickText(
  fields: Readonly<Record<string, Json>>,
  names: readonly string[],
  base: string,
): Record<string, string> {
  const pairs = names
    .map((name) => [name, readText(fields, [name], base)] as const)
    .filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(pairs);
}

function checkDepth(input: Json): void {
  let level: readonly Json[] = [input];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > EVENT_LIMITS.maxDepth)
      throw new Rejection('$', `nested deeper than ${EVENT_LIMITS.maxDepth} levels`);
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? (Object.values(value) as Json[]) : [],
    );
  }
}
