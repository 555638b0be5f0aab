/** The alerts of one tenant at one moment: which fire, what mutes them, who is told, and in which groups. */
import type { AlertmanagerConfig } from '@sluice/alerting/config/alertmanager-config';
import { type Alert, isResolved } from '@sluice/alerting/model/alert';
import { createMuteState } from '@sluice/alerting/mute/mute-state';
import type { AlertingState } from '@sluice/alerting/notify/alerting-state';
import { type AlertGroup, groupAlerts } from '@sluice/alerting/notify/group-state';
import { buildRoutes, matchRoutes, type Route } from '@sluice/alerting/route/route-tree';

export interface AlertStatus {
  readonly state: 'active' | 'suppressed';
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
}

export interface AlertsView {
  readonly nowMs: number;
  /** Those that fire, by fingerprint. */
  readonly alerts: readonly Alert[];
  /** Of all alerts, resolved ones that somebody still has to hear of among them. */
  readonly groups: readonly AlertGroup[];
  statusOf(alert: Alert): AlertStatus;
  /** One for each route that the alert takes. */
  receiversOf(alert: Alert): readonly string[];
  /** Why nothing of the route is sent now. */
  mutedRoute(route: Route): string | undefined;
}

/** What holds while there is no `alertmanager.yml`: alerts are kept and shown, and nobody is told. */
export const NO_CONFIG: AlertmanagerConfig = {
  resolveTimeoutMs: 300_000,
  route: buildRoutes({
    receiver: '',
    groupBy: [],
    continues: false,
    matchers: [],
    groupWaitMs: undefined,
    groupIntervalMs: undefined,
    repeatIntervalMs: undefined,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
  }),
  receivers: new Map(),
  inhibitRules: [],
  timeIntervals: new Map(),
  templates: [],
};

export async function readAlertsView(
  state: AlertingState,
  config: AlertmanagerConfig,
  nowMs: number,
): Promise<AlertsView> {
  const [stored, silences] = await Promise.all([state.alerts.all(), state.silences.all()]);
  const all = stored.map(({ value }) => value);
  const mutes = createMuteState(config, { alerts: all, silences: silences.map(({ value }) => value), nowMs });
  const alerts = all
    .filter((alert) => !isResolved(alert, nowMs))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  return {
    nowMs,
    alerts,
    groups: [...groupAlerts(config.route, all).values()],
    statusOf({ labels }) {
      const silencedBy = mutes.silencer.silencedBy(labels);
      // Alertmanager names the first source alone.
      const inhibitedBy = mutes.inhibitor.inhibitedBy(labels).slice(0, 1);
      const isMuted = silencedBy.length > 0 || inhibitedBy.length > 0;
      return { state: isMuted ? 'suppressed' : 'active', silencedBy, inhibitedBy };
    },
    receiversOf: ({ labels }) =>
      matchRoutes(config.route, labels)
        .map(({ receiver }) => receiver)
        .filter((name) => name !== ''),
    mutedRoute: mutes.mutedRoute,
  };
}
