/** An SLO's status as series, under Sloth's names, so that its dashboards and alerts work on the ledger. */
import { type Labels, METRIC_NAME, toLabels } from '@sluice/promql/model/labels';
import { formatDuration } from '@sluice/promql/parse/duration-text';
import type { RuleSample } from '../../evaluate/alert-state.ts';
import { infoLabels } from '../generate/metadata-rules.ts';
import { idLabelsOf } from '../generate/rule-document.ts';
import { errorRatioMetric, SLOTH_LABEL, SLOTH_METRIC } from '../generate/sloth-names.ts';
import { DAY_MS } from '../slo.ts';
import type { SloPlan } from './slo-plan.ts';
import type { SloStatus } from './slo-status.ts';

/** Value of the label `sloth_mode`. */
const MODE = 'sluice-ledger';

export function toSloSamples(
  plan: SloPlan,
  status: SloStatus,
  { version }: { readonly version: string },
): readonly RuleSample[] {
  const { slo, windows, kind } = plan;
  const shortest = status.windows.find(({ windowMs }) => windowMs === windows.page.quick.shortMs);
  const periodBurn = status.budget.remainingRatio === null ? null : 1 - status.budget.remainingRatio;
  const named = (name: string, value: number | null | undefined, extra = {}): readonly RuleSample[] =>
    value === null || value === undefined ? [] : [{ labels: seriesLabels(slo, name, extra), value }];
  return [
    ...status.windows.flatMap(({ windowMs, errorRatio }) =>
      errorRatio === null ? [] : [{ labels: windowLabels(slo, windowMs), value: errorRatio }],
    ),
    ...named(SLOTH_METRIC.objective, slo.objective / 100),
    ...named(SLOTH_METRIC.errorBudget, 1 - slo.objective / 100),
    ...named(SLOTH_METRIC.periodDays, slo.periodMs / DAY_MS),
    ...named(SLOTH_METRIC.currentBurnRate, shortest?.burnRate),
    ...named(SLOTH_METRIC.periodBurnRate, periodBurn),
    ...named(SLOTH_METRIC.budgetRemaining, status.budget.remainingRatio),
    ...named(SLOTH_METRIC.info, 1, infoLabels(slo, { version, mode: MODE, spec: kind })),
  ];
}

/** What labels of series are made of. */
type Labelled = Pick<SloStatus, 'id' | 'name' | 'service' | 'labels'>;

export function windowLabels(slo: Labelled, windowMs: number): Labels {
  return seriesLabels(slo, errorRatioMetric(windowMs), { [SLOTH_LABEL.window]: formatDuration(windowMs) });
}

function seriesLabels(slo: Labelled, name: string, extra: Readonly<Record<string, string>>): Labels {
  return toLabels({ ...idLabelsOf(slo), ...extra, ...slo.labels, [METRIC_NAME]: name });
}
