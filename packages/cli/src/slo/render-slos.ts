/** SLOs as a table, one a line, with what is the matter below it. */
import { formatFixed } from '@sluice/promql/model/go-float';
import type { SloView } from '@sluice/rules/slo/slo-views';
import { formatCount, formatDuration } from '../quantity.ts';
import { type Style, safeText } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';

const COLUMNS = [
  { title: 'SLO' },
  { title: 'OBJECTIVE', align: 'right' },
  { title: 'STATE' },
  { title: 'BUDGET LEFT', align: 'right' },
  { title: 'BAD', align: 'right' },
  { title: 'OF', align: 'right' },
  { title: 'BURN 1H', align: 'right' },
  { title: 'BURN 6H', align: 'right' },
  { title: 'GONE IN', align: 'right' },
] as const;

const STATE_COLUMN = 2;
const HOUR_MS = 3_600_000;

export function renderSlos(views: readonly SloView[], style: Style): string {
  const table = renderTable(COLUMNS, views.map(toRow), {
    style,
    paint: (cell, { row, column }) => (column === STATE_COLUMN ? paintOf(views[row]!, style)(cell) : cell),
  });
  const reasons = views.flatMap((view) =>
    'reason' in view ? [`${safeText(view.id)}: ${safeText(view.reason)}\n`] : [],
  );
  return `${table}${reasons.join('')}`;
}

function toRow(view: SloView): readonly string[] {
  const objective = `${formatFixed(Number(view.objective.toPrecision(12)))} %`;
  if ('reason' in view) return [view.id, objective, view.state, '', '', '', '', '', ''];
  const burn = (hours: number): string => {
    const found = view.windows.find(({ windowMs }) => windowMs === hours * HOUR_MS);
    return found?.burnRate === undefined || found.burnRate === null ? '–' : formatRate(found.burnRate);
  };
  const { remainingRatio } = view.budget;
  const state =
    view.severity === null || view.state === 'no_data' ? view.state : `${view.state} (${view.severity})`;
  return [
    view.id,
    objective,
    state.replaceAll('_', ' '),
    remainingRatio === null ? '–' : `${(remainingRatio * 100).toFixed(2)} %`,
    formatAmount(view.bad, view.unit),
    formatAmount(view.total, view.unit),
    burn(1),
    burn(6),
    view.hoursToExhaustion === null ? '–' : formatDuration(view.hoursToExhaustion * HOUR_MS),
  ];
}

function formatAmount(value: number, unit: 'events' | 'seconds'): string {
  return unit === 'seconds' ? formatDuration(value * 1000) : formatCount(value);
}

function formatRate(value: number): string {
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))}×`;
}

function paintOf(view: SloView, style: Style): (text: string) => string {
  switch (view.state) {
    case 'ok':
      return style.green;
    case 'exhausted':
    case 'burning':
    case 'quarantine':
      return style.red;
    default:
      return style.yellow;
  }
}
