/**
 * Prometheus' HTTP API over a series reader and a catalog, mounted at `/api/v1`: what Grafana's data
 * source, promtool and rule tools call. Every tenant has a store of its own.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import type { MetricsCatalog } from '@sluice/metrics/read/catalog';
import { createEngine, type Engine, type EngineOptions } from '@sluice/promql/engine';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { type Context, Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { answerError } from './api-answer.ts';
import { CATALOG_HANDLERS } from './catalog-handlers.ts';
import { EXPRESSION_HANDLERS } from './expression-handlers.ts';
import { type Parameters, readParameters } from './parameters.ts';
import { STATUS_HANDLERS } from './status-handlers.ts';

/** What one tenant has. */
export interface PrometheusStore {
  readonly reader: SeriesReader;
  readonly catalog: MetricsCatalog;
}

export interface PrometheusRoutesOptions {
  readonly storeOf: (tenant: TenantId) => PrometheusStore;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Limits and lookback of the engine; its features are all on, with advice about what is likely a slip. */
  readonly engine?: Omit<EngineOptions, 'clock' | 'features'>;
  /** How long samples are kept, as `/api/v1/status/runtimeinfo` shows it, e.g. `400d`. */
  readonly retention?: string;
}

export interface Call {
  readonly parameters: Parameters;
  readonly store: PrometheusStore;
  readonly engine: Engine;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly startedAtMs: number;
  readonly retention: string;
  readonly signal: AbortSignal;
  /** A part of the path. */
  param(name: string): string;
}

export type Handler = (call: Call) => Promise<Response> | Response;

const HANDLERS: Readonly<Record<string, Handler>> = {
  ...EXPRESSION_HANDLERS,
  ...CATALOG_HANDLERS,
  ...STATUS_HANDLERS,
};

function wrongMethod({ req }: Context): Response {
  const answer = { status: 'error', errorType: 'bad_data', error: `${req.method} is not allowed here` };
  return Response.json(answer, { status: 405, headers: { allow: 'GET, POST' } });
}

export function createPrometheusRoutes(options: PrometheusRoutesOptions): Hono<QueryEnv> {
  const { storeOf, clock, retention = '' } = options;
  const engine = createEngine({ hasAdvice: true, ...options.engine, clock, features: ALL_FEATURES });
  const startedAtMs = clock.nowMs();
  const app = new Hono<QueryEnv>();
  for (const [path, handler] of Object.entries(HANDLERS)) {
    app.on(['GET', 'POST'], path, async (c: Context<QueryEnv>) => {
      try {
        return await handler({
          parameters: await readParameters(c),
          store: storeOf(c.get('tenant')),
          engine,
          clock,
          startedAtMs,
          retention,
          signal: c.req.raw.signal,
          param: (name) => c.req.param(name) ?? '',
        });
      } catch (error) {
        const refusal = answerError(error);
        if (refusal) return refusal;
        throw error;
      }
    });
  }
  for (const path of Object.keys(HANDLERS)) app.all(path, wrongMethod);
  return app;
}
