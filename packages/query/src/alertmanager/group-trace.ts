/** Why a group was told, or was not: what its alerts are, what mutes them, and what each integration knows. */
import { isResolved } from '@sluice/alerting/model/alert';
import { type AlertGroup, isMember } from '@sluice/alerting/notify/group-state';
import { decideNotification, isClaimed, logKey } from '@sluice/alerting/notify/notification-log';
import type { Context } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { type AlertmanagerDeps, configOf } from './alertmanager-deps.ts';
import { type AlertsView, readAlertsView } from './alerts-view.ts';
import { ApiRefusal } from './api-refusal.ts';
import { toWireTime } from './wire-fields.ts';

/** All groups, with the ids by which they are asked for. */
export async function listGroups(c: Context<QueryEnv>, deps: AlertmanagerDeps) {
  const { nowMs, groups } = await readAlertsView(
    deps.stateOf(c.get('tenant')),
    configOf(deps),
    deps.clock.nowMs(),
  );
  return groups.map(({ id, groupKey, route, groupLabels, alerts }) => ({
    id,
    groupKey,
    receiver: { name: route.receiver },
    labels: groupLabels,
    firing: alerts.filter((alert) => !isResolved(alert, nowMs)).length,
    resolved: alerts.filter((alert) => isResolved(alert, nowMs)).length,
  }));
}

/** @throws ApiRefusal when there is no such group */
export async function findGroup(
  c: Context<QueryEnv>,
  id: string,
  deps: AlertmanagerDeps,
): Promise<{ readonly group: AlertGroup; readonly view: AlertsView }> {
  const state = deps.stateOf(c.get('tenant'));
  const view = await readAlertsView(state, configOf(deps), deps.clock.nowMs());
  const group = view.groups.find((candidate) => candidate.id === id);
  if (group === undefined)
    throw new ApiRefusal(404, `group ${JSON.stringify(id)} not found; see api/v2/groups`);
  return { group, view };
}

export async function traceGroup(c: Context<QueryEnv>, id: string, deps: AlertmanagerDeps) {
  const { group, view } = await findGroup(c, id, deps);
  const { nowMs } = view;
  const state = deps.stateOf(c.get('tenant'));
  const stored = (await state.groups.get(id))?.value;
  const { route } = group;
  const muted = view.mutedRoute(route);
  const alerts = group.alerts.map((alert) => {
    const { silencedBy, inhibitedBy } = view.statusOf(alert);
    return {
      fingerprint: alert.fingerprint,
      labels: alert.labels,
      state: isResolved(alert, nowMs) ? 'resolved' : 'firing',
      /** Resolved alerts that everyone knows of are out of the group. */
      counts: isMember(stored, alert, nowMs),
      silencedBy,
      inhibitedBy,
    };
  });
  const audible =
    muted === undefined
      ? alerts.filter((alert) => alert.counts && alert.silencedBy.length + alert.inhibitedBy.length === 0)
      : [];
  const withState = (wanted: string): readonly string[] =>
    audible.filter((alert) => alert.state === wanted).map(({ fingerprint }) => fingerprint);
  const sets = { firing: withState('firing'), resolved: withState('resolved') };
  const receiver = configOf(deps).receivers.get(route.receiver);
  const integrations = await Promise.all(
    (receiver?.integrations ?? []).map(async ({ kind, index, config }) => {
      const key = logKey(id, { receiver: route.receiver, kind: kind.name, index });
      const entry = (await state.log.get(key))?.value;
      const decision = decideNotification(entry, sets, {
        sendResolved: config.send_resolved,
        repeatIntervalMs: route.repeatIntervalMs,
        nowMs,
      });
      return {
        name: `${route.receiver}/${kind.name}[${index}]`,
        sequence: entry?.sequence ?? 0,
        ...(entry === undefined || entry.notifiedAtMs === 0
          ? {}
          : { notifiedAt: toWireTime(entry.notifiedAtMs) }),
        isUnderWay: isClaimed(entry, nowMs),
        ...(entry?.lastError === undefined ? {} : { lastError: entry.lastError }),
        /** What a flush at this moment would decide. */
        decision: audible.length === 0 ? { notify: false, reason: 'every alert is muted' } : decision,
      };
    }),
  );
  return {
    id,
    groupKey: group.groupKey,
    receiver: { name: route.receiver },
    labels: group.groupLabels,
    route: {
      key: route.key,
      groupWaitMs: route.groupWaitMs,
      groupIntervalMs: route.groupIntervalMs,
      repeatIntervalMs: route.repeatIntervalMs,
    },
    ...(muted === undefined ? {} : { muted }),
    hasFlushed: stored?.hasFlushed ?? false,
    ...(stored === undefined ? {} : { nextFlushAt: toWireTime(stored.nextFlushMs) }),
    /** What the last flush decided, in its own words. */
    lastFlush: stored?.trace ?? [],
    alerts,
    integrations,
  };
}
