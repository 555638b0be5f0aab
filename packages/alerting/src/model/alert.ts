/** An alert as it comes in over the API or from a rule, and as it is kept. Times are Unix milliseconds. */
import { fingerprint, type LabelSet } from './label-set.ts';

export interface Alert {
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAtMs: number;
  /** From then on the alert is resolved; `NEVER_MS` for one that only its source resolves. */
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly generatorUrl: string;
  /** Whether `endsAtMs` is only a guess, from `resolve_timeout`: a later guess prolongs it. */
  readonly isTimeout: boolean;
}

/** 9999-12-31: later than any alert ends. */
export const NEVER_MS = 253_402_300_799_000;

export type PostedAlert = Omit<
  Alert,
  'fingerprint' | 'updatedAtMs' | 'isTimeout' | 'startsAtMs' | 'endsAtMs'
> & {
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
};

export function isResolved(alert: Pick<Alert, 'endsAtMs'>, nowMs: number): boolean {
  return alert.endsAtMs <= nowMs;
}

/** What a posted alert becomes at `nowMs`; missing times are filled in as Alertmanager does. */
export function receiveAlert(
  posted: PostedAlert,
  { nowMs, resolveTimeoutMs }: { readonly nowMs: number; readonly resolveTimeoutMs: number },
): Alert {
  const { labels, annotations, generatorUrl } = posted;
  const startsAtMs = posted.startsAtMs ?? posted.endsAtMs ?? nowMs;
  return {
    fingerprint: fingerprint(labels),
    labels,
    annotations,
    generatorUrl,
    startsAtMs,
    endsAtMs: posted.endsAtMs ?? nowMs + resolveTimeoutMs,
    updatedAtMs: nowMs,
    isTimeout: posted.endsAtMs === undefined,
  };
}

/**
 * One alert out of two reports of it (source: Alertmanager types.Alert.Merge): the later report wins,
 * the earlier start is kept while the two overlap, and an end that is no guess is not undone by a guess.
 */
export function mergeAlerts(stored: Alert, report: Alert): Alert {
  if (report.updatedAtMs < stored.updatedAtMs) return mergeAlerts(report, stored);
  const overlaps =
    (report.endsAtMs > stored.startsAtMs && report.endsAtMs < stored.endsAtMs) ||
    (report.startsAtMs > stored.startsAtMs && report.startsAtMs < stored.endsAtMs);
  if (!overlaps) return report;
  const endsAtMs = isResolved(report, report.updatedAtMs)
    ? // Both are over: the later end. Otherwise the report says that it has ended.
      isResolved(stored, report.updatedAtMs)
      ? Math.max(stored.endsAtMs, report.endsAtMs)
      : report.endsAtMs
    : report.isTimeout && !stored.isTimeout
      ? Math.max(stored.endsAtMs, report.endsAtMs)
      : report.endsAtMs;
  return { ...report, startsAtMs: Math.min(stored.startsAtMs, report.startsAtMs), endsAtMs };
}

/** What is wrong with labels or annotations of a posted alert; undefined when nothing is. */
export function faultOfAlert({ labels, annotations, startsAtMs, endsAtMs }: PostedAlert): string | undefined {
  const names = Object.entries(labels).filter(([, value]) => value !== '');
  if (names.length === 0) return 'at least one label pair required';
  for (const [kind, set] of [
    ['label', labels],
    ['annotation', annotations],
  ] as const) {
    for (const [name, value] of Object.entries(set)) {
      if (name === '' || !name.isWellFormed()) return `invalid ${kind} name ${JSON.stringify(name)}`;
      if (!value.isWellFormed()) return `invalid ${kind} value of ${JSON.stringify(name)}: not UTF-8`;
    }
  }
  if (startsAtMs !== undefined && endsAtMs !== undefined && endsAtMs < startsAtMs)
    return 'start time must be before end time';
  return undefined;
}
