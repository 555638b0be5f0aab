/**
 * All rules of a group at one time, in order: later rules see what earlier ones recorded, a rule that fails
 * keeps its state and the others go on. Pure: state in, state out; who stores it is somebody else's task.
 */

import type { Engine } from '@sluice/promql/engine';
import type { Labels } from '@sluice/promql/model/labels';
import type { SeriesReader } from '@sluice/promql/series-reader';
import type { RuleGroup } from '../rule-file.ts';
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
  identityOf,
  type RuleContext,
} from './evaluate-rule.ts';
import { createOverlayReader } from './overlay-reader.ts';

/** What a group remembers from one evaluation to the next; plain data, ready for JSON. */
export interface GroupMemory {
  readonly evaluatedAtMs: number;
  /** By rule, in the order of the file. */
  readonly rules: readonly RuleMemory[];
}

export interface RuleMemory {
  /** `<type> <name> <query>`: a rule that changed starts anew. */
  readonly rule: string;
  readonly alerts: readonly (readonly [string, ActiveAlert])[];
  /** Series that the last evaluation gave, for stale markers. */
  readonly series: readonly Labels[];
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError: string;
}

export interface GroupEvaluation {
  readonly memory: GroupMemory;
  /** Of recording rules, and `ALERTS` and `ALERTS_FOR_STATE`; all at `timeMs - queryOffsetMs`. */
  readonly samples: readonly RuleSample[];
  /** Series that the last evaluation gave and this one does not: they get a stale marker. */
  readonly stale: readonly Labels[];
  /** By rule; undefined for recording rules. */
  readonly alerts: readonly (ActiveAlerts | undefined)[];
}

export interface GroupContext {
  readonly engine: Engine;
  readonly reader: SeriesReader;
  readonly timeMs: number;
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
}

/** Evaluations that stood still for more intervals than that were down: pending alerts do not count that time. */
const OUTAGE_INTERVALS = 3;

export async function evaluateGroup(
  group: RuleGroup,
  memory: GroupMemory | undefined,
  context: GroupContext,
): Promise<GroupEvaluation> {
  const { timeMs, intervalMs } = context;
  const overlay = createOverlayReader(context.reader);
  const ruleContext: RuleContext = { ...context, reader: overlay, limit: group.limit };
  const remembered = new Map(memory?.rules.map((rule) => [rule.rule, rule]));
  const downAtMs = memory?.evaluatedAtMs ?? timeMs;
  const wasDown = timeMs - downAtMs > OUTAGE_INTERVALS * intervalMs;
  const rules: RuleMemory[] = [];
  const samples: RuleSample[] = [];
  const stale: Labels[] = [];
  const alertsByRule: (ActiveAlerts | undefined)[] = [];
  for (const rule of group.rules) {
    const key = `${rule.type} ${rule.name} ${rule.query}`;
    const last = remembered.get(key);
    const known: ActiveAlerts = new Map(last?.alerts);
    try {
      let given: readonly RuleSample[];
      let alerts: ActiveAlerts | undefined;
      if (rule.type === 'recording') given = await evaluateRecordingRule(rule, ruleContext);
      else {
        const before = wasDown ? restoreAlerts(known, { forMs: rule.forMs, downAtMs, timeMs }) : known;
        alerts = await evaluateAlertingRule(rule, before, ruleContext);
        given = alertSamples(alerts);
      }
      overlay.record(given, timeMs - context.queryOffsetMs);
      samples.push(...given);
      const now = new Set(given.map(({ labels }) => identityOf(labels)));
      stale.push(...(last?.series ?? []).filter((labels) => !now.has(identityOf(labels))));
      alertsByRule.push(alerts);
      rules.push({
        rule: key,
        alerts: [...(alerts ?? [])],
        series: given.map(({ labels }) => labels),
        health: 'ok',
        lastError: '',
      });
    } catch (error) {
      // A query that fails resolves nothing and fires nothing.
      alertsByRule.push(rule.type === 'alerting' ? known : undefined);
      rules.push({
        rule: key,
        alerts: last?.alerts ?? [],
        series: last?.series ?? [],
        health: 'err',
        lastError: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return { memory: { evaluatedAtMs: timeMs, rules }, samples, stale, alerts: alertsByRule };
}
