/**
 * The requests of Grafana's Loki data source, Explore and Logs Drilldown, as they come over the wire: paths,
 * parameters and headers are Grafana's, the answers must be what it can read.
 */
import { Hono } from 'hono';
import { beforeAll, describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createTestLogStore, TEST_NOW_MS, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { createLokiRoutes } from './loki-routes.ts';

const app = new Hono<QueryEnv>();
const START = TEST_NOW_NS - 3_600_000_000_000n;
const RANGE = `start=${START}&end=${TEST_NOW_NS}`;
const TRACE = '0102030405060708090a0b0c0d0e0f10';
const LEVELS = ['INFO', 'INFO', 'WARN', 'ERROR'] as const;

beforeAll(async () => {
  const { store, clock, push } = createTestLogStore();
  await push(
    {
      resource: { 'service.name': 'shop', 'deployment.environment.name': 'prod' },
      records: Array.from({ length: 40 }, (_, i) => ({
        timeNs: TEST_NOW_NS - BigInt(40 - i) * 60_000_000_000n,
        severityText: LEVELS[i % 4]!,
        body: `order ${i}`,
        traceId: TRACE,
        attributes: {
          'order.id': BigInt(i),
          took: `${i}ms`,
          size: `${i + 1}kB`,
          ok: i % 2 === 0,
          ratio: i / 8,
        },
      })),
    },
    { resource: { 'service.name': 'bank' }, records: [{ timeNs: TEST_NOW_NS - 5n, body: 'paid' }] },
  );
  app.use(async (c, next) => {
    c.set('tenant', TEST_TENANT);
    await next();
  });
  app.route('/loki/api/v1', createLokiRoutes(store, { clock }));
});

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into as a client without types would
async function get(path: string, headers: Record<string, string> = {}): Promise<any> {
  const response = await app.request(`/loki/api/v1${path}`, { headers });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/json');
  return JSON.parse(text);
}
const q = (query: string): string => `query=${encodeURIComponent(query)}`;

test('Save & test', async () => {
  const { status, data } = await get(
    '/query?direction=backward&query=vector%281%29%2Bvector%281%29&time=4000000000',
  );
  expect(status).toBe('success');
  expect(data).toMatchObject({ resultType: 'vector', result: [{ metric: {}, value: [4_000_000_000, '2'] }] });
  expect((await get('/status/buildinfo')).version).toMatch(/^3\./);
});

test('the label browser: names, values narrowed by what is chosen, series', async () => {
  expect((await get(`/labels?${RANGE}`)).data).toEqual(['app', 'environment', 'job', 'service']);
  expect((await get(`/label/service/values?${RANGE}`)).data).toEqual(['bank', 'shop']);
  expect((await get(`/label/service/values?${RANGE}&${q('{environment="prod"}')}`)).data).toEqual(['shop']);
  expect((await get(`/label/nosuch/values?${RANGE}`)).data).toEqual([]);
  const { data } = await get(`/series?match%5B%5D=${encodeURIComponent('{service="shop"}')}&${RANGE}`);
  expect(data).toEqual([{ app: 'shop', environment: 'prod', job: 'shop', service: 'shop' }]);
});

describe('a log query in Explore', () => {
  const shop = '{service="shop"} |= `order`';

  test('the size estimate under the field', async () => {
    expect(await get(`/index/stats?${q('{service="shop"}')}&${RANGE}`)).toEqual({
      streams: 1,
      chunks: expect.any(Number),
      entries: 40,
      bytes: expect.any(Number),
    });
  });

  test('lines, with labels by where they come from', async () => {
    const { status, data } = await get(
      `/query_range?direction=backward&${RANGE}&limit=10&${q(`${shop} | json order="order.id"`)}&step=2000ms`,
      { 'x-loki-response-encoding-flags': 'categorize-labels', 'x-query-tags': 'Source=grafana' },
    );
    expect(status).toBe('success');
    expect(data).toMatchObject({ resultType: 'streams', encodingFlags: ['categorize-labels'] });
    expect(data.result).toHaveLength(1);
    expect(data.result[0].stream).toEqual({ app: 'shop', environment: 'prod', job: 'shop', service: 'shop' });
    expect(data.result[0].values).toHaveLength(10);
    const [time, line, extra] = data.result[0].values[0];
    expect(time).toBe(String(TEST_NOW_NS - 60_000_000_000n));
    expect(JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)).message).toBe('order 39');
    expect(extra).toEqual({
      structuredMetadata: { trace_id: TRACE, tracking_id: TRACE, detected_level: 'error' },
      parsed: { order: '39' },
    });
    expect(data.stats.summary).toMatchObject({ totalLinesProcessed: 40, totalEntriesReturned: 10 });
  });

  test('the volume by level above them', async () => {
    const { data } = await get(
      `/query_range?direction=backward&${RANGE}&limit=5000&${q(`sum by (level, detected_level) (count_over_time(${shop} | drop __error__ [10m]))`)}&step=600000ms`,
    );
    expect(data.resultType).toBe('matrix');
    const total = Object.fromEntries(
      data.result.map(
        ({ metric, values }: { metric: { detected_level: string }; values: [number, string][] }) => [
          metric.detected_level,
          values.reduce((sum, [, value]) => sum + Number(value), 0),
        ],
      ),
    );
    expect(total).toEqual({ info: 20, warn: 10, error: 10 });
  });

  test('the lines around one', async () => {
    const at = TEST_NOW_NS - 20n * 60_000_000_000n;
    const labels = '{app="shop",environment="prod",job="shop",service="shop"}';
    const ask = async (direction: string, start: bigint, end: bigint): Promise<string[]> => {
      const { data } = await get(
        `/query_range?direction=${direction}&start=${start}&end=${end}&limit=2&${q(labels)}&step=1000ms`,
        { 'x-loki-response-encoding-flags': 'categorize-labels' },
      );
      return data.result[0].values.map(([, line]: [string, string]) => /order \d+/.exec(line)![0]);
    };
    expect(await ask('backward', START, at)).toEqual(['order 19', 'order 18']);
    expect(await ask('forward', at, TEST_NOW_NS)).toEqual(['order 20', 'order 21']);
  });

  test('a metric query as a graph and as a table', async () => {
    const query = q('sum by (service) (rate({service=~".+"}[1m]))');
    const range = await get(`/query_range?direction=backward&${RANGE}&${query}&step=60000ms`);
    expect(range.data.resultType).toBe('matrix');
    expect(range.data.result.map(({ metric }: { metric: unknown }) => metric)).toContainEqual({
      service: 'shop',
    });
    const instant = await get(`/query?direction=backward&${query}&time=${TEST_NOW_NS}`);
    expect(instant.data.resultType).toBe('vector');
    expect(instant.data.result).toContainEqual({
      metric: { service: 'bank' },
      value: [TEST_NOW_MS / 1000, String(1 / 60)],
    });
  });

  test('a live tail is asked for by WebSocket; a plain request is told so', async () => {
    const response = await app.request(`/loki/api/v1/tail?${q(shop)}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('WebSocket');
  });

  test('the button that formats', async () => {
    expect((await get(`/format_query?${q('{a="b"}')}`)).data).toBe('{a="b"}');
  });
});

describe('Logs Drilldown', () => {
  test('its start: limits, and services by volume', async () => {
    const limits = await get('/drilldown-limits');
    expect(limits).toMatchObject({ pattern_ingester_enabled: false, limits: { volume_enabled: true } });
    const { data } = await get(
      `/index/volume?${q('{service=~".+"}')}&${RANGE}&limit=5000&targetLabels=service`,
    );
    expect(data.resultType).toBe('vector');
    expect(data.result.map(({ metric }: { metric: unknown }) => metric)).toEqual([
      { service: 'shop' },
      { service: 'bank' },
    ]);
    const overTime = await get(
      `/index/volume_range?${q('{service="shop"}')}&${RANGE}&step=600&targetLabels=service&aggregateBy=series`,
    );
    expect(overTime.data.result[0].values.length).toBeGreaterThan(3);
  });

  test('labels of a service with their number of values', async () => {
    const { detectedLabels } = await get(`/detected_labels?${q('{service=~".+"}')}&${RANGE}`);
    expect(detectedLabels).toContainEqual({ label: 'service', cardinality: 2 });
    expect(detectedLabels).toContainEqual({ label: 'environment', cardinality: 1 });
    expect(await get(`/detected_labels?${q('{service="none"}')}&${RANGE}`)).toEqual({});
    expect((await get(`/detected_labels?${RANGE}`)).detectedLabels).toHaveLength(4);
  });

  test('fields with type, number of values and where they stand', async () => {
    const { fields, limit } = await get(
      `/detected_fields?${q('{service="shop"}')}&${RANGE}&line_limit=1000&limit=1000`,
    );
    expect(limit).toBe(1000);
    const byLabel = Object.fromEntries(fields.map((field: { label: string }) => [field.label, field]));
    expect(byLabel.order_id).toEqual({
      label: 'order_id',
      type: 'int',
      cardinality: 40,
      parsers: ['json'],
      jsonPath: ['order', 'id'],
    });
    expect(byLabel.took).toMatchObject({ type: 'duration', cardinality: 40 });
    expect(byLabel.size).toMatchObject({ type: 'bytes' });
    expect(byLabel.ok).toMatchObject({ type: 'boolean', cardinality: 2 });
    expect(byLabel.ratio).toMatchObject({ type: 'float' });
    expect(byLabel.message).toMatchObject({ type: 'string' });
    expect(byLabel.detected_level).toEqual({
      label: 'detected_level',
      type: 'string',
      cardinality: 3,
      parsers: null,
    });
    expect(byLabel.service).toBeUndefined();
  });

  test('the values of a field', async () => {
    const { values } = await get(`/detected_field/detected_level/values?${q('{service="shop"}')}&${RANGE}`);
    expect(values.sort()).toEqual(['error', 'info', 'warn']);
    expect(
      (await get(`/detected_field/order_id/values?${q('{service="shop"}')}&${RANGE}&limit=3`)).values,
    ).toHaveLength(3);
    expect(await get(`/detected_field/nosuch/values?${q('{service="shop"}')}&${RANGE}`)).toEqual({});
    expect(await get(`/detected_fields?${q('{service="none"}')}&${RANGE}`)).toEqual({});
  });

  test('patterns: none are learned', async () => {
    expect(await get(`/patterns?${q('{service="shop"}')}&${RANGE}&step=60s`)).toEqual({
      status: 'success',
      data: [],
    });
  });

  test.each([
    [`/detected_fields?${RANGE}`, 'unexpected $end'],
    [`/detected_fields?${q('vector(1)')}&${RANGE}`, 'only log queries are supported'],
    [`/detected_fields?${q('{a="b"}')}&line_limit=x`, "'line_limit' must be a whole number"],
    [`/query_range?query=${'x'.repeat(131_073)}`, 'input size too long (131073 > 131072)'],
  ])('%.60s is refused: %s', async (path, message) => {
    const response = await app.request(`/loki/api/v1${path}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(message);
  });
});

test('a query that takes too long is ended', async () => {
  const { store, clock } = createTestLogStore();
  const slow = new Hono<QueryEnv>();
  slow.use(async (c, next) => {
    c.set('tenant', TEST_TENANT);
    await next();
  });
  const chunk = {
    id: 1,
    stream: { id: 1, labels: { a: 'b' } },
    firstNs: START,
    lastNs: TEST_NOW_NS,
    count: 0,
    bytes: 32 * 1_048_576,
    storedAtMs: 0,
    load() {
      const until = performance.now() + 2;
      while (performance.now() < until);
      return { count: 0, timesNs: new BigInt64Array(0), starts: new Uint32Array(1), text: Buffer.alloc(0) };
    },
  };
  const reader = { ...store, chunks: () => Array.from({ length: 10_000 }, () => chunk) };
  slow.route('/', createLokiRoutes(reader, { clock, queryTimeoutMs: 5 }));
  const response = await slow.request(`/query_range?${q('{a="b"}')}`);
  expect(response.status).toBe(504);
  expect(await response.text()).toContain('timed out');
});
