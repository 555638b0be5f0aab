/** Request parameters in the forms that Loki takes: query string or form body, and times in three notations. */
import type { Context } from 'hono';
import type { Direction } from '../logql/log-query.ts';
import { LogqlError } from '../logql/logql-error.ts';
import { parseDurationMs } from '../logql/tokens.ts';

/** Answered as 400 with its message as text, as Loki does. */
export class BadParameter extends Error {}

export interface Parameters {
  get(name: string): string | undefined;
  all(name: string): readonly string[];
}

export async function readParameters(c: Context): Promise<Parameters> {
  const query = new URL(c.req.url).searchParams;
  const isForm = c.req.header('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false;
  const form =
    c.req.method === 'POST' && isForm ? new URLSearchParams(await c.req.text()) : new URLSearchParams();
  return {
    get: (name) => form.get(name) ?? query.get(name) ?? undefined,
    all: (name) => [...query.getAll(name), ...form.getAll(name)],
  };
}

/** Longer queries are a program's mistake (Loki has the same limit). */
const MAX_QUERY_CHARS = 131_072;

/** @throws LogqlError in Loki's words */
export function requireQuery(query: string | undefined): string {
  if (query === undefined || query.trim() === '') {
    throw new LogqlError('parse error at line 1, col 1: syntax error: unexpected $end');
  }
  if (query.length > MAX_QUERY_CHARS) {
    throw new LogqlError(`parse error : input size too long (${query.length} > ${MAX_QUERY_CHARS})`);
  }
  return query;
}

const MAX_NS = 2n ** 63n - 1n;
const DEFAULT_RANGE_MS = 3_600_000;
export const MAX_LIMIT = 5000;
const DEFAULT_LIMIT = 100;
const MAX_POINTS = 11_000;

/** Nanoseconds from `1700000000` (s), `1700000000.5` (s), `1700000000000000000` (ns) or RFC 3339. @throws BadParameter */
export function parseTimeNs(name: string, text: string): bigint {
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text);
    return clamp(text.replace('-', '').length <= 10 ? value * 1_000_000_000n : value);
  }
  if (/^\d*\.\d+$/.test(text)) {
    const [seconds = '', fraction = ''] = text.split('.');
    return clamp(BigInt(seconds || '0') * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0')));
  }
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms))
    throw new BadParameter(`could not parse '${name}' parameter: ${JSON.stringify(text)} is not a time`);
  return clamp(BigInt(ms) * 1_000_000n + BigInt((match![2] ?? '').padEnd(9, '0')));
}

function clamp(value: bigint): bigint {
  return value > MAX_NS ? MAX_NS : value < 0n ? 0n : value;
}

export interface TimeRange {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** The hour up to a time and with it. */
export function rangeUpTo(timeNs: bigint): TimeRange {
  return { startNs: clamp(timeNs - BigInt(DEFAULT_RANGE_MS) * 1_000_000n), endNs: timeNs + 1n };
}

/** `start`, `end` and `since`; an hour up to now without them. @throws BadParameter */
export function readRange(parameters: Parameters, nowMs: number): TimeRange {
  const end = parameters.get('end');
  const start = parameters.get('start');
  const since = parameters.get('since') ?? '';
  const nowNs = BigInt(Math.floor(nowMs)) * 1_000_000n;
  const endNs = end === undefined || end === '' ? nowNs : parseTimeNs('end', end);
  const sinceMs = since === '' ? DEFAULT_RANGE_MS : parseDurationMs(since);
  if (sinceMs === undefined)
    throw new BadParameter(
      `could not parse 'since' parameter: not a valid duration string: ${JSON.stringify(since)}`,
    );
  const startNs =
    start === undefined || start === ''
      ? // Counted from now where the end is still to come, as Loki does.
        clamp((endNs < nowNs ? endNs : nowNs) - BigInt(Math.floor(sinceMs * 1e6)))
      : parseTimeNs('start', start);
  if (endNs < startNs) throw new BadParameter('end timestamp must not be before or equal to start time');
  return { startNs, endNs };
}

/** @throws BadParameter */
export function readLimit(parameters: Parameters): number {
  const text = parameters.get('limit');
  if (text === undefined || text === '') return DEFAULT_LIMIT;
  const limit = Number(text);
  if (!Number.isInteger(limit))
    throw new BadParameter(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (limit <= 0) throw new BadParameter('limit must be a positive value');
  if (limit > MAX_LIMIT)
    throw new BadParameter(
      `max entries limit per query exceeded, limit > max_entries_limit_per_query (${limit} > ${MAX_LIMIT})`,
    );
  return limit;
}

/** A whole number from 0 up; anything else is refused. @throws BadParameter */
export function readCount(parameters: Parameters, name: string, fallback: number): number {
  const text = parameters.get(name) ?? '';
  if (text === '') return fallback;
  if (!/^\d{1,9}$/.test(text))
    throw new BadParameter(`'${name}' must be a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** @throws BadParameter */
export function readDirection(parameters: Parameters): Direction {
  const text = parameters.get('direction')?.toLowerCase() ?? '';
  if (text === '' || text === 'backward') return 'backward';
  if (text === 'forward') return 'forward';
  throw new BadParameter(`invalid direction '${text}'`);
}

/** Milliseconds: seconds as a number, or a duration; some 250 points without it. @throws BadParameter */
export function readStepMs(parameters: Parameters, { startNs, endNs }: TimeRange): number {
  const text = parameters.get('step');
  const spanMs = Number((endNs - startNs) / 1_000_000n);
  if (text === undefined || text === '') return Math.max(1000, Math.floor(spanMs / 250 / 1000) * 1000);
  const stepMs = /^\d*\.?\d+$/.test(text) ? Number(text) * 1000 : parseDurationMs(text);
  if (stepMs === undefined)
    throw new BadParameter(`cannot parse ${JSON.stringify(text)} to a valid duration`);
  if (stepMs <= 0)
    throw new BadParameter(
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if (spanMs / stepMs > MAX_POINTS) {
    throw new BadParameter(
      'exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter',
    );
  }
  return stepMs;
}
