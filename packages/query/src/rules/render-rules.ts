/** Groups, rules and alerts as the JSON of Prometheus' HTTP API. */
import { printExpression } from '@sluice/promql/parse/print-expression';
import type { ActiveAlert } from '@sluice/rules/evaluate/alert-state';
import { type RuleMemory, ruleKeys } from '@sluice/rules/evaluate/evaluate-group';
import type { Rule, RuleGroup } from '@sluice/rules/rule-file';
import { intervalOf, type RulesSettings } from '@sluice/rules/rules-settings';
import type { GroupState } from '@sluice/rules/state/group-store';
import type { RuleFilter } from './rule-filter.ts';

/** Go's zero time. */
const NEVER = '0001-01-01T00:00:00Z';
const MS_PER_SECOND = 1_000;

export interface RenderedGroup {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly unknown[];
  /** Seconds, as all durations here. */
  readonly interval: number;
  readonly limit: number;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export function renderGroup(
  group: RuleGroup,
  state: GroupState | undefined,
  { settings, filter }: { readonly settings: RulesSettings; readonly filter: RuleFilter },
): RenderedGroup {
  const memories = new Map(state?.memory.rules.map((memory) => [memory.rule, memory]));
  const keys = ruleKeys(group.rules);
  const rules = group.rules.flatMap((rule, index) =>
    filter.takesRule(rule) ? [renderRule(rule, memories.get(keys[index]!), filter.hasAlerts)] : [],
  );
  return {
    name: group.name,
    file: group.file,
    rules,
    interval: intervalOf(group, settings) / MS_PER_SECOND,
    limit: group.limit,
    evaluationTime: (state?.durationMs ?? 0) / MS_PER_SECOND,
    lastEvaluation: state === undefined ? NEVER : formatTime(state.memory.evaluatedAtMs),
  };
}

function renderRule(rule: Rule, memory: RuleMemory | undefined, hasAlerts: boolean): unknown {
  const said = {
    health: memory?.health ?? 'unknown',
    ...(memory === undefined || memory.lastError === '' ? {} : { lastError: memory.lastError }),
    evaluationTime: (memory?.durationMs ?? 0) / MS_PER_SECOND,
    lastEvaluation: memory === undefined ? NEVER : formatTime(memory.evaluatedAtMs),
    type: rule.type,
  };
  const query = printExpression(rule.expr);
  const labels = Object.fromEntries(rule.labels);
  if (rule.type === 'recording') return { name: rule.name, query, labels, ...said };
  const active = (memory?.alerts ?? []).filter(({ state }) => state !== 'inactive');
  return {
    state: memory === undefined ? 'unknown' : stateOf(active),
    name: rule.name,
    query,
    duration: rule.forMs / MS_PER_SECOND,
    keepFiringFor: rule.keepFiringForMs / MS_PER_SECOND,
    labels,
    annotations: Object.fromEntries(rule.annotations),
    alerts: hasAlerts ? active.map(renderAlert) : [],
    ...said,
  };
}

function stateOf(active: readonly ActiveAlert[]): ActiveAlert['state'] {
  if (active.some(({ state }) => state === 'firing')) return 'firing';
  return active.length > 0 ? 'pending' : 'inactive';
}

export function renderActiveAlerts(state: GroupState | undefined): readonly unknown[] {
  const alerts = state?.memory.rules.flatMap((rule) => rule.alerts) ?? [];
  return alerts.filter((alert) => alert.state !== 'inactive').map(renderAlert);
}

function renderAlert(alert: ActiveAlert): unknown {
  const { labels, annotations, state, activeAtMs, keepFiringSinceMs, value } = alert;
  return {
    labels,
    annotations,
    state,
    activeAt: formatTime(activeAtMs),
    ...(keepFiringSinceMs === undefined ? {} : { keepFiringSince: formatTime(keepFiringSinceMs) }),
    value: formatScientific(value),
  };
}

/** RFC 3339 without a fraction that is zero, as Go writes it. */
function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.?0*Z$/, 'Z');
}

/** Go's `%e` with as few digits as tell the number apart: `1.5e+00`. */
export function formatScientific(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}
