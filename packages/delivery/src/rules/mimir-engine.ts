/**
 * Rule queries answered by Mimir (or any server with Prometheus' HTTP API) in place of our engine. Values
 * only: such a server does not say what it looked at, so that "no data" cannot be told from "no result".
 */
import { parseDestination } from '@sluice/backends/destination';
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { BackendSettings } from '@sluice/core/local-settings';
import { tenantHeaders } from '@sluice/core/tenancy';
import { toLabels } from '@sluice/promql/model/labels';
import { QueryError } from '@sluice/promql/query-error';
import type { QueryResult, QueryValue } from '@sluice/promql/query-result';
import type { RuleEngine } from '@sluice/rules/evaluate/evaluate-rule';

export interface MimirEngineOptions {
  /** As it is set for remote write; the query API is beside it. */
  readonly url: string;
  readonly auth?: string;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  /** Of the request: which tenant is asked for. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Grafana Cloud's `…/api/prom/push` and a plain Mimir's address both lead to `/api/v1/query`. */
export function toQueryUrl(url: string): string {
  const parsed = new URL(url);
  const path = parsed.pathname.replace(/\/+$/, '').replace(/\/(api\/v1\/)?(push|write)$/, '');
  parsed.pathname = path.endsWith('/api/prom') || path.endsWith('/prometheus') ? path : `${path}/prometheus`;
  return `${parsed.href.replace(/\/+$/, '')}/api/v1/query`;
}

export function createMimirEngine({
  url,
  auth,
  fetch,
  timeoutMs,
  headers = {},
}: MimirEngineOptions): RuleEngine {
  const destination = parseDestination(toQueryUrl(url), auth);
  const authorization =
    destination.authorization === undefined ? {} : { authorization: destination.authorization };
  return {
    async instant(query, { timeMs, signal }) {
      const deadline = AbortSignal.timeout(timeoutMs);
      const response = await fetch(destination.url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...authorization, ...headers },
        body: new URLSearchParams({ query, time: (timeMs / 1_000).toFixed(3) }).toString(),
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      }).catch((error: unknown) => {
        throw new QueryError('timeout', `Mimir did not answer: ${describeError(error)}`, { cause: error });
      });
      const body = (await response.json().catch(() => undefined)) as Answer | undefined;
      if (body?.status !== 'success' || body.data === undefined)
        throw new QueryError('execution', `Mimir: ${body?.error ?? `HTTP ${response.status}`}`);
      return toResult(body, timeMs);
    },
  };
}

const TIMEOUT_MS = 30_000;

/** For each tenant, as the destination tells them apart. */
export function createMimirEngines(
  { tenancy, ...mimir }: BackendSettings,
  fetch: MimirEngineOptions['fetch'],
): (tenant: TenantId) => RuleEngine {
  return (tenant) =>
    createMimirEngine({ ...mimir, fetch, timeoutMs: TIMEOUT_MS, headers: tenantHeaders(tenancy, tenant) });
}

interface Answer {
  readonly status?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

type Pair = readonly [number, string];

function toResult({ data, warnings = [], infos = [] }: Answer, timeMs: number): QueryResult {
  const stats = { samplesRead: Number.NaN, seriesRead: Number.NaN, peakSamples: Number.NaN };
  return { value: toValue(data!, timeMs), warnings, infos, stats };
}

function toValue({ resultType, result }: NonNullable<Answer['data']>, timeMs: number): QueryValue {
  switch (resultType) {
    case 'scalar':
      return { type: 'scalar', timeMs, value: toFloat((result as Pair)[1]) };
    case 'vector': {
      const vector = result as readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value?: Pair;
      }[];
      const floats = vector.filter(({ value }) => value !== undefined);
      return {
        type: 'vector',
        samples: floats.map(({ metric, value }) => ({
          labels: toLabels(metric),
          timeMs,
          value: toFloat(value![1]),
        })),
      };
    }
    default:
      throw new QueryError('execution', `Mimir answered a ${resultType}, a rule takes a vector or a scalar`);
  }
}

function toFloat(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
