/** Recording rules of what is known about an SLO: objective, budget, burn rates, and how it came about. */
import { formatFixed, formatGeneral } from '@sluice/promql/model/go-float';
import { DAY_MS, type Slo } from '../slo.ts';
import type { AlertWindows } from '../spec/alert-windows.ts';
import { idLabelsOf, mergeTexts, type RecordingDocument, selectorOf } from './rule-document.ts';
import { errorRatioMetric, SLOTH_LABEL, SLOTH_METRIC } from './sloth-names.ts';

/** Values of the labels of `sloth_slo_info`. */
export interface GeneratorInfo {
  readonly version: string;
  readonly mode: string;
  readonly spec: string;
}

export function metadataRules(
  slo: Slo,
  windows: AlertWindows,
  info: GeneratorInfo,
): readonly RecordingDocument[] {
  const labels = mergeTexts(idLabelsOf(slo), slo.labels);
  const selector = selectorOf(slo);
  const objective = formatGeneral(slo.objective / 100);
  const burnRate = (metric: string): string =>
    `${metric}${selector}\n/ on(${SLOTH_LABEL.id}, ${SLOTH_LABEL.slo}, ${SLOTH_LABEL.service}) group_left\n${SLOTH_METRIC.errorBudget}${selector}\n`;
  const record = (name: string, expr: string): RecordingDocument => ({ record: name, expr, labels });
  return [
    record(SLOTH_METRIC.objective, `vector(${objective})`),
    record(SLOTH_METRIC.errorBudget, `vector(1-${objective})`),
    record(SLOTH_METRIC.periodDays, `vector(${formatGeneral(slo.periodMs / DAY_MS)})`),
    record(SLOTH_METRIC.currentBurnRate, burnRate(errorRatioMetric(windows.page.quick.shortMs))),
    record(SLOTH_METRIC.periodBurnRate, burnRate(errorRatioMetric(slo.periodMs))),
    record(SLOTH_METRIC.budgetRemaining, `1 - ${SLOTH_METRIC.periodBurnRate}${selector}`),
    { record: SLOTH_METRIC.info, expr: 'vector(1)', labels: mergeTexts(labels, infoLabels(slo, info)) },
  ];
}

export function infoLabels(
  { objective }: Pick<Slo, 'objective'>,
  { version, mode, spec }: GeneratorInfo,
): Readonly<Record<string, string>> {
  return {
    [SLOTH_LABEL.version]: version,
    [SLOTH_LABEL.mode]: mode,
    [SLOTH_LABEL.spec]: spec,
    [SLOTH_LABEL.objective]: formatFixed(objective),
  };
}
