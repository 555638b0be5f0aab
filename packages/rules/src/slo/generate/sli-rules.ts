/** Recording rules of an SLO's error ratio, one a window. */
import { formatDuration } from '@sluice/promql/parse/duration-text';
import type { Sli, Slo } from '../slo.ts';
import { type AlertWindows, windowsOf } from '../spec/alert-windows.ts';
import { renderWindow } from '../spec/window-variable.ts';
import { idLabelsOf, mergeTexts, type RecordingDocument, selectorOf } from './rule-document.ts';
import { errorRatioMetric, SLOTH_LABEL } from './sloth-names.ts';

export function sliRules(slo: Slo, windows: AlertWindows): readonly RecordingDocument[] {
  return [...windowsOf(windows), slo.periodMs].map((windowMs) => {
    const window = formatDuration(windowMs);
    return {
      record: errorRatioMetric(windowMs),
      expr:
        windowMs === slo.periodMs
          ? averageOf(slo, window, windows.page.quick.shortMs)
          : renderWindow(ratioOf(slo.sli), window),
      labels: mergeTexts(idLabelsOf(slo), { [SLOTH_LABEL.window]: window }, slo.labels),
    };
  });
}

function ratioOf(sli: Sli): string {
  if (sli.kind === 'raw') return `(${sli.errorRatioQuery})`;
  return `(${sli.errorQuery})\n/\n(${sli.totalQuery})\n`;
}

/** The whole period out of the shortest window's recordings: cheap for Prometheus, blind to traffic. */
function averageOf(slo: Slo, window: string, shortMs: number): string {
  const selected = `${errorRatioMetric(shortMs)}${selectorOf(slo)}[${window}]`;
  return `sum_over_time(${selected})\n/ ignoring (${SLOTH_LABEL.window})\ncount_over_time(${selected})\n`;
}
