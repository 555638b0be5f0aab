/**
 * All rules of a group at one time, in order: later rules see what earlier ones recorded, a rule that fails
 * keeps its state and the others go on. Pure: state in, state out; who stores it is somebody else's task.
 */
import { type Labels, labelsKey, toLabels } from '@sluice/promql/model/labels';
import type { SeriesReader } from '@sluice/promql/series-reader';
import type { Rule, RuleGroup } from '../rule-file.ts';
import {
  type ActiveAlert,
  type ActiveAlerts,
  alertSamples,
  type RuleSample,
  restoreAlerts,
} from './alert-state.ts';
import {
  evaluateAlertingRule,
  evaluateRecordingRule,
  LimitError,
  type RuleContext,
  type RuleEngine,
} from './evaluate-rule.ts';
import { createOverlayReader } from './overlay-reader.ts';

/** What a group remembers from one evaluation to the next; plain data, ready for JSON. */
export interface GroupMemory {
  readonly evaluatedAtMs: number;
  /** By rule, in the order of the file. */
  readonly rules: readonly RuleMemory[];
}

export interface RuleMemory {
  /** `ruleKey`: name and labels, as Prometheus carries state over from one version of a file to the next. */
  readonly rule: string;
  readonly alerts: readonly ActiveAlert[];
  /** Series of a recording rule that the last evaluation gave, for stale markers; an alert's follow from it. */
  readonly series: readonly Labels[];
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError: string;
  readonly evaluatedAtMs: number;
  readonly durationMs: number;
}

export interface GroupEvaluation {
  readonly memory: GroupMemory;
  /** Of recording rules, and `ALERTS` and `ALERTS_FOR_STATE`; all at `timeMs - queryOffsetMs`. */
  readonly samples: readonly RuleSample[];
  /** Series that the last evaluation gave and this one does not: they get a stale marker. */
  readonly stale: readonly Labels[];
  /** By rule; undefined for recording rules. */
  readonly alerts: readonly (ActiveAlerts | undefined)[];
  /** Alerts that ended without a word of their rule: it is gone, or gave more than its limit. */
  readonly abandoned: readonly ActiveAlert[];
}

export interface GroupContext {
  readonly engine: RuleEngine;
  readonly reader: SeriesReader;
  readonly timeMs: number;
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** For the durations shown to people; by default nothing takes time. */
  readonly nowMs?: () => number;
}

/** Evaluations that stood still for longer were down: pending alerts do not count that time. */
const OUTAGE_INTERVALS = 3;
const MIN_OUTAGE_MS = 120_000;

/** By name and labels; rules that agree in both are told apart by their order. */
export function ruleKeys(rules: readonly Rule[]): readonly string[] {
  const counts = new Map<string, number>();
  return rules.map(({ type, name, labels }) => {
    const key = `${type} ${name} ${JSON.stringify([...labels].sort())}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count === 0 ? key : `${key} ${count}`;
  });
}

export async function evaluateGroup(
  group: Pick<RuleGroup, 'rules' | 'limit'>,
  memory: GroupMemory | undefined,
  context: GroupContext,
): Promise<GroupEvaluation> {
  const { timeMs, intervalMs, nowMs = () => 0 } = context;
  const overlay = createOverlayReader(context.reader);
  const ruleContext: RuleContext = { ...context, reader: overlay, limit: group.limit };
  const remembered = new Map(memory?.rules.map((rule) => [rule.rule, rule]));
  const downAtMs = memory?.evaluatedAtMs ?? timeMs;
  const wasDown = timeMs - downAtMs > Math.max(MIN_OUTAGE_MS, OUTAGE_INTERVALS * intervalMs);
  const sampleTimeMs = timeMs - context.queryOffsetMs;
  const rules: RuleMemory[] = [];
  const samples: RuleSample[] = [];
  const stale: Labels[] = [];
  const abandoned: ActiveAlert[] = [];
  const alertsByRule: (ActiveAlerts | undefined)[] = [];
  const keys = ruleKeys(group.rules);
  const end = (gone: readonly Labels[]): void => {
    stale.push(...gone);
    overlay.end(gone, sampleTimeMs);
  };
  for (const [index, rule] of group.rules.entries()) {
    const key = keys[index]!;
    const last = remembered.get(key);
    remembered.delete(key);
    const known: ActiveAlerts = new Map(
      last?.alerts.map((alert) => [labelsKey(toLabels(alert.labels)), alert]),
    );
    const startedMs = nowMs();
    const remember = (rest: Pick<RuleMemory, 'alerts' | 'series' | 'health' | 'lastError'>): void =>
      void rules.push({ rule: key, ...rest, evaluatedAtMs: timeMs, durationMs: nowMs() - startedMs });
    try {
      let given: readonly RuleSample[];
      let alerts: ActiveAlerts | undefined;
      if (rule.type === 'recording') given = await evaluateRecordingRule(rule, ruleContext);
      else {
        const before = wasDown ? restoreAlerts(known, { forMs: rule.forMs, downAtMs, timeMs }) : known;
        alerts = await evaluateAlertingRule(rule, before, ruleContext);
        given = alertSamples(alerts.values());
      }
      const now = new Set(given.map(({ labels }) => labelsKey(labels)));
      end((last === undefined ? [] : seriesOf(last)).filter((labels) => !now.has(labelsKey(labels))));
      overlay.record(given, sampleTimeMs);
      samples.push(...given);
      alertsByRule.push(alerts);
      remember({
        alerts: [...(alerts?.values() ?? [])],
        series: rule.type === 'recording' ? given.map(({ labels }) => labels) : [],
        health: 'ok',
        lastError: '',
      });
    } catch (error) {
      const lastError = error instanceof Error ? error.message : String(error);
      const isOverLimit = error instanceof LimitError;
      if (isOverLimit && last !== undefined) {
        abandoned.push(...last.alerts.filter(({ state }) => state === 'firing'));
        end(seriesOf(last));
      }
      // A query that fails resolves nothing and fires nothing.
      const kept = isOverLimit ? new Map() : known;
      alertsByRule.push(rule.type === 'alerting' ? kept : undefined);
      remember({ alerts: [...kept.values()], series: last?.series ?? [], health: 'err', lastError });
    }
  }
  for (const gone of remembered.values()) {
    abandoned.push(...gone.alerts.filter(({ state }) => state === 'firing'));
    stale.push(...seriesOf(gone));
  }
  return { memory: { evaluatedAtMs: timeMs, rules }, samples, stale, alerts: alertsByRule, abandoned };
}

/** The series that a rule's last evaluation gave. */
export function seriesOf({ alerts, series }: Pick<RuleMemory, 'alerts' | 'series'>): readonly Labels[] {
  return [...series, ...alertSamples(alerts).map(({ labels }) => labels)];
}
