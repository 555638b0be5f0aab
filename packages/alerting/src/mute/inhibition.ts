/** Whether an alert is muted because another fires (source: Alertmanager documentation, "<inhibit_rule>"). */
import { type LabelMatcher, matchesAll } from '../match/matcher.ts';
import { type Alert, isResolved } from '../model/alert.ts';
import type { LabelSet } from '../model/label-set.ts';

export interface InhibitRule {
  readonly source: readonly LabelMatcher[];
  readonly target: readonly LabelMatcher[];
  /** Labels that both must have with the same value; a label that both lack is equal. */
  readonly equal: readonly string[];
}

export interface Inhibitor {
  /** Fingerprints of the alerts that mute one with these labels. */
  inhibitedBy(labels: LabelSet): readonly string[];
}

/** An index over the firing alerts of one moment. */
export function createInhibitor(
  rules: readonly InhibitRule[],
  alerts: Iterable<Alert>,
  nowMs: number,
): Inhibitor {
  const firing = [...alerts].filter((alert) => !isResolved(alert, nowMs));
  const indexes = rules.map((rule) => ({ rule, sources: indexSources(rule, firing) }));
  return {
    inhibitedBy(labels) {
      const found: string[] = [];
      for (const { rule, sources } of indexes) {
        if (!matchesAll(rule.target, labels)) continue;
        // An alert that is source and target at once is not inhibited by alerts for which the same holds.
        const isSource = matchesAll(rule.source, labels);
        for (const source of sources.get(equalKey(rule, labels)) ?? []) {
          if (isSource && matchesAll(rule.target, source.labels)) continue;
          found.push(source.fingerprint);
          break;
        }
      }
      return found;
    },
  };
}

function indexSources(rule: InhibitRule, firing: readonly Alert[]): ReadonlyMap<string, readonly Alert[]> {
  const index = new Map<string, Alert[]>();
  for (const alert of firing) {
    if (!matchesAll(rule.source, alert.labels)) continue;
    const key = equalKey(rule, alert.labels);
    const known = index.get(key);
    if (known === undefined) index.set(key, [alert]);
    else known.push(alert);
  }
  return index;
}

function equalKey(rule: InhibitRule, labels: LabelSet): string {
  return JSON.stringify(rule.equal.map((name) => labels[name] ?? ''));
}
