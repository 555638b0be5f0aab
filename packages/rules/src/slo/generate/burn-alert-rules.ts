/** Alerts on fast burning: each of two pairs of windows, the short one to end the alert when the errors end. */
import { formatGeneral } from '@sluice/promql/model/go-float';
import { type AlertMeta, errorBudgetOf, type Slo } from '../slo.ts';
import { type AlertWindow, type AlertWindows, burnFactorOf } from '../spec/alert-windows.ts';
import { type AlertDocument, mergeTexts, selectorOf } from './rule-document.ts';
import { errorRatioMetric, SLOTH_LABEL } from './sloth-names.ts';

export type Severity = 'page' | 'ticket';

export function burnAlertRules(slo: Slo, windows: AlertWindows): readonly AlertDocument[] {
  return (['page', 'ticket'] as const).flatMap((severity) => {
    const meta = slo[severity];
    return meta === undefined ? [] : [burnAlert(slo, meta, { severity, windows })];
  });
}

function burnAlert(
  slo: Slo,
  meta: AlertMeta,
  { severity, windows }: { readonly severity: Severity; readonly windows: AlertWindows },
): AlertDocument {
  const subject = `{{$labels.${SLOTH_LABEL.service}}} {{$labels.${SLOTH_LABEL.slo}}}`;
  const pair = (window: AlertWindow): string => {
    const limit = `${formatGeneral(burnFactorOf(windows, window))} * ${formatGeneral(errorBudgetOf(slo))}`;
    const burns = (windowMs: number): string =>
      `max(${errorRatioMetric(windowMs)}${selectorOf(slo)} > (${limit})) without (${SLOTH_LABEL.window})`;
    return `(\n    ${burns(window.shortMs)}\n    and\n    ${burns(window.longMs)}\n)\n`;
  };
  return {
    alert: meta.name,
    expr: `${pair(windows[severity].quick)}or\n${pair(windows[severity].slow)}`,
    labels: mergeTexts({ [SLOTH_LABEL.severity]: severity }, meta.labels),
    annotations: mergeTexts(
      {
        title: `(${severity}) ${subject} SLO error budget burn rate is too fast.`,
        summary: `${subject} SLO error budget burn rate is over expected.`,
      },
      meta.annotations,
    ),
  };
}
