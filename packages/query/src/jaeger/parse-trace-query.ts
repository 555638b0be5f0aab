/** The parameters of Jaeger's `GET /api/traces`, `GET /api/traces/{id}` and `GET /api/dependencies`. */

import type { TimeRange, TraceQuery } from '@sluice/backends/trace-reader';
import { parseGoDuration } from './go-duration.ts';
import { ParameterError } from './parameter-error.ts';
import { parseTags } from './parse-tags.ts';

/** As in URLSearchParams. */
export interface QueryParameters {
  get(name: string): string | null;
  getAll(name: string): readonly string[];
}

export type TraceSearch =
  | { readonly kind: 'ids'; readonly traceIds: readonly string[] }
  | { readonly kind: 'search'; readonly query: TraceQuery };

/** Defaults of Jaeger's query service. */
const DEFAULT_LIMIT = 100;
const DEFAULT_LOOKBACK_NS = 48n * 3600n * 1_000_000_000n;
const DEFAULT_DEPENDENCY_LOOKBACK_MS = 24 * 3_600_000;

/** Ours: what one answer can hold. */
const MAX_LIMIT = 10_000;

/** @throws ParameterError naming the parameter. */
export function parseTraceSearch(parameters: QueryParameters, nowMs: number): TraceSearch {
  const traceIds = parameters.getAll('traceID').map(parseTraceId);
  if (traceIds.length > 0) return { kind: 'ids', traceIds };
  const service = parameters.get('service');
  if (service === null || service === '') throw new ParameterError("parameter 'service' is required");
  const operation = parameters.get('operation');
  const minDurationNs = parseDuration(parameters, 'minDuration');
  const maxDurationNs = parseDuration(parameters, 'maxDuration');
  if (minDurationNs !== undefined && maxDurationNs !== undefined && maxDurationNs < minDurationNs) {
    throw new ParameterError("'maxDuration' should be greater than 'minDuration'");
  }
  const tags = parseTags(parameters.getAll('tag'), parameters.getAll('tags'));
  return {
    kind: 'search',
    query: {
      service,
      // What Jaeger UI and Grafana send for "any operation".
      ...(operation === null || operation === '' || operation === 'all' ? {} : { operation }),
      ...(tags.size === 0 ? {} : { tags }),
      ...(minDurationNs === undefined ? {} : { minDurationNs }),
      ...(maxDurationNs === undefined ? {} : { maxDurationNs }),
      ...parseSearchRange(parameters, nowMs),
      limit: parseLimit(parameters),
    },
  };
}

/** `start` and `end` of a look-up by id, microseconds; both optional. @throws ParameterError */
export function parseOptionalRange(parameters: QueryParameters): TimeRange {
  const startUs = parseInteger(parameters, 'start');
  const endUs = parseInteger(parameters, 'end');
  return {
    ...(startUs === undefined ? {} : { startNs: startUs * 1000n }),
    ...(endUs === undefined ? {} : { endNs: endUs * 1000n + 999n }),
  };
}

/** `endTs` and `lookback`, milliseconds. @throws ParameterError */
export function parseDependencyRange(parameters: QueryParameters, nowMs: number): Required<TimeRange> {
  const endMs = parseInteger(parameters, 'endTs') ?? BigInt(nowMs);
  const lookbackMs = parseInteger(parameters, 'lookback') ?? BigInt(DEFAULT_DEPENDENCY_LOOKBACK_MS);
  return { startNs: (endMs - lookbackMs) * 1_000_000n, endNs: endMs * 1_000_000n + 999_999n };
}

/** Leading zeros may be missing, as 64-bit ids are often written. @throws ParameterError */
export function parseTraceId(text: string): string {
  if (text.length > 32) throw new ParameterError(`TraceID cannot be longer than 32 hex characters: ${text}`);
  if (!/^[0-9a-f]+$/i.test(text)) throw new ParameterError(`TraceID is not a hexadecimal number: ${text}`);
  return text.toLowerCase().padStart(32, '0');
}

/** Microseconds; `lookback` (`1h`, as Jaeger UI sends beside them) counts where `start` is missing. */
function parseSearchRange(parameters: QueryParameters, nowMs: number): Required<TimeRange> {
  const { startNs, endNs = BigInt(nowMs) * 1_000_000n + 999_999n } = parseOptionalRange(parameters);
  if (startNs !== undefined) return { startNs, endNs };
  const lookback = parameters.get('lookback');
  const lookbackNs =
    lookback === null || lookback === '' || lookback === 'custom'
      ? DEFAULT_LOOKBACK_NS
      : named('lookback', () => parseLookback(lookback));
  return { startNs: endNs - lookbackNs, endNs };
}

/** Go's durations know no days and weeks; Jaeger UI's list of lookbacks does. */
function parseLookback(text: string): bigint {
  const days = /^(\d+)([dw])$/.exec(text);
  if (days === null) return parseGoDuration(text);
  return BigInt(days[1]!) * (days[2] === 'w' ? 7n : 1n) * 24n * 3600n * 1_000_000_000n;
}

function parseLimit(parameters: QueryParameters): number {
  const limit = parseInteger(parameters, 'limit') ?? BigInt(DEFAULT_LIMIT);
  if (limit < 1n || limit > BigInt(MAX_LIMIT)) {
    throw new ParameterError(`unable to parse param 'limit': ${limit} is not from 1 to ${MAX_LIMIT}`);
  }
  return Number(limit);
}

function parseInteger(parameters: QueryParameters, name: string): bigint | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  return named(name, () => {
    if (!/^-?\d{1,19}$/.test(text)) throw new ParameterError(`${JSON.stringify(text)} is not a whole number`);
    return BigInt(text);
  });
}

function parseDuration(parameters: QueryParameters, name: string): bigint | undefined {
  const text = parameters.get(name);
  return text === null || text === '' ? undefined : named(name, () => parseGoDuration(text));
}

function named<T>(parameter: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new ParameterError(`unable to parse param '${parameter}': ${(cause as Error).message}`, { cause });
  }
}
