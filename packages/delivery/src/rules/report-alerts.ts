/** Alerts of rules into the store that routing reads. They carry no time-out: only their rule ends them. */
import { NEVER_MS } from '@sluice/alerting/model/alert';
import { type AlertingState, postAlerts } from '@sluice/alerting/notify/alerting-state';
import type { Clock } from '@sluice/core/ports/clock';
import type { RuleAlert } from '@sluice/rules/rule-alert';

/** Never used: every report says when the alert ends, or that it does not. */
const NO_TIMEOUT = 0;

export async function reportAlerts(
  state: AlertingState,
  alerts: readonly RuleAlert[],
  { clock }: { readonly clock: Pick<Clock, 'nowMs'> },
): Promise<void> {
  const posted = alerts.map((alert) => ({ ...alert, endsAtMs: alert.endsAtMs ?? NEVER_MS }));
  await postAlerts(state, posted, { nowMs: clock.nowMs(), resolveTimeoutMs: NO_TIMEOUT });
}
