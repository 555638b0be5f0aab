/** Notifications for tests of templates and receivers. */
import { commonOf, fingerprint, type LabelSet } from '../model/label-set.ts';
import type { Notification, NotifiedAlert } from '../receivers/receiver.ts';

export const NOTIFIED_AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export function makeNotified(
  labels: LabelSet,
  options: { readonly isResolved?: boolean; readonly annotations?: LabelSet } = {},
): NotifiedAlert {
  const { isResolved = false, annotations = { summary: `${labels.alertname} is wrong` } } = options;
  return {
    status: isResolved ? 'resolved' : 'firing',
    labels,
    annotations,
    startsAtMs: NOTIFIED_AT_MS - 600_000,
    endsAtMs: isResolved ? NOTIFIED_AT_MS - 1_000 : 0,
    generatorUrl: 'http://prometheus.test/graph?g0.expr=up',
    fingerprint: fingerprint(labels),
  };
}

export function makeNotification(
  alerts: readonly NotifiedAlert[] = [
    makeNotified({ alertname: 'Down', service: 'api', severity: 'critical', instance: '1' }),
    makeNotified(
      { alertname: 'Down', service: 'api', severity: 'critical', instance: '2' },
      { isResolved: true },
    ),
  ],
  changes: Partial<Notification> = {},
): Notification {
  const groupLabels = { alertname: alerts[0]?.labels.alertname ?? '' };
  return {
    receiver: 'team "x"',
    groupKey: `{}:{alertname="${groupLabels.alertname}"}`,
    groupLabels,
    commonLabels: commonOf(alerts.map(({ labels }) => labels)),
    commonAnnotations: commonOf(alerts.map(({ annotations }) => annotations)),
    externalUrl: 'http://sluice.test/alertmanager',
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts,
    sequence: 3,
    idempotencyKey: 'group#team#kind#0#3#hash',
    nowMs: NOTIFIED_AT_MS,
    ...changes,
  };
}
