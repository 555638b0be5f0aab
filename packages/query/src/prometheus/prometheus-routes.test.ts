import { parseTenantId } from '@sluice/core/ids';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createMemoryMetrics } from '../testing/memory-metrics.ts';
import { createPrometheusRoutes, type PrometheusStore } from './prometheus-routes.ts';

const DATA = `
requests_total{job="api",status="200"} 0+60x30
requests_total{job="api",status="500"} 0+6x30
latency_bucket{job="api",le="0.5"} 0+1x30
latency_bucket{job="api",le="1.0"} 0+2x30
latency_bucket{job="api",le="+Inf"} 0+2x30
temperature{job="batch",room="cellar"} -1.5 1e-7 NaN Inf 1e22
{"dotted.name","label.with.dots"="x y"} 7x30
native{job="api"} {{schema:0 count:7 sum:3.5 z_bucket:1 z_bucket_w:0.5 buckets:[2 0 1] n_buckets:[3]}}x30
`;

const NOW_MS = 1_800_000;

type Query = Readonly<Record<string, string | readonly string[]>>;

function server(store: PrometheusStore = createMemoryMetrics(DATA), engine = {}) {
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId('default'));
    return next();
  });
  app.route(
    '/api/v1',
    createPrometheusRoutes({
      storeOf: () => store,
      clock: { nowMs: () => NOW_MS },
      engine,
      retention: '400d',
    }),
  );
  const search = (query: Query): URLSearchParams =>
    new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, String(one)]),
      ),
    );
  const answerOf = async (response: Response) => ({
    status: response.status,
    type: response.headers.get('content-type'),
    // biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested
    body: JSON.parse(await response.text()) as any,
  });
  return {
    get: async (path: string, query: Query = {}) =>
      answerOf(await app.request(`/api/v1/${path}?${search(query)}`)),
    post: async (path: string, form: Query, query: Query = {}) =>
      answerOf(
        await app.request(`/api/v1/${path}?${search(query)}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: search(form).toString(),
        }),
      ),
    app,
  };
}

const data = async (path: string, query: Query = {}) => {
  const { status, body } = await server().get(path, query);
  expect([status, body.status]).toEqual([200, 'success']);
  return body.data;
};

describe('instant queries', () => {
  test.each<[string, string, unknown]>([
    ['a scalar', '1 + 0.5', { resultType: 'scalar', result: [1800, '1.5'] }],
    ['a string', '"öäü"', { resultType: 'string', result: [1800, 'öäü'] }],
    [
      'a vector',
      'requests_total{status="500"}',
      {
        resultType: 'vector',
        result: [{ metric: { __name__: 'requests_total', job: 'api', status: '500' }, value: [1800, '180'] }],
      },
    ],
    ['nothing', 'no_such_thing', { resultType: 'vector', result: [] }],
    [
      'a range of samples, with numbers as Go writes them',
      'temperature[10m] @ 240',
      {
        resultType: 'matrix',
        result: [
          {
            metric: { __name__: 'temperature', job: 'batch', room: 'cellar' },
            values: [
              [0, '-1.5'],
              [60, '1e-07'],
              [120, 'NaN'],
              [180, '+Inf'],
              [240, '1e+22'],
            ],
          },
        ],
      },
    ],
    [
      'a native histogram',
      'native',
      {
        resultType: 'vector',
        result: [
          {
            metric: { __name__: 'native', job: 'api' },
            histogram: [
              1800,
              {
                count: '7',
                sum: '3.5',
                buckets: [
                  [1, '-1', '-0.5', '3'],
                  [3, '-0.5', '0.5', '1'],
                  [0, '0.5', '1', '2'],
                  [0, '2', '4', '1'],
                ],
              },
            ],
          },
        ],
      },
    ],
    ['infinity', '-1 / 0', { resultType: 'scalar', result: [1800, '-Inf'] }],
    ['negative zero', '0 * -1', { resultType: 'scalar', result: [1800, '-0'] }],
  ])('%s', async (_, query, expected) => {
    expect(await data('query', { query })).toEqual(expected);
  });

  test.each([
    ['60', 60, '60'],
    ['60.5', 60.5, '60'],
    ['1970-01-01T00:02:00Z', 120, '120'],
    ['1970-01-01T02:02:00.25+02:00', 120.25, '120'],
    ['', 1800, '1800'],
  ])('are asked for a time: %s', async (time, seconds, value) => {
    const { result } = await data('query', { query: 'requests_total{status="200"} * 1', time });
    expect(result[0].value).toEqual([seconds, value]);
  });

  test('the fraction of a timestamp has three digits', async () => {
    const { app } = server();
    const response = await app.request('/api/v1/query?query=1&time=1435781451.07');
    expect(await response.text()).toContain('[1435781451.070,"1"]');
  });

  test('a form is read before the query string, and both are', async () => {
    const { body } = await server().post('query', { query: '1' }, { query: '2', time: '5' });
    expect(body.data.result).toEqual([5, '1']);
  });

  test('warnings and infos say where', async () => {
    const { body } = await server().get('query', {
      query: 'rate(temperature[10m]) + quantile(7, temperature)',
      time: '240',
    });
    expect(body.warnings).toEqual(['PromQL warning: quantile value should be between 0 and 1, got 7 (1:35)']);
    const raw = await server().get('query', { query: 'rate(temperature[10m])', time: '240' });
    expect(raw.body.infos).toEqual([
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "temperature" (1:6)',
    ]);
    expect(raw.body).not.toHaveProperty('warnings');
  });

  test('what is likely a slip comes with advice', async () => {
    const { body } = await server().get('query', {
      query: 'rate(requests_total{status="500"}[5m]) / rate(requests_total[5m])',
    });
    expect(body.data.result[0].value[1]).toBe('1');
    expect(body.infos[0]).toContain('divided by itself');
  });

  test('a bound is found however it is written', async () => {
    expect((await data('query', { query: 'latency_bucket{le="1"}' })).result).toHaveLength(1);
    expect((await data('query', { query: 'rate(latency_bucket{le="1.00"}[5m])' })).result).toHaveLength(1);
  });

  test('the lookback can be chosen', async () => {
    const query = { query: 'temperature', time: '300' };
    expect((await data('query', { ...query, lookback_delta: '1m' })).result).toHaveLength(0);
    expect((await data('query', { ...query, lookback_delta: '61' })).result).toHaveLength(1);
  });

  test('stats are there for who asks', async () => {
    const { stats } = await data('query', { query: 'sum(rate(requests_total[5m]))', stats: 'all' });
    expect(stats.samples).toMatchObject({ totalQueryableSamples: 10 });
    expect(stats.timings).toHaveProperty('evalTotalTime');
    expect(await data('query', { query: '1' })).not.toHaveProperty('stats');
  });
});

describe('range queries', () => {
  test('answer a matrix on the grid', async () => {
    const range = { start: '0', end: '120', step: '1m' };
    expect(await data('query_range', { query: 'requests_total{status="200"}', ...range })).toEqual({
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'requests_total', job: 'api', status: '200' },
          values: [
            [0, '0'],
            [60, '60'],
            [120, '120'],
          ],
        },
      ],
    });
  });

  test('histograms have a list of their own', async () => {
    const { result } = await data('query_range', { query: 'native', start: '0', end: '60', step: '60' });
    expect(result[0]).not.toHaveProperty('values');
    expect(result[0].histograms.map(([time]: [number]) => time)).toEqual([0, 60]);
  });

  test('a limit cuts off series and says so', async () => {
    const range = { start: '0', end: '60', step: '60', limit: '1' };
    const { body } = await server().get('query_range', { query: 'requests_total', ...range });
    expect(body.data.result).toHaveLength(1);
    expect(body.warnings).toEqual(['results truncated due to limit']);
    const vector = await server().get('query', { query: 'requests_total', limit: '1' });
    expect(vector.body.data.result).toHaveLength(1);
    expect(vector.body.warnings).toEqual(['results truncated due to limit']);
    const all = await server().get('query', { query: 'requests_total', limit: '2' });
    expect(all.body).not.toHaveProperty('warnings');
  });

  test('11,000 points are the most', async () => {
    const range = { query: 'vector(1)', start: '0', step: '1' };
    expect((await data('query_range', { ...range, end: '11000' })).result[0].values).toHaveLength(11_001);
    const { status, body } = await server().get('query_range', { ...range, end: '11001' });
    expect([status, body]).toEqual([
      400,
      {
        status: 'error',
        errorType: 'bad_data',
        error:
          'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      },
    ]);
  });
});

describe('a request that cannot be answered says why', () => {
  const range = { query: 'up', start: '0', end: '60', step: '15' };
  test.each<[string, Query, string]>([
    ['query', {}, 'invalid parameter "query": unknown position: parse error: no expression found in input'],
    ['query', { query: 'sum(up' }, 'invalid parameter "query": 1:7: parse error: unclosed left parenthesis'],
    ['query', { query: '1', time: 'x' }, 'invalid parameter "time": cannot parse "x" to a valid timestamp'],
    [
      'query',
      { query: '1', time: 'NaN' },
      'invalid parameter "time": cannot parse "NaN" to a valid timestamp',
    ],
    [
      'query',
      { query: '1', timeout: '1x' },
      'invalid parameter "timeout": cannot parse "1x" to a valid duration',
    ],
    [
      'query',
      { query: '1', lookback_delta: 'y' },
      'error parsing lookback delta duration: cannot parse "y" to a valid duration',
    ],
    ['query', { query: '1', limit: '-1' }, 'invalid parameter "limit": limit must be non-negative'],
    [
      'query',
      { query: '1', limit: 'x' },
      'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax',
    ],
    [
      'query',
      { query: '1', limit: '99999999999999999999' },
      'invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range',
    ],
    [
      'query_range',
      { ...range, start: '' },
      'invalid parameter "start": cannot parse "" to a valid timestamp',
    ],
    [
      'query_range',
      { ...range, end: '-1' },
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      'query_range',
      { ...range, step: 'x' },
      'invalid parameter "step": cannot parse "x" to a valid duration',
    ],
    [
      'query_range',
      { ...range, step: '1e300' },
      'invalid parameter "step": cannot parse "1e300" to a valid duration. It overflows int64',
    ],
    [
      'query_range',
      { ...range, step: '0' },
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      'query_range',
      { ...range, query: 'up[5m]' },
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    ['series', {}, 'no match[] parameter provided'],
    [
      'series',
      { 'match[]': '{job=~".*"}' },
      'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
    ],
    ['labels', { 'match[]': 'rate(up)' }, 'invalid parameter "match[]": 1:5: parse error: unexpected "("'],
    ['label/job/values', { 'match[]': '' }, 'no expression found'],
    ['label/job/values', { start: 'x' }, 'invalid parameter "start": cannot parse "x" to a valid timestamp'],
    ['metadata', { limit: 'x' }, 'limit must be a number'],
    ['metadata', { limit_per_metric: 'x' }, 'limit_per_metric must be a number'],
    [
      'query_exemplars',
      { query: 'up', start: '5', end: '4' },
      'end timestamp must not be before start timestamp',
    ],
    ['query_exemplars', { query: 'up(' }, 'invalid parameter "query"'],
    [
      'format_query',
      { query: '1 +' },
      'invalid parameter "query": 1:4: parse error: unexpected end of input',
    ],
    ['parse_query', { query: 'foo{' }, 'invalid parameter "query"'],
  ])('%s %j', async (path, query, error) => {
    const { status, type, body } = await server().get(path, query);
    expect([status, type]).toEqual([400, 'application/json']);
    expect(body).toEqual({ status: 'error', errorType: 'bad_data', error: expect.stringContaining(error) });
  });

  test.each([
    ['execution', 422, 'requests_total + on () requests_total', {}, 'many-to-many matching not allowed'],
    ['execution', 422, 'requests_total', { maxSamples: 1 }, 'query processing would load too many samples'],
    [
      'timeout',
      503,
      'rate(requests_total[5m])',
      { timeoutMs: -1 },
      'query timed out in expression evaluation',
    ],
  ])('%s is HTTP %d', async (kind, status, query, engine, error) => {
    const { body, ...answer } = await server(undefined, engine).get('query', { query });
    expect(answer.status).toBe(status);
    expect(body).toMatchObject({ status: 'error', errorType: kind, error: expect.stringContaining(error) });
  });

  test('a client that is gone is told so, should it still listen', async () => {
    const { app } = server();
    const response = await app.request('/api/v1/query?query=requests_total', { signal: AbortSignal.abort() });
    expect([response.status, ((await response.json()) as { errorType: string }).errorType]).toEqual([
      499,
      'canceled',
    ]);
  });

  test('a fault of the store is an execution error with its reason', async () => {
    const broken: PrometheusStore = {
      ...createMemoryMetrics(DATA),
      reader: { select: () => Promise.reject(new Error('the table is gone')) },
    };
    const { status, body } = await server(broken).get('query', { query: 'up' });
    expect([status, body.error]).toEqual([422, 'expanding series: the table is gone']);
  });

  test('a form without end is refused', async () => {
    const { status, body } = await server().post('query', { query: `1 #${'x'.repeat(10 * 1024 * 1024)}` });
    expect([status, body.error]).toEqual([400, 'error parsing form values: http: POST too large']);
  });
});

describe('what there is', () => {
  test.each<[string, Query, unknown]>([
    ['labels', {}, ['__name__', 'job', 'label.with.dots', 'le', 'room', 'status']],
    ['labels', { 'match[]': 'requests_total' }, ['__name__', 'job', 'status']],
    ['labels', { 'match[]': ['requests_total', '{room!=""}'] }, ['__name__', 'job', 'room', 'status']],
    ['labels', { start: '5000', end: '6000' }, []],
    ['label/status/values', {}, ['200', '500']],
    ['label/status/values', { 'match[]': '{status=~"5.."}' }, ['500']],
    ['label/nope/values', {}, []],
    ['label/U__label_2e_with_2e_dots/values', {}, ['x y']],
    ['label/label.with.dots/values', {}, ['x y']],
    [
      'series',
      { 'match[]': ['requests_total{status="500"}', 'temperature'] },
      [
        { __name__: 'requests_total', job: 'api', status: '500' },
        { __name__: 'temperature', job: 'batch', room: 'cellar' },
      ],
    ],
    [
      'metadata',
      { metric: 'requests_total' },
      { requests_total: [{ type: 'counter', help: 'About requests_total.', unit: '' }] },
    ],
    ['metadata', { limit: '0' }, {}],
    ['metadata', { metric: 'nope' }, {}],
    [
      'query_exemplars',
      { query: 'sum(rate(requests_total[5m]))' },
      [
        {
          seriesLabels: { __name__: 'requests_total', job: 'api', status: '200' },
          exemplars: [{ labels: { trace_id: 'abc' }, value: '0.5', timestamp: 60.5 }],
        },
      ],
    ],
    ['query_exemplars', { query: '1 + 1' }, []],
    ['format_query', { query: 'foo/bar' }, 'foo / bar'],
  ])('%s %j', async (path, query, expected) => {
    expect(await data(path, query)).toEqual(expected);
  });

  test('lists are cut off at a limit, with a warning', async () => {
    for (const [path, query] of [
      ['labels', {}],
      ['label/__name__/values', {}],
      ['series', { 'match[]': 'requests_total' }],
    ] as const) {
      const { body } = await server().get(path, { ...query, limit: '1' });
      expect(body.data).toHaveLength(1);
      expect(body.warnings).toEqual(['results truncated due to limit']);
    }
    expect(Object.keys(await data('metadata', { limit: '2', limit_per_metric: '1' }))).toHaveLength(2);
    expect(Object.keys(await data('metadata', { limit: '-1' })).length).toBeGreaterThan(3);
  });

  test('services seen are targets', async () => {
    const { activeTargets } = await data('targets');
    expect(activeTargets).toMatchObject([
      { labels: { job: 'api', instance: 'a:1' }, health: 'up', lastScrape: '1970-01-01T00:01:00.000Z' },
      { labels: { job: 'batch' }, health: 'down', lastError: 'no telemetry lately' },
    ]);
    expect(await data('targets', { state: 'dropped' })).toMatchObject({ activeTargets: [] });
  });

  test('the server says which Prometheus it is like', async () => {
    expect(await data('status/buildinfo')).toMatchObject({ version: '3.14.0' });
    expect(await data('status/runtimeinfo')).toMatchObject({
      startTime: '1970-01-01T00:30:00.000Z',
      storageRetention: '400d',
    });
  });

  test('the catalogue is read when it is asked, so that another tenant sees its own', async () => {
    const app = new Hono<QueryEnv>();
    app.use((c, next) => {
      c.set('tenant', parseTenantId(c.req.header('x-tenant')!));
      return next();
    });
    const stores: Record<string, PrometheusStore> = {
      a: createMemoryMetrics('mine{owner="a"} 1x30'),
      b: createMemoryMetrics('mine{owner="b"} 2x30'),
    };
    app.route(
      '/',
      createPrometheusRoutes({ storeOf: (tenant) => stores[tenant]!, clock: { nowMs: () => NOW_MS } }),
    );
    for (const tenant of ['a', 'b']) {
      const ask = async (path: string) => {
        const response = await app.request(path, { headers: { 'x-tenant': tenant } });
        // biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested
        return ((await response.json()) as any).data;
      };
      expect((await ask('/query?query=mine')).result[0].metric.owner).toBe(tenant);
      expect(await ask('/label/owner/values')).toEqual([tenant]);
    }
  });
});

describe('the tree of an expression', () => {
  test.each<[string, unknown]>([
    ['1.5', { type: 'numberLiteral', val: '1.5' }],
    ['"a"', { type: 'stringLiteral', val: 'a' }],
    [
      'foo{bar!~"x"}[5m] @ 10 offset -1m',
      {
        type: 'matrixSelector',
        name: 'foo',
        range: 300_000,
        offset: -60_000,
        timestamp: 10_000,
        startOrEnd: null,
        anchored: false,
        smoothed: false,
        matchers: [
          { name: 'bar', value: 'x', type: '!~' },
          { name: '__name__', value: 'foo', type: '=' },
        ],
      },
    ],
    [
      '-sum_over_time((a @ end())[5m:])',
      {
        type: 'unaryExpr',
        op: '-',
        expr: {
          args: [
            {
              type: 'subquery',
              range: 300_000,
              step: 0,
              offset: 0,
              timestamp: null,
              startOrEnd: null,
              expr: { type: 'parenExpr', expr: { type: 'vectorSelector', startOrEnd: 'end' } },
            },
          ],
        },
      },
    ],
    [
      'topk without (x) (2, a) and on (y) b',
      {
        type: 'binaryExpr',
        op: 'and',
        bool: false,
        matching: { card: 'many-to-many', labels: ['y'], on: true, include: [] },
        lhs: {
          type: 'aggregation',
          op: 'topk',
          grouping: ['x'],
          without: true,
          param: { type: 'numberLiteral', val: '2' },
        },
        rhs: { type: 'vectorSelector', name: 'b' },
      },
    ],
    ['a > bool 1', { type: 'binaryExpr', op: '>', bool: true, matching: null }],
    [
      'a * ignoring (x) group_left (y) b',
      { matching: { card: 'many-to-one', labels: ['x'], on: false, include: ['y'] } },
    ],
    [
      'round(a, 5)',
      {
        type: 'call',
        func: { name: 'round', argTypes: ['vector', 'scalar'], variadic: 1, returnType: 'vector' },
        args: [{ name: 'a' }, { val: '5' }],
      },
    ],
    ['sum(a)', { type: 'aggregation', param: null, grouping: [], without: false }],
  ])('%s', async (query, expected) => {
    expect(await data('parse_query', { query })).toMatchObject(expected as object);
  });
});
