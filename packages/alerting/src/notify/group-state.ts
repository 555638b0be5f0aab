/** A group of alerts between two flushes. Which alerts are in it follows from the alerts and the routes. */
import { type Alert, isResolved } from '../model/alert.ts';
import type { LabelSet } from '../model/label-set.ts';
import { groupKeyOf, groupLabelsOf, matchRoutes, type Route } from '../route/route-tree.ts';
import { groupIdOf } from './notification-log.ts';

export interface GroupState {
  readonly groupKey: string;
  readonly routeKey: string;
  readonly receiver: string;
  readonly groupLabels: LabelSet;
  readonly nextFlushMs: number;
  readonly hasFlushed: boolean;
  /** Resolved alerts that everyone concerned knows of: fingerprint → `updatedAtMs` of the report that resolved it. */
  readonly settled: Readonly<Record<string, number>>;
  /** Of the last flush: what was resolved, and whose claims have to be delivered before that is settled. */
  readonly pending?: PendingFlush;
  /** Why things went as they did at the last flush, for people. */
  readonly trace: readonly string[];
}

export interface PendingFlush {
  readonly resolved: Readonly<Record<string, number>>;
  /** Log key → token of the claim. */
  readonly claims: Readonly<Record<string, string>>;
}

/** Alerts of one group, with the state that is kept of it (none yet for a new group). */
export interface AlertGroup {
  readonly id: string;
  readonly groupKey: string;
  readonly route: Route;
  readonly groupLabels: LabelSet;
  readonly alerts: readonly Alert[];
  /** Of `alerts`, and of those that no longer count. */
  readonly fingerprints: ReadonlySet<string>;
}

/** All groups that these alerts make, whether they have state or not. */
export function groupAlerts(root: Route, alerts: Iterable<Alert>): ReadonlyMap<string, AlertGroup> {
  const groups = new Map<string, AlertGroup & { alerts: Alert[]; fingerprints: Set<string> }>();
  for (const alert of alerts) {
    for (const route of matchRoutes(root, alert.labels)) {
      const groupLabels = groupLabelsOf(route, alert.labels);
      const groupKey = groupKeyOf(route, groupLabels);
      const id = groupIdOf(groupKey);
      const group = groups.get(id);
      if (group === undefined) {
        const fingerprints = new Set([alert.fingerprint]);
        groups.set(id, { id, groupKey, route, groupLabels, alerts: [alert], fingerprints });
      } else if (!group.fingerprints.has(alert.fingerprint)) {
        // Twin routes share a key; the alert is in the group once.
        group.fingerprints.add(alert.fingerprint);
        group.alerts.push(alert);
      }
    }
  }
  return groups;
}

/** Whether an alert still counts for the group: it fires, or not everyone knows yet that it does not. */
export function isMember(state: GroupState | undefined, alert: Alert, nowMs: number): boolean {
  return !isResolved(alert, nowMs) || state?.settled[alert.fingerprint] !== alert.updatedAtMs;
}

/**
 * When a group that was never flushed is flushed: `group_wait` after its first report, and at once when an alert had
 * fired for longer than that already when it was reported (source: Alertmanager dispatch.aggrGroup.insert).
 */
export function firstFlushMs({ alerts, route: { groupWaitMs } }: AlertGroup): number {
  return Math.min(
    ...alerts.map(({ startsAtMs, updatedAtMs }) =>
      startsAtMs + groupWaitMs < updatedAtMs ? updatedAtMs : updatedAtMs + groupWaitMs,
    ),
  );
}

/** The flush after the one that was due at `dueMs`: one interval on, but never in the past. */
export function followingFlushMs(dueMs: number, { groupIntervalMs }: Route, nowMs: number): number {
  const next = dueMs + groupIntervalMs;
  return next > nowMs ? next : nowMs + groupIntervalMs;
}
