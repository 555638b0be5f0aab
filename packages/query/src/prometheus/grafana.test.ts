/** What Grafana's Prometheus data source asks, in its order and its forms, through the whole app with a key. */
import { gunzipSync } from 'node:zlib';
import type { TenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyStore } from '@sluice/platform/keys/key-store';
import { createKeyVerifier } from '@sluice/platform/keys/key-verifier';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { beforeEach, describe, expect, test } from 'vitest';
import { createQueryApp } from '../query-app.ts';
import { createMemoryMetrics } from '../testing/memory-metrics.ts';
import { createPrometheusRoutes, type PrometheusStore } from './prometheus-routes.ts';

const NOW_MS = 1_700_000_000_000;
const START = NOW_MS / 1000 - 3600;
const END = NOW_MS / 1000;

/** An hour up to now; the notation begins at zero, so samples are moved. */
function store(owner: string, instances: number): PrometheusStore {
  const lines = Array.from(
    { length: instances },
    (_, i) => `http_requests_total{instance="i${i}",owner="${owner}",status="200"} 0+60x60`,
  );
  const zero = createMemoryMetrics(lines.join('\n'));
  const shiftMs = START * 1000;
  return {
    catalog: {
      ...zero.catalog,
      listLabels: (query) => zero.catalog.listLabels(moved(query)),
      listLabelValues: (name, query) => zero.catalog.listLabelValues(name, moved(query)),
      listSeries: (query) => zero.catalog.listSeries(moved(query)),
    },
    reader: {
      async select(matchers, window) {
        const { series } = await zero.reader.select(matchers, moved(window));
        return {
          series: series.map((one) => ({ ...one, times: one.times.map((timeMs) => timeMs + shiftMs) })),
        };
      },
    },
  };

  function moved<T extends { readonly startMs: number; readonly endMs: number }>(range: T): T {
    return { ...range, startMs: range.startMs - shiftMs, endMs: range.endMs - shiftMs };
  }
}

async function grafana() {
  const clock = createFakeClock(NOW_MS);
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'keys', clock });
  const keys = createKeyStore({ table, clock });
  const verifier = createKeyVerifier({ table, clock });
  const stores: Record<string, PrometheusStore> = { acme: store('acme', 200), other: store('other', 1) };
  const app = createQueryApp({
    apis: [
      {
        path: '/api/v1',
        routes: createPrometheusRoutes({ storeOf: (tenant: TenantId) => stores[tenant]!, clock }),
      },
    ],
    async authorize(request, scope) {
      const secret = request.headers.get('authorization')?.replace(/^Bearer /, '');
      const verdict = await verifier.verify(secret, scope);
      return verdict.status === 'ok'
        ? { status: 'ok', tenant: verdict.key.tenant }
        : { status: 'refused', httpStatus: verdict.httpStatus, message: verdict.message };
    },
    readiness: async () => [],
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
    ingestUrl: 'http://127.0.0.1:4318',
  });
  const makeKey = async (tenant: string, scope: string): Promise<string> =>
    (await keys.create({ tenant, name: 'grafana', scopes: [scope] })).secret;
  const ask = (path: string, { key, form }: { key?: string; form?: Record<string, string> }) =>
    app.request(`/api/v1/${path}`, {
      method: form ? 'POST' : 'GET',
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        'accept-encoding': 'gzip',
        'user-agent': 'Grafana/12.0.0',
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
    });
  return { ask, makeKey };
}

// biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested
async function bodyOf(response: Response): Promise<any> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = response.headers.get('content-encoding') === 'gzip' ? gunzipSync(bytes) : bytes;
  return JSON.parse(text.toString());
}

let server: Awaited<ReturnType<typeof grafana>>;
let key: string;

beforeEach(async () => {
  server = await grafana();
  key = await server.makeKey('acme', 'query:read');
});

async function dataOf(path: string, form?: Record<string, string>) {
  const response = await server.ask(path, { key, ...(form && { form }) });
  const body = await bodyOf(response);
  expect([response.status, body.status]).toEqual([200, 'success']);
  return body.data;
}

test('"Save & test" computes 1+1 and asks for the version', async () => {
  expect(await dataOf('query', { query: '1+1', time: '4' })).toEqual({
    resultType: 'scalar',
    result: [4, '2'],
  });
  expect((await dataOf('status/buildinfo')).version).toMatch(/^3\./);
});

test('the metrics browser lists metrics, their metadata, labels, values and series', async () => {
  const range = `start=${START}&end=${END}`;
  expect(await dataOf(`label/__name__/values?${range}&limit=40000`)).toEqual(['http_requests_total']);
  expect(await dataOf('metadata?limit=40000')).toHaveProperty('http_requests_total');
  const match = encodeURIComponent('{__name__="http_requests_total"}');
  expect(await dataOf(`labels?${range}&match[]=${match}`)).toContain('instance');
  expect(
    await dataOf('labels', { start: `${START}`, end: `${END}`, 'match[]': 'http_requests_total' }),
  ).toContain('status');
  expect(await dataOf(`label/instance/values?${range}&match%5B%5D=${match}&limit=1000`)).toHaveLength(200);
  expect(await dataOf(`series?${range}&match[]=${match}&limit=5`)).toHaveLength(5);
});

test('a panel posts a range query and gets it compressed', async () => {
  const form = {
    query: 'rate(http_requests_total{status="200"}[5m])',
    start: `${START}`,
    end: `${END}`,
    step: '15',
  };
  const response = await server.ask('query_range', { key, form });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  const { data } = await bodyOf(response);
  expect(data.resultType).toBe('matrix');
  expect(data.result).toHaveLength(200);
  const [first] = data.result;
  expect(first.metric).toEqual({ instance: 'i0', owner: 'acme', status: '200' });
  expect(first.values.at(-1)).toEqual([END, '1']);
});

test('an alert posts an instant query, a panel asks for exemplars, Explore formats and explains', async () => {
  const { result } = await dataOf('query', {
    query: 'sum(rate(http_requests_total[5m])) > 100',
    time: `${END}`,
  });
  expect(result).toEqual([{ metric: {}, value: [END, '200'] }]);
  expect(
    await dataOf('query_exemplars', {
      query: 'rate(no_such_total[5m])',
      start: `${START}`,
      end: `${END}`,
      step: '15',
    }),
  ).toEqual([]);
  expect(await dataOf('format_query', { query: 'sum(rate(x[5m]))by(job)' })).toBe(
    'sum by (job) (rate(x[5m]))',
  );
  expect((await dataOf('parse_query', { query: 'sum(x)' })).type).toBe('aggregation');
});

describe('beyond loopback', () => {
  test.each([
    ['query?query=1', undefined, 401],
    ['query?query=1', 'ingest:write', 403],
    ['labels', undefined, 401],
    ['status/runtimeinfo', 'ingest:write', 403],
  ])('%s with %s is refused with %d', async (path, scope, status) => {
    const own = scope === undefined ? undefined : await server.makeKey('acme', scope);
    const response = await server.ask(path, own === undefined ? {} : { key: own });
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('success');
  });

  test("a tenant's key finds that tenant's series only, whatever it asks for", async () => {
    const other = await server.makeKey('other', 'query:read');
    for (const path of [
      'query?query=count(http_requests_total)',
      'query?query=count({owner="acme"})',
      `query?query=count({__name__=~".%2B"})&time=${END}`,
    ]) {
      const { data } = await bodyOf(await server.ask(path, { key: other }));
      expect(data.result.map(({ value }: { value: [number, string] }) => value[1])).toEqual(
        path.includes('acme') ? [] : ['1'],
      );
    }
    expect((await bodyOf(await server.ask('label/owner/values', { key: other }))).data).toEqual(['other']);
  });
});
