/** Names of Sloth's metrics, labels and rule groups. Source: Sloth, package conventions. */
import { formatDuration } from '@sluice/promql/parse/duration-text';

export const SLOTH_LABEL = {
  id: 'sloth_id',
  slo: 'sloth_slo',
  service: 'sloth_service',
  window: 'sloth_window',
  severity: 'sloth_severity',
  version: 'sloth_version',
  mode: 'sloth_mode',
  spec: 'sloth_spec',
  objective: 'sloth_objective',
} as const;

export const SLOTH_METRIC = {
  objective: 'slo:objective:ratio',
  errorBudget: 'slo:error_budget:ratio',
  periodDays: 'slo:time_period:days',
  currentBurnRate: 'slo:current_burn_rate:ratio',
  periodBurnRate: 'slo:period_burn_rate:ratio',
  budgetRemaining: 'slo:period_error_budget_remaining:ratio',
  info: 'sloth_slo_info',
} as const;

export const SLOTH_GROUP = {
  sli: 'sloth-slo-sli-recordings-',
  metadata: 'sloth-slo-meta-recordings-',
  alerts: 'sloth-slo-alerts-',
} as const;

export function errorRatioMetric(windowMs: number): string {
  return `slo:sli_error:ratio_rate${formatDuration(windowMs)}`;
}
