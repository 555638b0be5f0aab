/** Loki's API as Grafana's data source and logcli use it. */
import { Hono } from 'hono';
import { beforeAll, describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createTestLogStore, TEST_NOW_MS, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { createLokiRoutes } from './loki-routes.ts';

const app = new Hono<QueryEnv>();
const MINUTE_NS = 60_000_000_000n;
const TRACE = '0102030405060708090a0b0c0d0e0f10';

beforeAll(async () => {
  const { store, clock, push } = createTestLogStore();
  // Shop: a line a minute over the last 30, value = minute; bank: one line.
  await push(
    {
      resource: { 'service.name': 'shop', 'deployment.environment.name': 'prod' },
      records: Array.from({ length: 30 }, (_, i) => ({
        timeNs: TEST_NOW_NS - BigInt(29 - i) * MINUTE_NS,
        severityNumber: i % 10 === 0 ? 17 : 9,
        body: `line ${i}`,
        attributes: { n: BigInt(i), kind: i % 2 === 0 ? 'even' : 'odd', took: `${i * 100}ms` },
      })),
    },
    {
      resource: { 'service.name': 'bank' },
      records: [{ timeNs: TEST_NOW_NS - MINUTE_NS, body: 'paid', traceId: TRACE }],
    },
  );
  app.use(async (c, next) => {
    c.set('tenant', TEST_TENANT);
    await next();
  });
  app.route('/loki/api/v1', createLokiRoutes(store, { clock }));
});

const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(`/loki/api/v1${path}`, { headers });
async function data(path: string, headers?: Record<string, string>) {
  const response = await get(path, headers);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const body = JSON.parse(text);
  return body.data ?? body;
}
const q = (query: string): string => `query=${encodeURIComponent(query)}`;

test('the health check of the data source', async () => {
  expect(await data(`/query?${q('vector(1)+vector(1)')}&time=${TEST_NOW_NS}`)).toMatchObject({
    resultType: 'vector',
    result: [{ metric: {}, value: [TEST_NOW_MS / 1000, '2'] }],
  });
});

test('labels, values and series, for the time asked for and narrowed by a selector', async () => {
  expect(await data('/labels')).toEqual(['app', 'environment', 'job', 'service']);
  expect(await data('/label/service/values')).toEqual(['bank', 'shop']);
  expect(await data(`/label/service/values?${q('{environment="prod"}')}`)).toEqual(['shop']);
  expect(await data(`/labels?start=${TEST_NOW_MS / 1000 - 7200}&end=${TEST_NOW_MS / 1000 - 7100}`)).toEqual(
    [],
  );
  expect(await data(`/series?match[]=${encodeURIComponent('{service=~"b.*"}')}`)).toEqual([
    { app: 'bank', job: 'bank', service: 'bank' },
  ]);
  const form = await app.request('/loki/api/v1/series', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `match[]=${encodeURIComponent('{job="shop"}')}&match[]=${encodeURIComponent('{job="bank"}')}`,
  });
  expect(((await form.json()) as { data: unknown[] }).data).toHaveLength(2);
});

test('labels stay in their categories when Grafana asks for that', async () => {
  const plain = await data(`/query_range?${q('{job="bank"} | json n="message"')}`);
  expect(plain.result[0].stream).toEqual({
    app: 'bank',
    job: 'bank',
    service: 'bank',
    detected_level: 'info',
    trace_id: TRACE,
    tracking_id: TRACE,
    n: 'paid',
  });
  expect(plain.result[0].values[0]).toHaveLength(2);
  const flagged = await data(`/query_range?${q('{job="bank"} | json n="message"')}`, {
    'x-loki-response-encoding-flags': 'categorize-labels',
  });
  expect(flagged.encodingFlags).toEqual(['categorize-labels']);
  expect(flagged.result[0].stream).toEqual({ app: 'bank', job: 'bank', service: 'bank' });
  expect(flagged.result[0].values[0][2]).toEqual({
    structuredMetadata: { detected_level: 'info', trace_id: TRACE, tracking_id: TRACE },
    parsed: { n: 'paid' },
  });
});

describe('ranges', () => {
  const messages = async (query: string): Promise<string[]> =>
    (await data(`/query_range?${query}`)).result.flatMap((stream: { values: [string, string][] }) =>
      stream.values.map(([, line]) => /"message":"([^"]*)"/.exec(line)![1]),
    );
  const shop = q('{job="shop"}');

  test.each([
    [
      'the newest first, as many as asked for',
      `${shop}&limit=2&end=${TEST_NOW_NS + 1n}`,
      ['line 29', 'line 28'],
    ],
    ['the oldest first', `${shop}&limit=2&direction=forward`, ['line 0', 'line 1']],
    [
      'start inclusive, end exclusive, in nanoseconds',
      `${shop}&direction=forward&start=${TEST_NOW_NS - 3n * MINUTE_NS}&end=${TEST_NOW_NS - MINUTE_NS}`,
      ['line 26', 'line 27'],
    ],
    ['in seconds', `${shop}&start=${TEST_NOW_MS / 1000 - 60}&end=${TEST_NOW_MS / 1000}`, ['line 28']],
    [
      'in seconds with a fraction',
      `${shop}&start=${TEST_NOW_MS / 1000 - 60}.0&end=${TEST_NOW_MS / 1000}.5`,
      ['line 29', 'line 28'],
    ],
    [
      'in RFC 3339',
      `${shop}&start=2025-12-31T23:59:00Z&end=${encodeURIComponent('2026-01-01T01:00:00.000000001+01:00')}`,
      ['line 29', 'line 28'],
    ],
    ['since', `${shop}&since=90s`, ['line 28']],
    [
      'across streams by time',
      `${q('{job=~"shop|bank"}')}&limit=3&end=${TEST_NOW_NS}`,
      ['paid', 'line 28', 'line 27'],
    ],
    ['negative and regex matchers', `${q('{job!~"sh.*", service=~".+"}')}`, ['paid']],
  ])('%s', async (_name, query, expected) => {
    expect(await messages(query)).toEqual(expected);
  });
});

describe('metric queries', () => {
  const values = async (query: string): Promise<Record<string, string>> => {
    const { result } = await data(`/query?${q(query)}&time=${TEST_NOW_NS}`);
    return Object.fromEntries(
      result.map(({ metric, value }: { metric: Record<string, string>; value: [number, string] }) => [
        Object.entries(metric)
          .sort()
          .map(([name, text]) => `${name}=${text}`)
          .join(','),
        value[1],
      ]),
    );
  };
  const stream = 'app=shop,environment=prod,job=shop,service=shop';

  // Minutes 20 to 29 lie in the last 10: (now - 10m, now].
  test.each<[string, Record<string, string>]>([
    ['count_over_time({job="shop"}[10m])', { [stream]: '10' }],
    ['count_over_time({job="shop"}[10m] offset 5m)', { [stream]: '10' }],
    ['rate({job="shop"} |= "line 2" [5m])', { [stream]: String(5 / 300) }],
    ['sum(count_over_time({job=~"shop|bank"}[1h]))', { '': '31' }],
    ['sum by (job) (count_over_time({job=~"shop|bank"}[1h]))', { 'job=bank': '1', 'job=shop': '30' }],
    ['sum by (trace_id) (count_over_time({job="bank"}[1h]))', { [`trace_id=${TRACE}`]: '1' }],
    [
      'sum by (kind) (sum_over_time({job="shop"} | json | unwrap n [10m]))',
      { 'kind=even': '120', 'kind=odd': '125' },
    ],
    [
      'avg_over_time({job="shop"} | json | unwrap n [10m]) by (kind)',
      { 'kind=even': '24', 'kind=odd': '25' },
    ],
    ['max_over_time({job="shop"} | json | unwrap n | n < 25 [10m]) by (job)', { 'job=shop': '24' }],
    ['min_over_time({job="shop"} | json | unwrap duration(took) [10m]) by (job)', { 'job=shop': '2' }],
    ['first_over_time({job="shop"} | json | unwrap n [10m]) by (job)', { 'job=shop': '20' }],
    ['last_over_time({job="shop"} | json | unwrap n [10m]) by (job)', { 'job=shop': '29' }],
    ['quantile_over_time(0.5, {job="shop"} | json | unwrap n [10m]) by (job)', { 'job=shop': '24.5' }],
    ['stdvar_over_time({job="shop"} | json | unwrap n [10m]) by (job)', { 'job=shop': '8.25' }],
    ['rate_counter({job="shop"} | json | unwrap n [10m]) by (job)', { 'job=shop': String(9 / 600) }],
    ['topk(1, sum by (kind) (count_over_time({job="shop"} | json | n > 18 [1h])))', { 'kind=odd': '6' }],
    ['count(sum by (kind) (count_over_time({job="shop"} | json [1h])))', { '': '2' }],
    ['absent_over_time({job="none", x=~"a"}[5m])', { 'job=none': '1' }],
    ['sum(count_over_time({job="shop"}[10m])) / 4 > 2', { '': '2.5' }],
    ['sum(count_over_time({job="shop"}[10m])) > bool 100', { '': '0' }],
    [
      'sum by (job) (count_over_time({job=~"shop|bank"}[1h])) unless sum by (job) (count_over_time({job="shop"}[1h]))',
      { 'job=bank': '1' },
    ],
    ['sum by (job) (count_over_time({job="shop"}[1h])) * on (job) group_left vector(2)', {}],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: RE2's way to name a group
      'label_replace(sum by (job) (count_over_time({job="bank"}[1h])), "team", "${1}s", "job", "(b.*)")',
      { 'job=bank,team=banks': '1' },
    ],
    ['vector(1) or sum(count_over_time({job="none"}[1h]))', { '': '1' }],
    ['sum(bytes_over_time({job="bank"} | line_format "12345" [1h]))', { '': '5' }],
  ])('%s', async (query, expected) => {
    expect(await values(query)).toEqual(expected);
  });

  test('a matrix has a value per step where there is one', async () => {
    const { resultType, result } = await data(
      `/query_range?${q('sum(count_over_time({job="shop"}[1m]))')}&start=${TEST_NOW_MS / 1000 - 1860}&end=${TEST_NOW_MS / 1000}&step=60`,
    );
    expect(resultType).toBe('matrix');
    expect(result).toHaveLength(1);
    expect(result[0].values).toEqual(
      Array.from({ length: 30 }, (_, i) => [TEST_NOW_MS / 1000 - (29 - i) * 60, '1']),
    );
  });

  test('a line that cannot be parsed fails the query, and says how to go on', async () => {
    const response = await get(
      `/query?${q('sum(count_over_time({job="bank"} | line_format "x" | json [1h]))')}`,
    );
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(`pipeline error: 'JSONParserErr'`);
  });
});

describe('volume and stats, from the chunks alone', () => {
  test('stats', async () => {
    expect(await data(`/index/stats?${q('{job="shop"}')}`)).toMatchObject({ streams: 1, entries: 30 });
  });
  test('volume by the labels of the selector, or by those asked for', async () => {
    const bySelector = await data(`/index/volume?${q('{job=~".+"}')}&end=${TEST_NOW_NS + 1n}`);
    expect(bySelector.result.map(({ metric }: { metric: unknown }) => metric)).toEqual([
      { job: 'shop' },
      { job: 'bank' },
    ]);
    const byLabel = await data(
      `/index/volume?${q('{job="shop"}')}&targetLabels=environment&end=${TEST_NOW_NS + 1n}`,
    );
    expect(byLabel.result).toMatchObject([{ metric: { environment: 'prod' } }]);
  });
  test('volume over time adds up to the whole', async () => {
    const whole = await data(`/index/volume?${q('{job="shop"}')}&end=${TEST_NOW_NS + 1n}`);
    const parts = await data(
      `/index/volume_range?${q('{job="shop"}')}&start=${TEST_NOW_MS / 1000 - 3600}&end=${TEST_NOW_NS + 1n}&step=600`,
    );
    const sum = parts.result[0].values.reduce(
      (total: number, [, value]: [number, string]) => total + Number(value),
      0,
    );
    expect(Math.abs(sum - Number(whole.result[0].value[1]))).toBeLessThan(10);
  });
});

test('an instant query for lines answers those of the hour up to its time', async () => {
  const { resultType, result } = await data(`/query?${q('{job="shop"} |= "line"')}&limit=2`);
  expect(resultType).toBe('streams');
  const lines = result.flatMap(({ values }: { values: [string, string][] }) => values);
  expect(lines.map(([time]: [string]) => BigInt(time)).sort()).toEqual([
    TEST_NOW_NS - MINUTE_NS,
    TEST_NOW_NS,
  ]);
  const early = await data(`/query?${q('{job="shop"}')}&time=${TEST_NOW_NS - 60n * MINUTE_NS}`);
  expect(early.result).toEqual([]);
});

test('without a start, an end in the future counts as now', async () => {
  const hours = (end: number) => `/query_range?${q('{job="shop"}')}&since=5m&end=${TEST_NOW_MS / 1000 + end}`;
  const count = async (path: string): Promise<number> =>
    (await data(path)).result.flatMap(({ values }: { values: unknown[] }) => values).length;
  expect(await count(hours(86_400))).toBe(await count(hours(1)));
  expect(await count(hours(-3600))).toBe(0);
});

test.each([
  ['1e21', '1000000000000000000000'],
  ['0.0000001', '0.0000001'],
  ['-1.5 / 10000000', '-0.00000015'],
  ['1.5', '1.5'],
  ['1 / 0', '+Inf'],
])('values have digits, not exponents: %s', async (query, text) => {
  expect((await data(`/query?${q(query)}`)).result[1]).toBe(text);
});

test.each([
  ['/query_range', 'unexpected $end'],
  [`/query_range?${q('{job="shop"')}`, 'parse error at line 1, col 12'],
  [`/query_range?${q('{job="shop"}')}&limit=0`, 'limit must be a positive value'],
  [`/query_range?${q('{job="shop"}')}&limit=6000`, 'max entries limit per query exceeded'],
  [`/query_range?${q('{job="shop"}')}&direction=up`, "invalid direction 'up'"],
  [`/query_range?${q('{job="shop"}')}&start=yesterday`, "could not parse 'start' parameter"],
  [`/query_range?${q('{job="shop"}')}&start=200&end=100`, 'end timestamp must not be before'],
  [`/query_range?${q('rate({job="shop"}[1m])')}&step=0`, 'zero or negative query resolution'],
  [`/query_range?${q('rate({job="shop"}[1m])')}&step=1ms`, 'exceeded maximum resolution of 11,000 points'],
  [`/query_range?${q('rate({job="shop"}[1m])')}&step=fast`, 'to a valid duration'],
  ['/series', '0 matcher groups supplied'],
  [`/series?match[]=${encodeURIComponent('{job=~"("}')}`, 'error parsing regexp'],
])('%s is a 400 in text that says why: %s', async (path, message) => {
  const response = await get(path);
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect(await response.text()).toContain(message);
});

test('the rest that Grafana asks for is answered', async () => {
  expect(await data('/status/buildinfo')).toHaveProperty('version');
  expect(await data(`/patterns?${q('{job="shop"}')}`)).toEqual([]);
  expect(await data(`/format_query?${q(' {job="shop"} ')}`)).toBe('{job="shop"}');
});
