/**
 * The pipeline's own lag as an alert. While it lasts no rule is evaluated, so that nobody else's alert starts
 * or ends for it; this one says why nothing moves.
 */
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import type { RuleAlert } from '../rule-alert.ts';
import type { RulesSettings } from '../rules-settings.ts';

export const LAG_ALERT = 'SluiceLagging';

export interface LagWatchDeps {
  readonly tenant: string;
  readonly table: Table;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly settings: Pick<RulesSettings, 'lagLimitMs' | 'externalLabels'>;
  readonly lagMs: number;
  readonly report: (alerts: readonly RuleAlert[]) => Promise<void>;
}

/** Reports when the lag begins and when it is over; what was not heard is reported again. */
export async function watchLag(deps: LagWatchDeps): Promise<void> {
  const { tenant, table, clock, settings, lagMs, report } = deps;
  const key = { pk: `rules-lag#${tenant}`, sk: 'lag' };
  const nowMs = clock.nowMs();
  const isLagging = lagMs > settings.lagLimitMs;
  const item = await table.get(key, { consistent: true });
  if (isLagging && item === undefined) {
    // Told before it is noted: a crash between the two tells it twice rather than never.
    await report([toAlert(deps, { startsAtMs: nowMs })]);
    await table.put({ ...key, sinceMs: nowMs });
  } else if (!isLagging && item !== undefined) {
    await report([toAlert(deps, { startsAtMs: Number(item.sinceMs), endsAtMs: nowMs })]);
    await table.delete(key);
  }
}

function toAlert(
  { tenant, settings, lagMs }: LagWatchDeps,
  times: Pick<RuleAlert, 'startsAtMs' | 'endsAtMs'>,
): RuleAlert {
  return {
    labels: { ...settings.externalLabels, alertname: LAG_ALERT, severity: 'warning', tenant },
    annotations: {
      summary: `Metrics of tenant ${tenant} are behind: its alerts stay as they are until data is complete`,
      description: `Complete data lies ${Math.round(lagMs / 1_000)} s behind; the limit is ${Math.round(settings.lagLimitMs / 1_000)} s.`,
    },
    generatorUrl: '',
    ...times,
  };
}
