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
import { Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { CATALOG_HANDLERS } from './catalog-handlers.ts';
import { EXPRESSION_HANDLERS } from './expression-handlers.ts';
import type { Parameters } from './parameters.ts';
import { servePath } from './serve-path.ts';
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

/** Those that take long expressions and many selectors. */
const FORM_PATHS: ReadonlySet<string> = new Set([...Object.keys(EXPRESSION_HANDLERS), '/labels', '/series']);

export function createPrometheusRoutes(options: PrometheusRoutesOptions): Hono<QueryEnv> {
  const { storeOf, clock, retention = '' } = options;
  const engine = createEngine({ hasAdvice: true, ...options.engine, clock, features: ALL_FEATURES });
  const startedAtMs = clock.nowMs();
  const app = new Hono<QueryEnv>();
  for (const [path, handler] of Object.entries(HANDLERS)) {
    servePath(app, path, {
      takesForms: FORM_PATHS.has(path),
      handle: (parameters, c) =>
        handler({
          parameters,
          store: storeOf(c.get('tenant')),
          engine,
          clock,
          startedAtMs,
          retention,
          signal: c.req.raw.signal,
          param: (name) => c.req.param(name) ?? '',
        }),
    });
  }
  return app;
}
