/** The samples of an instant query: a column for each label where they fit the terminal, else the series' name. */
import { formatCount } from '../quantity.ts';
import type { Style } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import { type QueryResult, seriesName } from './query-answer.ts';

const GAP = 2;

export function renderSamples(
  { type, series }: QueryResult,
  { style, columns }: { readonly style: Style; readonly columns: number },
): string {
  if (type === 'scalar' || type === 'string') return `${series[0]!.samples[0]!.text}\n`;
  if (series.length === 0) return 'Nothing matches at that time.\n';
  const rows = series.flatMap(({ labels, samples }) => samples.map((sample) => ({ labels, sample })));
  const hasTimes = type === 'matrix';
  const last = rows.map(({ sample }) => [
    ...(hasTimes ? [new Date(sample.timeMs).toISOString()] : []),
    sample.text,
  ]);
  const lastTitles = [...(hasTimes ? [{ title: 'TIME' }] : []), { title: 'VALUE', align: 'right' as const }];
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const cells = rows.map(({ labels }) => names.map((name) => labels[name] ?? ''));
  const width = [...names.keys()].reduce(
    (sum, column) => sum + GAP + Math.max(names[column]!.length, ...cells.map((row) => row[column]!.length)),
    Math.max(...last.map((row) => row.join('  ').length)),
  );
  const isWide = width > columns || names.length === 0;
  const table = renderTable(
    [
      ...(isWide
        ? [{ title: 'SERIES' }]
        : names.map((name) => ({ title: name === '__name__' ? 'METRIC' : name }))),
      ...lastTitles,
    ],
    rows.map(({ labels }, i) => [...(isWide ? [seriesName(labels)] : cells[i]!), ...last[i]!]),
    { style },
  );
  return `${table}${formatCount(series.length)} series\n`;
}
