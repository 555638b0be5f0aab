/** What the routes of Alertmanager's API are given. */
import type { AlertingSetup } from '@sluice/alerting/config/alerting-setup';
import type { AlertmanagerConfig } from '@sluice/alerting/config/alertmanager-config';
import type { AlertingState } from '@sluice/alerting/notify/alerting-state';
import type { Clock } from '@sluice/core/ports/clock';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { NO_CONFIG } from './alerts-view.ts';

export interface AlertmanagerDeps {
  readonly stateOf: (tenant: string) => AlertingState;
  /** Undefined while there is no configuration. */
  readonly setup: () => AlertingSetup | undefined;
  /** Why the files as they are now are not what is in force. */
  readonly problems: () => readonly string[];
  readonly clock: Clock;
  readonly startedAtMs: number;
  readonly selfMetrics: SelfMetrics;
}

export function configOf({ setup }: Pick<AlertmanagerDeps, 'setup'>): AlertmanagerConfig {
  return setup()?.config ?? NO_CONFIG;
}
