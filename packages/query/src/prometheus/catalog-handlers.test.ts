import { parseTenantId } from '@sluice/core/ids';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createMemoryMetrics } from '../testing/memory-metrics.ts';
import { data, NOW_MS, prometheusServer, type Query } from '../testing/prometheus-server.ts';
import { createPrometheusRoutes, type PrometheusStore } from './prometheus-routes.ts';

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
    ['format_query', { query: 'foo/bar' }, 'foo / bar'],
  ])('%s %j', async (path, query, expected) => {
    expect(await data(path, query)).toEqual(expected);
  });

  test('an expression without a selector has no exemplars, and no answer either', async () => {
    const response = await prometheusServer().app.request('/api/v1/query_exemplars?query=1%2B1');
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  test('lists are cut off at a limit, with a warning', async () => {
    for (const [path, query] of [
      ['labels', {}],
      ['label/__name__/values', {}],
      ['series', { 'match[]': 'requests_total' }],
    ] as const) {
      const { body } = await prometheusServer().get(path, { ...query, limit: '1' });
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
