/** Takes alerts from a request: those that can be kept are, and the others are told. */
import { postAlerts } from '@sluice/alerting/notify/alerting-state';
import { METRIC } from '@sluice/core/names';
import type { Context } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { type AlertmanagerDeps, configOf } from './alertmanager-deps.ts';
import { ApiRefusal, readJson } from './api-refusal.ts';
import { parsePostedAlerts } from './wire-alert.ts';

/** @throws ApiRefusal when any of them could not be kept */
export async function takeAlerts(c: Context<QueryEnv>, deps: AlertmanagerDeps): Promise<void> {
  const { valid, faults } = parsePostedAlerts(await readJson(c, 'alerts'));
  const { selfMetrics, clock } = deps;
  await postAlerts(deps.stateOf(c.get('tenant')), valid, {
    nowMs: clock.nowMs(),
    resolveTimeoutMs: configOf(deps).resolveTimeoutMs,
  });
  if (valid.length > 0)
    selfMetrics.counter(METRIC.alertsReceived, 'Alerts taken from the API.').add(valid.length);
  if (faults.length === 0) return;
  selfMetrics.counter(METRIC.alertsInvalid, 'Alerts from the API that were refused.').add(faults.length);
  throw new ApiRefusal(400, faults.join('; '));
}
