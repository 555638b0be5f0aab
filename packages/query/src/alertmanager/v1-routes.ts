/**
 * The part of Alertmanager's API v1 that scripts still call: posting alerts and listing them. (Alertmanager itself
 * dropped v1 in 0.27; what it answered before that is answered here.)
 */
import { type Context, Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { parseSelection } from './alert-selection.ts';
import { type AlertmanagerDeps, configOf } from './alertmanager-deps.ts';
import { readAlertsView } from './alerts-view.ts';
import { ApiRefusal } from './api-refusal.ts';
import { takeAlerts } from './post-alerts.ts';
import { toShownAlert } from './wire-alert.ts';

export function createV1Routes(deps: AlertmanagerDeps): Hono<QueryEnv> {
  const app = new Hono<QueryEnv>();
  app.post('/alerts', (c) => postV1(c, deps));
  app.get('/alerts', async (c) => {
    const selection = parseSelection(c);
    const view = await readAlertsView(deps.stateOf(c.get('tenant')), configOf(deps), deps.clock.nowMs());
    const data = view.alerts.flatMap((alert) => {
      const status = view.statusOf(alert);
      const receivers = view.receiversOf(alert);
      if (!selection.takes(alert, status)) return [];
      const shown = toShownAlert(alert, { status, receivers });
      return [{ ...shown, receivers: receivers.filter(selection.takesReceiver) }];
    });
    return c.json({ status: 'success', data });
  });
  app.onError(answerV1Error);
  return app;
}

/** `POST …/alerts` alone, for paths whose `GET` means something else. */
export function createV1PostRoute(deps: AlertmanagerDeps): Hono<QueryEnv> {
  const app = new Hono<QueryEnv>();
  app.post('/', (c) => postV1(c, deps));
  app.onError(answerV1Error);
  return app;
}

async function postV1(c: Context<QueryEnv>, deps: AlertmanagerDeps): Promise<Response> {
  await takeAlerts(c, deps);
  return c.json({ status: 'success' });
}

function answerV1Error(error: Error, c: Context): Response {
  if (!(error instanceof ApiRefusal)) throw error;
  return c.json({ status: 'error', errorType: 'bad_data', error: error.message }, 400);
}
