/** Alertmanager's API v2, mounted at `/alertmanager/api/v2` (source: its OpenAPI document), and what goes beyond it. */

import type { LabelMatcher } from '@sluice/alerting/match/matcher';
import { isResolved } from '@sluice/alerting/model/alert';
import { compareAlertLabels, compareLabelSets } from '@sluice/alerting/model/label-set';
import { type SilenceMatcher, toSilenceMatcher } from '@sluice/alerting/mute/silence';
import { expireSilence, InvalidSilenceError, putSilence } from '@sluice/alerting/notify/alerting-state';
import { type Context, Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { acknowledgeAlert, acknowledgeGroup } from './acknowledge.ts';
import { parseFilter, parseSelection } from './alert-selection.ts';
import { type AlertmanagerDeps, configOf } from './alertmanager-deps.ts';
import { type AlertsView, readAlertsView } from './alerts-view.ts';
import { ApiRefusal, answerRefusal, FORM_CODE, readJson } from './api-refusal.ts';
import { listGroups, traceGroup } from './group-trace.ts';
import { takeAlerts } from './post-alerts.ts';
import { type ShownAlert, toShownAlert } from './wire-alert.ts';
import { toWireTime } from './wire-fields.ts';
import { compareSilences, parsePostedSilence, toShownSilence } from './wire-silence.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function createV2Routes(deps: AlertmanagerDeps): Hono<QueryEnv> {
  const { clock } = deps;
  const app = new Hono<QueryEnv>();
  const viewOf = (c: Context<QueryEnv>): Promise<AlertsView> =>
    readAlertsView(deps.stateOf(c.get('tenant')), configOf(deps), clock.nowMs());

  app.get('/status', (c) => c.json(statusOf(deps)));
  app.get('/receivers', (c) => c.json([...configOf(deps).receivers.keys()].map((name) => ({ name }))));

  app.get('/alerts', async (c) => {
    const selection = parseSelection(c);
    return c.json(showAlerts(await viewOf(c), selection));
  });
  app.post('/alerts', async (c) => {
    await takeAlerts(c, deps);
    return c.body(null, 200);
  });
  app.post('/alerts/:fingerprint/ack', async (c) =>
    c.json(await acknowledgeAlert(c, c.req.param('fingerprint'), deps)),
  );
  app.get('/alerts/groups', async (c) => {
    const selection = parseSelection(c);
    return c.json(showGroups(await viewOf(c), selection));
  });

  app.get('/groups', async (c) => c.json(await listGroups(c, deps)));
  app.get('/groups/:id/trace', async (c) => c.json(await traceGroup(c, c.req.param('id'), deps)));
  app.post('/groups/:id/ack', async (c) => c.json(await acknowledgeGroup(c, c.req.param('id'), deps)));

  app.get('/silences', async (c) => {
    const filter = parseFilter(c);
    const stored = await deps.stateOf(c.get('tenant')).silences.all();
    const shown = stored
      .map(({ value }) => value)
      .filter(({ matchers }) => filter.every((wanted) => matchers.some((own) => isSame(own, wanted))))
      .map((silence) => toShownSilence(silence, clock.nowMs()));
    return c.json(shown.sort(compareSilences));
  });
  app.post('/silences', async (c) => {
    const posted = parsePostedSilence(await readJson(c, 'silence'));
    const state = deps.stateOf(c.get('tenant'));
    if (posted.startsAtMs >= posted.endsAtMs)
      throw new ApiRefusal(400, 'Failed to create silence: start time must be before end time');
    if (posted.endsAtMs < clock.nowMs())
      throw new ApiRefusal(400, "Failed to create silence: end time can't be in the past");
    if (posted.id !== undefined && (await state.silences.get(posted.id)) === undefined)
      throw new ApiRefusal(404, 'silence not found');
    return c.json({ silenceID: await orRefuse(400, () => putSilence(state, posted, { clock })) });
  });
  app.get('/silence/:id', async (c) => {
    const found = await deps.stateOf(c.get('tenant')).silences.get(silenceId(c));
    if (found === undefined) return c.body(null, 404);
    return c.json(toShownSilence(found.value, clock.nowMs()));
  });
  app.delete('/silence/:id', async (c) => {
    const state = deps.stateOf(c.get('tenant'));
    const id = silenceId(c);
    if ((await state.silences.get(id)) === undefined) return c.body(null, 404);
    // Alertmanager says 500 for a silence that has ended before.
    await orRefuse(500, () => expireSilence(state, id, { clock }));
    return c.body(null, 200);
  });

  app.onError((error, c) => {
    const refusal = answerRefusal(c, error);
    if (refusal === undefined) throw error;
    return refusal;
  });
  return app;
}

function statusOf({ setup, problems, startedAtMs }: AlertmanagerDeps) {
  return {
    cluster: { name: '', peers: [], status: 'disabled' },
    config: { original: setup()?.shown ?? '' },
    uptime: toWireTime(startedAtMs),
    versionInfo: {
      branch: '',
      buildDate: '',
      buildUser: '',
      goVersion: '',
      revision: '',
      // What Alertmanager's own tools and Grafana tell features by.
      version: '0.28.1',
    },
    ...(problems().length === 0 ? {} : { problems: problems() }),
  };
}

/** A filter finds the silences that have this very matcher. */
function isSame(own: SilenceMatcher, wanted: LabelMatcher): boolean {
  const { name, value, isRegex, isEqual } = toSilenceMatcher(wanted);
  return own.name === name && own.value === value && own.isRegex === isRegex && own.isEqual === isEqual;
}

type Selection = ReturnType<typeof parseSelection>;

function showAlerts(view: AlertsView, selection: Selection): readonly ShownAlert[] {
  return view.alerts.flatMap((alert) => {
    const receivers = view.receiversOf(alert);
    const status = view.statusOf(alert);
    if (receivers.length > 0 ? !receivers.some(selection.takesReceiver) : !selection.takesReceiver(''))
      return [];
    return selection.takes(alert, status) ? [toShownAlert(alert, { status, receivers })] : [];
  });
}

function showGroups(view: AlertsView, selection: Selection) {
  const shown = view.groups.flatMap((group) => {
    const { receiver } = group.route;
    if (!selection.takesReceiver(receiver)) return [];
    const alerts = group.alerts.filter(
      (alert) => !isResolved(alert, view.nowMs) && selection.takes(alert, view.statusOf(alert)),
    );
    return alerts.length === 0 ? [] : [{ ...group, alerts }];
  });
  const receiversOf = new Map<string, string[]>();
  for (const { alerts, route } of shown) {
    for (const { fingerprint } of alerts)
      receiversOf.set(fingerprint, [...(receiversOf.get(fingerprint) ?? []), route.receiver].sort());
  }
  return shown
    .sort(
      (a, b) =>
        compareLabelSets(a.groupLabels, b.groupLabels) ||
        (a.route.receiver < b.route.receiver ? -1 : a.route.receiver > b.route.receiver ? 1 : 0),
    )
    .map(({ alerts, groupLabels, route }) => ({
      alerts: [...alerts]
        .sort((a, b) => compareAlertLabels(a.labels, b.labels))
        .map((alert) =>
          toShownAlert(alert, {
            status: view.statusOf(alert),
            receivers: receiversOf.get(alert.fingerprint) ?? [],
          }),
        ),
      labels: groupLabels,
      receiver: { name: route.receiver },
    }));
}

/** @throws ApiRefusal */
function silenceId(c: Context): string {
  const id = c.req.param('id') ?? '';
  if (UUID.test(id)) return id.toLowerCase();
  throw new ApiRefusal(
    422,
    `silenceID in path must be of type uuid: ${JSON.stringify(id)}`,
    FORM_CODE.invalidType,
  );
}

async function orRefuse<T>(status: 400 | 500, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InvalidSilenceError) throw new ApiRefusal(status, error.message);
    throw error;
  }
}
