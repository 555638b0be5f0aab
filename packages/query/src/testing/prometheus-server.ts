/** Prometheus' API over a store in memory, for tests: requests in, what was answered out. */
import { parseTenantId } from '@sluice/core/ids';
import { Hono } from 'hono';
import { expect } from 'vitest';
import { createPrometheusRoutes, type PrometheusStore } from '../prometheus/prometheus-routes.ts';
import type { QueryEnv } from '../query-env.ts';
import { createMemoryMetrics } from './memory-metrics.ts';

export const DATA = `
requests_total{job="api",status="200"} 0+60x30
requests_total{job="api",status="500"} 0+6x30
latency_bucket{job="api",le="0.5"} 0+1x30
latency_bucket{job="api",le="1.0"} 0+2x30
latency_bucket{job="api",le="+Inf"} 0+2x30
temperature{job="batch",room="cellar"} -1.5 1e-7 NaN Inf 1e22
{"dotted.name","label.with.dots"="x y"} 7x30
native{job="api"} {{schema:0 count:7 sum:3.5 z_bucket:1 z_bucket_w:0.5 buckets:[2 0 1] n_buckets:[3]}}x30
`;

export const NOW_MS = 1_800_000;

export type Query = Readonly<Record<string, string | readonly string[]>>;

export function prometheusServer(store: PrometheusStore = createMemoryMetrics(DATA), engine = {}) {
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

/** The `data` of a success. */
export const data = async (path: string, query: Query = {}) => {
  const { status, body } = await prometheusServer().get(path, query);
  expect([status, body.status]).toEqual([200, 'success']);
  return body.data;
};
