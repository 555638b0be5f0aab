/** Request parameters as Prometheus reads them: form body before query string, times, durations and limits. */

import { goQuote } from '@sluice/promql/model/go-quote';
import type { Matcher } from '@sluice/promql/model/matcher';
import { parseDurationText } from '@sluice/promql/parse/duration-text';
import { parseMetricSelector } from '@sluice/promql/parse/parse-metric-selector';
import { QueryError } from '@sluice/promql/query-error';
import type { Context } from 'hono';
import { ApiError } from './api-answer.ts';
import { parseGoFloat } from './go-float-text.ts';
import { parseGoForm } from './go-form.ts';

export interface Parameters {
  /** The first value, '' when there is none. */
  get(name: string): string;
  all(name: string): readonly string[];
  /** What is wrong with a part that was left out; few endpoints ask. */
  readonly fault?: string;
}

/** Go reads no more of a form (net/http). */
const MAX_FORM_BYTES = 10 * 1024 * 1024;

/** @throws ApiError */
export async function readParameters(c: Context): Promise<Parameters> {
  const { search } = new URL(c.req.url);
  const query = parseGoForm(search.slice(1));
  const isForm =
    c.req.method === 'POST' &&
    /^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? '');
  const form = parseGoForm(isForm ? await readText(c.req.raw) : '');
  const pairs = [...form.pairs, ...query.pairs];
  const fault = form.fault ?? query.fault;
  return {
    get: (name) => pairs.find(([own]) => own === name)?.[1] ?? '',
    all: (name) => pairs.flatMap(([own, value]) => (own === name ? [value] : [])),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** For the endpoints that refuse what Go cannot read. @throws ApiError */
export function requireWellFormed({ fault }: Parameters): void {
  if (fault !== undefined) throw new ApiError('bad_data', `error parsing form values: ${fault}`);
}

async function readText(request: Request): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_FORM_BYTES)
      throw new ApiError('bad_data', 'error parsing form values: http: POST too large');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

export function invalidParameter(name: string, reason: string): ApiError {
  return new ApiError('bad_data', `invalid parameter ${goQuote(name)}: ${reason}`);
}

/** Bounds that Prometheus gives for "everything there is", in its own notation and in milliseconds. */
export const MIN_TIME_MS = -9_223_309_901_257_974;
export const MAX_TIME_MS = 9_223_309_901_257_974;
const BOUNDARY_TIMES: Readonly<Record<string, number>> = {
  '-292273086-05-16T16:47:06Z': MIN_TIME_MS,
  '+292277025-08-18T07:12:54.999999999Z': MAX_TIME_MS,
};

/** Unix seconds with a fraction, or RFC 3339; to milliseconds. @throws ApiError */
export function readTime(parameters: Parameters, name: string): number {
  const text = parameters.get(name);
  const timeMs = parseTime(text);
  if (timeMs !== undefined) return timeMs;
  throw invalidParameter(name, cannotParseTime(text));
}

/** As readTime, for a time that need not be there. Prometheus words its refusal otherwise. @throws ApiError */
export function readOptionalTime(parameters: Parameters, name: string, fallbackMs: number): number {
  const text = parameters.get(name);
  if (text === '') return fallbackMs;
  const timeMs = parseTime(text);
  if (timeMs !== undefined) return timeMs;
  throw invalidParameter(name, `invalid time value for '${name}': ${cannotParseTime(text)}`);
}

function cannotParseTime(text: string): string {
  return `cannot parse ${goQuote(text)} to a valid timestamp`;
}

function parseTime(text: string): number | undefined {
  const seconds = parseGoFloat(text);
  // Prometheus takes NaN and Inf for some time long ago; here they are no times.
  if (seconds !== undefined) {
    const whole = Math.trunc(seconds);
    const timeMs = whole * 1000 + Math.round((seconds - whole) * 1000);
    return Number.isFinite(timeMs) ? Math.min(Math.max(timeMs, MIN_TIME_MS), MAX_TIME_MS) : undefined;
  }
  if (Object.hasOwn(BOUNDARY_TIMES, text)) return BOUNDARY_TIMES[text];
  const parts =
    /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:[.,](\d{1,3})\d*)?(?:Z|([+-])(\d{2}):(\d{2}))$/.exec(text);
  if (!parts) return undefined;
  const [, local, fraction = '', sign = '+', hours = '0', minutes = '0'] = parts;
  // Go's bounds of an offset.
  if (Number(hours) > 24 || Number(minutes) > 60) return undefined;
  // Date.parse takes a 30th of February and a 24th hour for the day after.
  const wallMs = Date.parse(`${local}Z`);
  if (Number.isNaN(wallMs) || !new Date(wallMs).toISOString().startsWith(local!)) return undefined;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  return wallMs - offsetMs + Number(fraction.padEnd(3, '0'));
}

/** Seconds with a fraction, or `5m`; to milliseconds. @throws ApiError */
export function readDuration(parameters: Parameters, name: string): number {
  const durationMs = parseDuration(parameters.get(name));
  if (typeof durationMs === 'string') throw invalidParameter(name, durationMs);
  return durationMs;
}

/** As readDuration; undefined when the parameter is not there. */
export function readOptionalDuration(parameters: Parameters, name: string): number | undefined {
  return parameters.get(name) === '' ? undefined : readDuration(parameters, name);
}

/** int64 nanoseconds, the width of a duration in Go, in seconds. */
const MAX_DURATION_SECONDS = 2 ** 63 / 1e9;

/** Milliseconds, or what is wrong. */
export function parseDuration(text: string): number | string {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined) {
    // What Go makes of it: the least whole number.
    if (Number.isNaN(seconds)) return -MAX_DURATION_SECONDS * 1000;
    if (Math.abs(seconds) > MAX_DURATION_SECONDS) {
      return `cannot parse ${goQuote(text)} to a valid duration. It overflows int64`;
    }
    return seconds * 1000;
  }
  const parsed = parseDurationText(text);
  return typeof parsed === 'string' ? `cannot parse ${goQuote(text)} to a valid duration` : parsed.ms;
}

/** Whole and not negative; 0 (also when it is not there) is no limit. @throws ApiError */
export function readLimit(parameters: Parameters): number {
  const text = parameters.get('limit');
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) {
    throw invalidParameter('limit', `strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`);
  }
  const limit = Number(text);
  if (!Number.isSafeInteger(limit)) {
    throw invalidParameter('limit', `strconv.Atoi: parsing ${goQuote(text)}: value out of range`);
  }
  if (limit < 0) throw invalidParameter('limit', 'limit must be non-negative');
  return limit;
}

/** Every series is held against every set. */
const MAX_MATCHER_SETS = 500;
/** Instructions of their regular expressions together. */
const MAX_PROGRAM = 100_000;

/** The sets of matchers of `match[]`. @throws QueryError */
export function readMatcherSets(parameters: Parameters): readonly (readonly Matcher[])[] {
  const texts = parameters.all('match[]');
  if (texts.length > MAX_MATCHER_SETS) {
    throw new QueryError('bad_data', `${texts.length} match[] are given; ${MAX_MATCHER_SETS} are the most`);
  }
  let program = 0;
  const sets = texts.map((text) => {
    const matchers = parseMetricSelector(text);
    for (const { programSize = 0 } of matchers) program += programSize;
    if (program > MAX_PROGRAM)
      throw new QueryError('bad_data', 'regular expressions of match[] are too large');
    return matchers;
  });
  if (sets.some((matchers) => matchers.every((matcher) => matcher.matches('')))) {
    throw new QueryError('bad_data', 'match[] must contain at least one non-empty matcher');
  }
  return sets;
}

/** What is wrong with an expression is wrong with the parameter it stands in. @throws ApiError */
export function asParameter<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw toParameterError(name, error);
  }
}

export function toParameterError(name: string, error: unknown): unknown {
  const isBad = error instanceof QueryError && error.kind === 'bad_data';
  return isBad ? invalidParameter(name, error.message) : error;
}
