/**
 * The life of alerts of one rule: inactive → pending → firing → resolved, step by step as Prometheus' alerting
 * rules take it (source: Prometheus rules/alerting.go, behaviour described in its documentation of alerting rules).
 */
import type { Histogram } from '@sluice/promql/histogram/histogram';
import { compareLabels, type Labels, toLabels, withLabels } from '@sluice/promql/model/labels';

export interface ActiveAlert {
  /** Of the alert, with `alertname`; without a metric name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing' | 'inactive';
  readonly value: number;
  readonly activeAtMs: number;
  readonly firedAtMs?: number;
  /** Set once the condition no longer holds and `keep_firing_for` runs. */
  readonly keepFiringSinceMs?: number;
  readonly resolvedAtMs?: number;
  /** When the outside was last told of it. */
  readonly sentAtMs?: number;
}

/** By identity: `labelsKey` of the labels. */
export type ActiveAlerts = ReadonlyMap<string, ActiveAlert>;

/** One element of the expression's result, labelled. */
export interface Candidate {
  readonly identity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface AlertTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

/** Prometheus keeps resolved alerts so long, so that a lost message about the end can be repeated. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

/** The alerts after an evaluation at `timeMs` that gave these candidates. */
export function stepAlerts(
  before: ActiveAlerts,
  candidates: ReadonlyMap<string, Candidate>,
  { forMs, keepFiringForMs, timeMs }: AlertTiming & { readonly timeMs: number },
): ActiveAlerts {
  const after = new Map<string, ActiveAlert>();
  for (const [identity, alert] of before) {
    const candidate = candidates.get(identity);
    if (candidate !== undefined) continue;
    const next = withoutCandidate(alert, { keepFiringForMs, timeMs });
    if (next !== undefined) after.set(identity, next);
  }
  for (const [identity, { labels, annotations, value }] of candidates) {
    const known = before.get(identity);
    const isLive = known !== undefined && known.state !== 'inactive';
    const { keepFiringSinceMs: _, ...rest }: ActiveAlert = isLive
      ? { ...known, value, annotations }
      : { labels, annotations, value, state: 'pending', activeAtMs: timeMs };
    after.set(identity, fire(rest, { forMs, timeMs }));
  }
  return after;
}

function fire(
  alert: ActiveAlert,
  { forMs, timeMs }: { readonly forMs: number; readonly timeMs: number },
): ActiveAlert {
  if (alert.state !== 'pending' || timeMs - alert.activeAtMs < forMs) return alert;
  return { ...alert, state: 'firing', firedAtMs: timeMs };
}

/** What becomes of an alert whose condition does not hold now; undefined when it is forgotten. */
function withoutCandidate(
  alert: ActiveAlert,
  { keepFiringForMs, timeMs }: { readonly keepFiringForMs: number; readonly timeMs: number },
): ActiveAlert | undefined {
  switch (alert.state) {
    case 'pending':
      return undefined;
    case 'inactive':
      return timeMs - (alert.resolvedAtMs ?? 0) > RESOLVED_RETENTION_MS ? undefined : alert;
    case 'firing': {
      const sinceMs = alert.keepFiringSinceMs ?? timeMs;
      if (keepFiringForMs > 0 && timeMs - sinceMs < keepFiringForMs)
        return { ...alert, keepFiringSinceMs: sinceMs };
      return { ...alert, state: 'inactive', resolvedAtMs: timeMs };
    }
  }
}

/** Outages longer than this are not bridged (`--rules.alert.for-outage-tolerance`). */
export const OUTAGE_TOLERANCE_MS = 3_600_000;
/** An alert that was about to fire waits so long again after an outage (`--rules.alert.for-grace-period`). */
export const FOR_GRACE_PERIOD_MS = 600_000;

/**
 * Alerts after evaluation stood still from `downAtMs` to `timeMs`: the outage does not count as time in which
 * the condition held, so a pending alert that has little left waits the grace period, and one whose `for` is
 * shorter than that starts anew. Alerts that were firing go on firing.
 */
export function restoreAlerts(
  alerts: ActiveAlerts,
  { forMs, downAtMs, timeMs }: { readonly forMs: number; readonly downAtMs: number; readonly timeMs: number },
): ActiveAlerts {
  const isBridged = timeMs - downAtMs <= OUTAGE_TOLERANCE_MS && forMs >= FOR_GRACE_PERIOD_MS;
  const restored = new Map<string, ActiveAlert>();
  for (const [identity, alert] of alerts) {
    if (alert.state !== 'pending') restored.set(identity, alert);
    else if (isBridged) {
      const remainingMs = forMs - (downAtMs - alert.activeAtMs);
      const activeAtMs =
        remainingMs < FOR_GRACE_PERIOD_MS
          ? timeMs + FOR_GRACE_PERIOD_MS - forMs
          : alert.activeAtMs + (timeMs - downAtMs);
      restored.set(identity, { ...alert, activeAtMs });
    }
  }
  return restored;
}

export interface RuleSample {
  readonly labels: Labels;
  /** NaN where a histogram stands. */
  readonly value: number;
  readonly histogram?: Histogram;
}

/** `ALERTS` and `ALERTS_FOR_STATE` of the alerts that are pending or firing, sorted by labels. */
export function alertSamples(alerts: Iterable<ActiveAlert>): readonly RuleSample[] {
  const samples: RuleSample[] = [];
  for (const { labels, state, activeAtMs } of alerts) {
    if (state === 'inactive') continue;
    const base = toLabels(labels);
    const named = (changes: readonly (readonly [string, string])[]): Labels =>
      withLabels(base, new Map(changes));
    samples.push(
      {
        labels: named([
          ['__name__', 'ALERTS'],
          ['alertstate', state],
        ]),
        value: 1,
      },
      { labels: named([['__name__', 'ALERTS_FOR_STATE']]), value: Math.floor(activeAtMs / 1_000) },
    );
  }
  return samples.sort((a, b) => compareLabels(a.labels, b.labels));
}
