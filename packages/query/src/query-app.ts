/**
 * The read side on one port: mounts the routes of every read API, decides who may read, and serves the
 * pipeline's own state (`/-/healthy`, `/-/ready`, `/metrics`) and a page that links what there is.
 */

import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { SCOPE, type Scope } from '@sluice/platform/keys/api-key';
import { type Context, Hono } from 'hono';
import { compress } from 'hono/compress';
import { renderHomePage } from './home-page.ts';
import type { FaultKind } from './prometheus/api-answer.ts';
import type { QueryEnv } from './query-env.ts';

/** One check of `/-/ready`: `detail` says what is wrong and, where there is one, the remedy. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
}

/** Whose data a request may read, or the refusal to send. */
export type Authorization =
  | {
      readonly status: 'ok';
      readonly tenant: TenantId;
      /** Id of the API key; absent without one. */
      readonly keyId?: string;
    }
  | { readonly status: 'refused'; readonly httpStatus: 401 | 403 | 503; readonly message: string };

export interface ReadApi {
  /** Where it is mounted, e.g. `/jaeger/api`. */
  readonly path: string;
  readonly routes: Hono<QueryEnv>;
  /** What a key needs for a request; by default `query:read`. */
  readonly scopeOf?: (request: Request) => Scope;
}

export interface QueryAppOptions {
  readonly apis: readonly ReadApi[];
  readonly authorize: (request: Request, scope: Scope) => Promise<Authorization>;
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
  /** What `/metrics` answers; without it, the pipeline's own metrics alone. */
  readonly exposition?: (request: {
    readonly tenant: TenantId;
    readonly accept: string | null;
  }) => Promise<{ readonly contentType: string; readonly body: string }>;
  /** Base URL of the ingest side, for the page. */
  readonly ingestUrl: string;
}

const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

/** Sent to the wrong port, as happens to everyone once. */
const OTLP_PATH = /^\/v1\/(traces|logs|metrics)\/?$/;

export function createQueryApp(options: QueryAppOptions): Hono<QueryEnv> {
  const { apis, authorize, readiness, selfMetrics, logger } = options;
  const app = new Hono<QueryEnv>({ strict: false });

  app.use(compress());
  app.get('/-/healthy', (c) => c.text('Sluice is healthy.\n'));
  app.get('/-/ready', async (c) => {
    const checks = await readiness();
    const ready = checks.every(({ ok }) => ok);
    return c.json({ status: ready ? 'ready' : 'not ready', checks }, ready ? 200 : 503);
  });

  app.use(async (c, next) => {
    const api = apis.find(({ path }) => c.req.path === path || c.req.path.startsWith(`${path}/`));
    const verdict = await authorize(c.req.raw, api?.scopeOf?.(c.req.raw) ?? SCOPE.queryRead);
    if (verdict.status === 'refused') return refuse(c, verdict);
    c.set('tenant', verdict.tenant);
    c.set('reader', verdict.keyId === undefined ? 'anonymous' : `key ${verdict.keyId}`);
    return next();
  });
  app.get('/', (c) =>
    c.html(
      renderHomePage({ ingestUrl: options.ingestUrl, paths: [...new Set(apis.map(({ path }) => path))] }),
    ),
  );
  app.get('/metrics', async (c) => {
    const { exposition } = options;
    if (exposition === undefined)
      return c.body(await selfMetrics.render(), 200, { 'content-type': TEXT_FORMAT });
    const accept = c.req.header('accept') ?? null;
    const { contentType, body } = await exposition({ tenant: c.get('tenant'), accept });
    return c.body(body, 200, { 'content-type': contentType, vary: 'accept' });
  });
  for (const { path, routes } of apis) app.route(path, routes);

  app.notFound((c) => {
    if (isPrometheusPath(c.req.path) && c.req.method === 'OPTIONS') return c.body(null, 204);
    const advice = OTLP_PATH.test(c.req.path) ? `OTLP is taken at ${options.ingestUrl}` : 'see / for what is';
    return answerWith(c, 404, 'not_found', `nothing is served at ${c.req.path}; ${advice}`);
  });
  app.onError((error, c) => {
    logger.error('read request failed', { path: c.req.path, error: describeError(error) });
    return answerWith(c, 500, 'internal', 'the request failed inside the pipeline; its log has the cause');
  });
  return app;
}

function refuse(
  c: Context,
  { httpStatus, message }: Extract<Authorization, { status: 'refused' }>,
): Response {
  if (httpStatus === 401) c.header('www-authenticate', 'Bearer realm="sluice"');
  return answerWith(c, httpStatus, REFUSED[httpStatus], message);
}

const REFUSED = { 401: 'unauthorized', 403: 'forbidden', 503: 'unavailable' } as const;

function isPrometheusPath(path: string): boolean {
  return path === '/api/v1' || path.startsWith('/api/v1/');
}

/** Clients of Prometheus read `errorType`; the other APIs have none. */
function answerWith(
  c: Context,
  status: 401 | 403 | 404 | 500 | 503,
  kind: FaultKind,
  error: string,
): Response {
  if (!isPrometheusPath(c.req.path)) return c.json({ error }, status);
  return c.json({ status: 'error', errorType: kind, error }, status);
}
