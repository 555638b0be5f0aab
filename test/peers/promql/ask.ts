/** The same request to Sluice's API, in process, and to another server. */
import { parseTenantId } from '@sluice/core/ids';
import { systemClock } from '@sluice/core/ports/clock';
import type { MetricsCatalog } from '@sluice/metrics/read/catalog';
import type { SeriesData } from '@sluice/promql/series-reader';
import { createMemoryReader } from '@sluice/promql/testing/memory-series';
import { createPrometheusRoutes } from '@sluice/query/prometheus/prometheus-routes';
import type { QueryEnv } from '@sluice/query/query-env';
import { Hono } from 'hono';
import type { Answer } from './compare-answers.ts';

/** `path` is that under `/api/v1/`, with its query string. */
export type Ask = (path: string) => Promise<Answer>;

export function askSluice(series: readonly SeriesData[]): Ask {
  const store = { reader: createMemoryReader(series), catalog: NO_CATALOG };
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId('default'));
    return next();
  });
  app.route(
    '/',
    createPrometheusRoutes({ storeOf: () => store, clock: systemClock, engine: { hasAdvice: false } }),
  );
  return async (path) => toAnswer(await app.request(`/${path}`));
}

export function askServer(url: string): Ask {
  return async (path) => toAnswer(await fetch(`${url}/api/v1/${path}`));
}

async function toAnswer(response: Response): Promise<Answer> {
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const refuse = (): never => {
  throw new Error('expressions only');
};

const NO_CATALOG: MetricsCatalog = {
  listLabels: refuse,
  listLabelValues: refuse,
  listSeries: refuse,
  listMetadata: refuse,
  exemplars: refuse,
  targets: refuse,
};
