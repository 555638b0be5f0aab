/** Reads what `POST /v1/logs/insights` is sent; what is wrong with it is named with what is allowed. */
import { BadParameter, parseTimeNs } from '../loki/parameters.ts';
import { type InsightsRequest, LOG_GROUPS, type LogGroup } from './log-insights-backend.ts';
import { MAX_ROWS } from './parse-insights.ts';

export const INSIGHTS_FORMATS = ['json', 'csv', 'table'] as const;
export type InsightsFormat = (typeof INSIGHTS_FORMATS)[number];

export interface FormattedRequest extends InsightsRequest {
  /** `undefined` leaves it to the Accept header. */
  readonly format: InsightsFormat | undefined;
}

const DEFAULT_RANGE_NS = 3_600_000_000_000n;
/** AWS takes queries of up to 10,000 characters (StartQuery: queryString). */
const MAX_QUERY_CHARS = 10_000;
const MAX_BODY_CHARS = 100_000;
/** Larger numbers are milliseconds: as seconds they would lie beyond the year 5000. */
const LEAST_MS = 1e11;

/** @throws BadParameter naming the member that is wrong and what is allowed */
export function parseInsightsRequest(text: string, nowMs: number): FormattedRequest {
  const { query, start, end, limit = MAX_ROWS, groups = LOG_GROUPS, format, ...others } = parseObject(text);
  const [unknown] = Object.keys(others);
  // A range or a limit under another name would be answered with another range.
  if (unknown !== undefined)
    throw new BadParameter(
      `${JSON.stringify(unknown)} is not known: there are query, start, end, limit, groups and format`,
    );
  if (typeof query !== 'string' || query.trim() === '')
    throw new BadParameter('"query" must be a text that is not empty');
  if (query.length > MAX_QUERY_CHARS)
    throw new BadParameter(`"query" is longer than ${MAX_QUERY_CHARS} characters`);
  // The end belongs to the range, as with StartQuery.
  const endNs = (end === undefined ? BigInt(Math.floor(nowMs)) * 1_000_000n : toTimeNs('end', end)) + 1n;
  const startNs = start === undefined ? endNs - DEFAULT_RANGE_NS : toTimeNs('start', start);
  if (startNs >= endNs) throw new BadParameter('"start" must not lie after "end"');
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MAX_ROWS)
    throw new BadParameter(`"limit" must be a whole number from 1 to ${MAX_ROWS}`);
  if (!isGroups(groups)) throw new BadParameter(`"groups" must be a list out of ${LOG_GROUPS.join(', ')}`);
  const known = INSIGHTS_FORMATS.find((candidate) => candidate === format);
  if (format !== undefined && known === undefined)
    throw new BadParameter(`"format" must be one of ${INSIGHTS_FORMATS.join(', ')}`);
  return {
    query,
    startNs,
    endNs,
    limit,
    groups: LOG_GROUPS.filter((group) => groups.includes(group)),
    format: known,
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  if (text.length > MAX_BODY_CHARS)
    throw new BadParameter(`the body is longer than ${MAX_BODY_CHARS} characters`);
  const example = 'send {"query": "fields @timestamp, @message", "start": 1767225600, "end": 1767229200}';
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new BadParameter(`the body is not JSON: ${example}`, { cause });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new BadParameter(`the body is no JSON object: ${example}`);
  return body as Record<string, unknown>;
}

function isGroups(value: unknown): value is readonly LogGroup[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((group) => LOG_GROUPS.some((known) => known === group))
  );
}

/** Seconds (as StartQuery takes them), milliseconds, or RFC 3339. */
function toTimeNs(name: string, value: unknown): bigint {
  if (typeof value === 'string') return parseTimeNs(name, value);
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > Number.MAX_SAFE_INTEGER)
    throw new BadParameter(`"${name}" must be a time: seconds or milliseconds since 1970, or RFC 3339`);
  const ms = value < LEAST_MS ? value * 1000 : value;
  return BigInt(Math.floor(ms)) * 1_000_000n;
}
