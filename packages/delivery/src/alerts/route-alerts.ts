/** The tick of routing, for every tenant that has alerts. One tenant's fault does not hold up the others. */
import type { AlertingSetup } from '@sluice/alerting/config/alerting-setup';
import { type AlertingState, listAlertingTenants } from '@sluice/alerting/notify/alerting-state';
import { runRouteTick } from '@sluice/alerting/notify/route-tick';
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Queue } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import type { SelfMetrics } from '@sluice/core/self-metrics';

export interface RouteAlertsOptions {
  readonly table: Table;
  readonly queue: Queue;
  readonly stateOf: (tenant: string) => AlertingState;
  /** Undefined while there is no configuration: alerts are kept, and nobody is told. */
  readonly setup: () => AlertingSetup | undefined;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

export interface RouteAlerts {
  /** @throws when a tenant's alerts could not be routed, after all others were */
  run(): Promise<void>;
  /** When all tenants were routed for the last time; undefined before that. */
  lastTickMs(): number | undefined;
}

export function createRouteAlerts(options: RouteAlertsOptions): RouteAlerts {
  const { table, queue, clock, selfMetrics, logger } = options;
  const tick = selfMetrics.gauge(METRIC.alertingTick, 'When routing last visited all groups, in seconds.');
  const queued = selfMetrics.counter(
    METRIC.notificationsQueued,
    'Notifications that routing has decided on.',
  );
  let lastMs: number | undefined;
  return {
    lastTickMs: () => lastMs,
    async run() {
      const setup = options.setup();
      if (setup === undefined) return;
      const nowMs = clock.nowMs();
      let failed = 0;
      for (const tenant of await listAlertingTenants(table)) {
        try {
          const { config } = setup;
          const state = options.stateOf(tenant);
          const result = await runRouteTick({ state, config, queue, nowMs });
          if (result.notificationsQueued > 0) queued.add(result.notificationsQueued);
        } catch (error) {
          failed += 1;
          logger.error('alerts could not be routed; the next tick tries again', {
            tenant,
            error: describeError(error),
          });
        }
      }
      if (failed > 0) throw new Error(`alerts of ${failed} tenants could not be routed`);
      lastMs = nowMs;
      tick.set(nowMs / 1_000);
    },
  };
}
