import { toLabels } from '@sluice/promql/model/labels';
import { describe, expect, test } from 'vitest';
import { createMemoryMetrics } from '../testing/memory-metrics.ts';
import { DATA, data, NOW_MS, prometheusServer, type Query } from '../testing/prometheus-server.ts';
import type { PrometheusStore } from './prometheus-routes.ts';

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
    ['a large number', '1e22', { resultType: 'scalar', result: [1800, `1${'0'.repeat(22)}`] }],
    ['a small number', '1.5e-7', { resultType: 'scalar', result: [1800, '0.00000015'] }],
    ['bytes that are no text', '"a\\xff"', { resultType: 'string', result: [1800, 'a\ufffd'] }],
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
    const { app } = prometheusServer();
    const response = await app.request('/api/v1/query?query=vector(1)&time=1435781451.07');
    expect(await response.text()).toContain('[1435781451.070,"1"]');
    const alone = await app.request('/api/v1/query?query=1&time=1435781451.07');
    expect(await alone.text()).toContain('[1435781451.07,"1"]');
  });

  test('a form is read before the query string, and both are', async () => {
    const { body } = await prometheusServer().post('query', { query: '1' }, { query: '2', time: '5' });
    expect(body.data.result).toEqual([5, '1']);
  });

  test('warnings and infos say where', async () => {
    const { body } = await prometheusServer().get('query', {
      query: 'rate(temperature[10m]) + quantile(7, temperature)',
      time: '240',
    });
    expect(body.warnings).toEqual(['PromQL warning: quantile value should be between 0 and 1, got 7 (1:35)']);
    const raw = await prometheusServer().get('query', { query: 'rate(temperature[10m])', time: '240' });
    expect(raw.body.infos).toEqual([
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "temperature" (1:6)',
    ]);
    expect(raw.body).not.toHaveProperty('warnings');
  });

  test('of many warnings ten are shown', async () => {
    const parts = Array.from({ length: 13 }, (_, i) => `quantile(${i + 2}, temperature)`);
    const { body } = await prometheusServer().get('query', { query: parts.join(' + '), time: '240' });
    expect(body.warnings).toHaveLength(11);
    expect(body.warnings.at(-1)).toBe('3 more warning annotations omitted');
  });

  test('what is likely a slip comes with advice', async () => {
    const { body } = await prometheusServer().get('query', {
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
    expect((await data('query', { ...query, lookback_delta: '-1' })).result).toHaveLength(1);
  });

  test('stats are there for who asks', async () => {
    const { stats } = await data('query', { query: 'sum(rate(requests_total[5m]))', stats: 'all' });
    expect(stats.samples).toMatchObject({ totalQueryableSamples: 10 });
    expect(stats.timings).toHaveProperty('evalTotalTime');
    expect(await data('query', { query: '1' })).not.toHaveProperty('stats');
    const { body } = await prometheusServer().get('query', { query: '1', stats: 'yes' });
    expect(body.warnings).toEqual([
      'value "yes" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
    ]);
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
    const { body } = await prometheusServer().get('query_range', { query: 'requests_total', ...range });
    expect(body.data.result).toHaveLength(1);
    expect(body.warnings).toEqual(['results truncated due to limit']);
    const vector = await prometheusServer().get('query', { query: 'requests_total', limit: '1' });
    expect(vector.body.data.result).toHaveLength(1);
    expect(vector.body.warnings).toEqual(['results truncated due to limit']);
    const all = await prometheusServer().get('query', { query: 'requests_total', limit: '2' });
    expect(all.body).not.toHaveProperty('warnings');
  });

  test('11,000 points are the most', async () => {
    const range = { query: 'vector(1)', start: '0', step: '1' };
    expect((await data('query_range', { ...range, end: '11000' })).result[0].values).toHaveLength(11_001);
    const { status, body } = await prometheusServer().get('query_range', { ...range, end: '11001' });
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
    ...['x', 'NaN', '2026-02-30T00:00:00Z', '2026-11-21T24:00:00Z', '2026-11-21T16:00:00+25:00'].map(
      (time): [string, Query, string] => [
        'query',
        { query: '1', time },
        `invalid parameter "time": invalid time value for 'time': cannot parse "${time}" to a valid timestamp`,
      ],
    ),
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
    ['series', { 'match[]': 'rate(up)' }, 'invalid parameter "match[]": 1:5: parse error: unexpected "("'],
    ['labels', { 'match[]': 'rate(up)' }, '1:5: parse error: unexpected "("'],
    ['label/job/values', { 'match[]': '{}' }, 'match[] must contain at least one non-empty matcher'],
    ['label/job/values', { 'match[]': '' }, 'no expression found'],
    [
      'label/job/values',
      { start: 'x' },
      `invalid parameter "start": invalid time value for 'start': cannot parse "x" to a valid timestamp`,
    ],
    ['series', { 'match[]': new Array(501).fill('up') }, '501 match[] are given; 500 are the most'],
    ['metadata', { limit: 'x' }, 'limit must be a number'],
    ['metadata', { limit_per_metric: 'x' }, 'limit_per_metric must be a number'],
    [
      'query_exemplars',
      { query: 'up', start: '5', end: '4' },
      'end timestamp must not be before start timestamp',
    ],
    ['query_exemplars', { query: 'up(' }, '1:4: parse error: unclosed left parenthesis'],
    [
      'format_query',
      { query: '1 +' },
      'invalid parameter "query": 1:4: parse error: unexpected end of input',
    ],
    ['parse_query', { query: 'foo{' }, 'invalid parameter "query"'],
  ])('%s %j', async (path, query, error) => {
    const { status, type, body } = await prometheusServer().get(path, query);
    expect([status, type]).toEqual([400, 'application/json']);
    const isWhole = error.startsWith('1:');
    const expected = isWhole ? error : expect.stringContaining(error);
    expect(body).toEqual({ status: 'error', errorType: 'bad_data', error: expected });
  });

  test.each(['PUT', 'DELETE', 'PATCH'])('%s is not a way to ask', async (method) => {
    for (const [path, allow] of [
      ['query', 'GET, OPTIONS, POST'],
      ['series', 'GET, OPTIONS, POST'],
      ['label/job/values', 'GET, OPTIONS'],
      ['metadata', 'GET, OPTIONS'],
    ]) {
      const response = await prometheusServer().app.request(`/api/v1/${path}`, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
      expect(await response.json()).toEqual({
        status: 'error',
        errorType: 'bad_data',
        error: `${method} is not allowed here; ${allow} are`,
      });
    }
  });

  test('as with Prometheus, only GET is a way to ask for values, HEAD is none, OPTIONS says nothing', async () => {
    const { app } = prometheusServer();
    const statusOf = async (method: string, path: string) =>
      (await app.request(`/api/v1/${path}`, { method })).status;
    expect(await statusOf('POST', 'label/job/values')).toBe(405);
    expect(await statusOf('POST', 'labels')).toBe(200);
    expect(await statusOf('HEAD', 'labels')).toBe(405);
    expect(await statusOf('OPTIONS', 'labels')).toBe(204);
  });

  test('what is not well formed is left out, and refused where Prometheus looks', async () => {
    const { app } = prometheusServer();
    const ask = async (path: string) => {
      const response = await app.request(`/api/v1/${path}`);
      const { data: found, error } = (await response.json()) as { data?: unknown; error?: string };
      return [response.status, error ?? found];
    };
    const one = { resultType: 'vector', result: [{ metric: {}, value: [1800, '1'] }] };
    expect(await ask('query?query=vector(1)&time=%zz')).toEqual([200, one]);
    expect(await ask('query?query=vector(2);&query=vector(1)')).toEqual([200, one]);
    expect(await ask('labels?start=%zz')).toEqual([
      400,
      'error parsing form values: invalid URL escape "%zz"',
    ]);
    expect(await ask('series?match[]=up;')).toEqual([
      400,
      'error parsing form values: invalid semicolon separator in query',
    ]);
  });

  test('an answer that would fill the memory is refused while it is written', async () => {
    const store = createMemoryMetrics('wide{job="a"} 1x10');
    const long = 'x'.repeat(10 * 1024 * 1024);
    const select: PrometheusStore['reader']['select'] = async () => ({
      series: Array.from({ length: 30 }, (_, i) => ({
        labels: toLabels({ __name__: 'wide', i: String(i), long }),
        times: Float64Array.of(NOW_MS),
        values: Float64Array.of(1),
      })),
    });
    const { status, body } = await prometheusServer({ ...store, reader: { select } }).get('query', {
      query: 'wide',
    });
    expect([status, body.errorType]).toEqual([422, 'execution']);
    expect(body.error).toContain('more than 268,435,456 characters');
  });

  test.each([
    ['execution', 422, 'requests_total + on () requests_total', {}, 'many-to-many matching not allowed'],
    ['execution', 422, 'requests_total', { maxSamples: 1 }, 'query processing would load too many samples'],
    ['timeout', 503, 'rate(requests_total[5m])', { timeoutMs: -1 }, 'query timed out in query execution'],
  ])('%s is HTTP %d', async (kind, status, query, engine, error) => {
    const { body, ...answer } = await prometheusServer(undefined, engine).get('query', { query });
    expect(answer.status).toBe(status);
    expect(body).toMatchObject({ status: 'error', errorType: kind, error: expect.stringContaining(error) });
  });

  test('a client that is gone is told so, should it still listen', async () => {
    const { app } = prometheusServer();
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
    const { status, body } = await prometheusServer(broken).get('query', { query: 'up' });
    expect([status, body.error]).toEqual([422, 'expanding series: the table is gone']);
  });

  test('a form without end is refused', async () => {
    const { status, body } = await prometheusServer().post('query', {
      query: `1 #${'x'.repeat(10 * 1024 * 1024)}`,
    });
    expect([status, body.error]).toEqual([400, 'error parsing form values: http: POST too large']);
  });
});
