/** What mutes alerts at one moment: inhibition, silences and the time intervals of a route. */
import type { AlertmanagerConfig } from '../config/alertmanager-config.ts';
import type { Alert } from '../model/alert.ts';
import type { Route } from '../route/route-tree.ts';
import { createInhibitor, type Inhibitor } from './inhibition.ts';
import { createSilencer, type Silence, type Silencer } from './silence.ts';
import { isInInterval } from './time-interval.ts';

export interface MuteState {
  readonly inhibitor: Inhibitor;
  readonly silencer: Silencer;
  /** Why nothing of the route is sent now; undefined when it is not muted. */
  mutedRoute(route: Route): string | undefined;
}

export function createMuteState(
  config: AlertmanagerConfig,
  {
    alerts,
    silences,
    nowMs,
  }: { readonly alerts: Iterable<Alert>; readonly silences: Iterable<Silence>; readonly nowMs: number },
): MuteState {
  const isActive = (name: string): boolean =>
    (config.timeIntervals.get(name) ?? []).some((interval) => isInInterval(interval, nowMs));
  return {
    inhibitor: createInhibitor(config.inhibitRules, alerts, nowMs),
    silencer: createSilencer(silences, nowMs),
    mutedRoute(route) {
      const { activeTimeIntervals, muteTimeIntervals } = route;
      if (activeTimeIntervals.length > 0 && !activeTimeIntervals.some(isActive))
        return `outside the active time intervals ${activeTimeIntervals.join(', ')}`;
      const muting = muteTimeIntervals.find(isActive);
      return muting === undefined ? undefined : `in the mute time interval ${muting}`;
    },
  };
}
