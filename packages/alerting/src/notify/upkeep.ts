/** What a tick tidies up: alerts that everyone knows to be over, and acknowledgements with nothing left to cover. */
import { type Alert, isResolved } from '../model/alert.ts';
import { createSilencer, type Silence, silenceState } from '../mute/silence.ts';
import { expireSilence } from './alerting-state.ts';
import { type AlertGroup, type GroupState, isMember } from './group-state.ts';
import type { Stored } from './records.ts';
import type { RouteTickDeps } from './route-tick.ts';

/** Resolved alerts that no group waits for any more are taken out of the store. */
export async function forgetSettledAlerts(
  { state, nowMs }: RouteTickDeps,
  {
    alerts,
    found,
    states,
  }: {
    readonly alerts: readonly Stored<Alert>[];
    readonly found: ReadonlyMap<string, AlertGroup>;
    readonly states: ReadonlyMap<string, Stored<GroupState>>;
  },
): Promise<void> {
  const waiting = new Set<string>();
  for (const group of found.values()) {
    const groupState = states.get(group.id)?.value;
    for (const alert of group.alerts) if (isMember(groupState, alert, nowMs)) waiting.add(alert.fingerprint);
  }
  for (const { key, value, version } of alerts) {
    if (isResolved(value, nowMs) && !waiting.has(value.fingerprint)) await state.alerts.delete(key, version);
  }
}

/** Acknowledgements end when nothing that they cover fires any more. */
export async function endAcknowledgements(
  { state, nowMs }: RouteTickDeps,
  { alerts, silences }: { readonly alerts: readonly Alert[]; readonly silences: readonly Silence[] },
): Promise<void> {
  for (const silence of silences) {
    if (silence.endsWithAlerts !== true || silenceState(silence, nowMs) !== 'active') continue;
    const { silencedBy } = createSilencer([silence], nowMs);
    if (alerts.some((alert) => !isResolved(alert, nowMs) && silencedBy(alert.labels).length > 0)) continue;
    await expireSilence(state, silence.id, { clock: { nowMs: () => nowMs, sleep: () => Promise.resolve() } });
  }
}
