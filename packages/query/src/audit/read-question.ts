/** The query string of the audit API into a question to the trail. What is not known is refused: a mistyped filter must not answer more than was meant. */
import { AUDIT_LEVELS, type AuditLevel } from '@sluice/audit/event';
import type { Order } from '@sluice/audit/read/cursor';
import type { EventFilter } from '@sluice/audit/read/event-filter';
import { AuditRequestError } from './audit-request-error.ts';

export interface Page {
  readonly order: Order;
  readonly limit: number;
  readonly cursor?: string;
  readonly consistent: boolean;
  readonly follow: boolean;
}

/** Names of filters; the ones of the source systems and of the event schema mean the same. */
const LISTS = {
  actor: 'actors',
  user: 'actors',
  user_id: 'actors',
  type: 'types',
  event_type: 'types',
  target: 'targets',
  resource: 'targets',
  category: 'categories',
  level: 'levels',
  action: 'actions',
  result: 'results',
  severity: 'severities',
} as const;
const RANGE = ['from', 'to'] as const;
const FILTERS: readonly string[] = [...Object.keys(LISTS), ...RANGE, 'text'];
const PAGING = ['order', 'limit', 'cursor', 'consistent', 'follow'] as const;
const LIMIT = { fallback: 100, max: 1000 } as const;
const MAX_VALUES = 100;

/** @throws AuditRequestError */
export function readFilter(parameters: URLSearchParams, others: readonly string[] = []): EventFilter {
  const allowed = [...FILTERS, ...others];
  for (const name of parameters.keys())
    if (!allowed.includes(name))
      throw new AuditRequestError(400, `"${name}" is no parameter here; use ${allowed.join(', ')}`);
  for (const name of [...RANGE, 'text', ...others])
    if (parameters.getAll(name).length > 1)
      throw new AuditRequestError(400, `"${name}" is there twice: which one is meant?`);
  const lists: Partial<Record<(typeof LISTS)[keyof typeof LISTS], readonly string[]>> = {};
  for (const [name, field] of Object.entries(LISTS)) {
    const values = parameters.getAll(name).filter((value) => value !== '');
    if (values.length > 0) lists[field] = [...(lists[field] ?? []), ...values];
    if ((lists[field]?.length ?? 0) > MAX_VALUES)
      throw new AuditRequestError(400, `more than ${MAX_VALUES} values for "${name}": ask several times`);
  }
  const { levels, ...rest } = lists;
  const fromMs = readTime(parameters, 'from');
  const toMs = readTime(parameters, 'to');
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    throw new AuditRequestError(400, '"from" must lie before "to"');
  const text = parameters.get('text');
  return {
    ...rest,
    ...(levels === undefined ? {} : { levels: levels.map(readLevel) }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    ...(text === null || text === '' ? {} : { text }),
  };
}

/** @throws AuditRequestError */
export function readPage(parameters: URLSearchParams): Page {
  const cursor = parameters.get('cursor') ?? undefined;
  const follow = readFlag(parameters, 'follow');
  const order = readOrder(parameters.get('order') ?? (follow ? 'oldest' : 'newest'));
  if (follow && order === 'newest')
    throw new AuditRequestError(400, '"follow" goes with order=oldest: what is new comes at the end');
  return {
    order,
    limit: readLimit(parameters, LIMIT),
    ...(cursor === undefined || cursor === '' ? {} : { cursor }),
    consistent: readFlag(parameters, 'consistent'),
    follow,
  };
}

export const PAGE_PARAMETERS: readonly string[] = PAGING;

/** @throws AuditRequestError */
export function readLimit(
  parameters: URLSearchParams,
  { fallback, max }: { readonly fallback: number; readonly max: number },
): number {
  const text = parameters.get('limit');
  if (text === null || text === '') return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > max)
    throw new AuditRequestError(400, `"limit" must be a whole number from 1 to ${max}`);
  return value;
}

/** RFC 3339, or epoch seconds or milliseconds. @throws AuditRequestError */
export function readTime(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text)
    ? Number(text) * (Number(text) < 1e11 ? 1000 : 1)
    : /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/i.test(text)
      ? Date.parse(hasZone(text) ? text : `${text.length === 10 ? `${text}T00:00` : text}Z`)
      : Number.NaN;
  if (Number.isFinite(ms)) return Math.floor(ms);
  throw new AuditRequestError(
    400,
    `"${name}" is no time: send RFC 3339 such as 2026-01-31T12:00:00Z, or seconds or milliseconds since 1970`,
  );
}

function hasZone(text: string): boolean {
  return /(Z|[+-]\d\d:\d\d)$/i.test(text.slice(10));
}

function readFlag(parameters: URLSearchParams, name: string): boolean {
  const text = parameters.get(name);
  if (text === null || text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  throw new AuditRequestError(400, `"${name}" must be true or false`);
}

function readOrder(text: string): Order {
  if (text === 'newest' || text === 'oldest') return text;
  throw new AuditRequestError(400, '"order" must be newest or oldest');
}

function readLevel(text: string): AuditLevel {
  const level = AUDIT_LEVELS.find((known) => known === text.toUpperCase());
  if (level === undefined)
    throw new AuditRequestError(
      400,
      `level ${JSON.stringify(text)} is not one of ${AUDIT_LEVELS.join(', ')}`,
    );
  return level;
}
