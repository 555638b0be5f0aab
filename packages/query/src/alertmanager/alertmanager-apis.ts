/** Alertmanager's API as it is mounted: reading takes `query:read`, every change `alerts:write`. */
import { SCOPE, type Scope } from '@sluice/platform/keys/api-key';
import { Hono } from 'hono';
import type { ReadApi } from '../query-app.ts';
import type { QueryEnv } from '../query-env.ts';
import type { AlertmanagerDeps } from './alertmanager-deps.ts';
import { createV1PostRoute, createV1Routes } from './v1-routes.ts';
import { createV2Routes } from './v2-routes.ts';

export function alertmanagerScopeOf({ method }: Pick<Request, 'method'>): Scope {
  return method === 'GET' || method === 'HEAD' ? SCOPE.queryRead : SCOPE.alertsWrite;
}

/** To be mounted before `/api/v1`: the paths of the second one are a part of Prometheus' API that only reads. */
export function createAlertmanagerApis(deps: AlertmanagerDeps): readonly ReadApi[] {
  const routes = new Hono<QueryEnv>()
    .get('/-/healthy', (c) => c.text('OK'))
    .get('/-/ready', (c) => c.text('OK'))
    .route('/api/v2', createV2Routes(deps))
    .route('/api/v1', createV1Routes(deps));
  return [
    { path: '/alertmanager', routes, scopeOf: alertmanagerScopeOf },
    { path: '/api/v1/alerts', routes: createV1PostRoute(deps), scopeOf: alertmanagerScopeOf },
  ];
}
