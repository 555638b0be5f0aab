/** What an evaluation has to tell the outside, and the memory that knows that it was told. */
import type { ActiveAlert } from '../evaluate/alert-state.ts';
import type { GroupEvaluation, GroupMemory } from '../evaluate/evaluate-group.ts';
import { type RuleAlert, type RuleAlertOptions, toRuleAlert } from '../rule-alert.ts';
import type { RuleGroup } from '../rule-file.ts';

/**
 * A firing alert is told again after so long (`--rules.alert.resend-delay` of Prometheus), which carries new
 * annotations on; starts and ends are told at once.
 */
export const RESEND_DELAY_MS = 60_000;

export function collectReports(
  group: Pick<RuleGroup, 'rules'>,
  { memory, abandoned }: GroupEvaluation,
  options: Omit<RuleAlertOptions, 'query'> & { readonly timeMs: number },
): { readonly memory: GroupMemory; readonly reports: readonly RuleAlert[] } {
  const { timeMs } = options;
  const reports: RuleAlert[] = [];
  const rules = memory.rules.map((rule, index) => {
    const query = group.rules[index]?.query ?? '';
    const alerts = rule.alerts.map((alert): ActiveAlert => {
      if (!needsReport(alert, timeMs)) return alert;
      reports.push(toRuleAlert(alert, { ...options, query }));
      return { ...alert, sentAtMs: timeMs };
    });
    return { ...rule, alerts };
  });
  for (const alert of abandoned)
    reports.push(toRuleAlert({ ...alert, resolvedAtMs: timeMs }, { ...options, query: '' }));
  return { memory: { ...memory, rules }, reports };
}

/** Source: Prometheus rules/alerting.go, Alert.needsSending. */
function needsReport({ state, resolvedAtMs = 0, sentAtMs }: ActiveAlert, timeMs: number): boolean {
  if (state === 'pending') return false;
  if (sentAtMs === undefined) return true;
  if (state === 'inactive') return resolvedAtMs > sentAtMs;
  return timeMs - sentAtMs >= RESEND_DELAY_MS;
}
