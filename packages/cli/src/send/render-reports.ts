/** The reports of a `send` for people: a line per file, reasons below, the sum last. */
import { formatCount, plural } from '../quantity.ts';
import { type Style, safeText } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import type { FileReport, Note } from './file-report.ts';

const SHOWN_NOTES = 6;
const MAX_FILE_CHARS = 56;

export type Totals = Omit<FileReport, 'file' | 'signals' | 'notes'>;

export function sumReports(reports: readonly FileReport[]): Totals {
  const sum = (pick: (report: FileReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  return {
    requests: sum(({ requests }) => requests),
    accepted: sum(({ accepted }) => accepted),
    rejected: sum(({ rejected }) => rejected),
    warned: sum(({ warned }) => warned),
    refused: sum(({ refused }) => refused),
    retries: sum(({ retries }) => retries),
  };
}

export function renderReports(
  reports: readonly FileReport[],
  { style, dryRun }: { readonly style: Style; readonly dryRun: boolean },
): string {
  const table = renderTable(
    [
      { title: 'FILE' },
      { title: 'SIGNAL' },
      { title: 'REQUESTS', align: 'right' },
      { title: 'ACCEPTED', align: 'right' },
      { title: 'REJECTED', align: 'right' },
      { title: 'WARNED', align: 'right' },
      { title: 'REFUSED', align: 'right' },
    ],
    reports.map(({ file, signals, requests, accepted, rejected, warned, refused }) => [
      shorten(file),
      signals.join('+') || '-',
      ...[requests, accepted, rejected, warned, refused].map(formatCount),
    ]),
    {
      style,
      paint(cell, { column }) {
        if (column < 3 || cell.trim() === '0') return cell;
        if (column === 3) return style.green(cell);
        return column === 5 ? style.yellow(cell) : style.red(cell);
      },
    },
  );
  const notes = reports.flatMap((report) => renderNotes(report, style));
  const totals = sumReports(reports);
  const last = `${dryRun ? 'would send' : 'sent'} ${plural(totals.requests, 'request')}: ${plural(totals.accepted, 'item')} accepted, ${formatCount(totals.rejected)} rejected, ${plural(totals.refused, 'request')} refused${totals.retries > 0 ? `, ${plural(totals.retries, 'retry').replace('retrys', 'retries')}` : ''}`;
  return [table, ...notes, `${style.bold(last)}\n`].join('');
}

function renderNotes({ file, notes }: FileReport, style: Style): readonly string[] {
  const shown = notes.slice(0, SHOWN_NOTES).map((note) => renderNote(file, note, style));
  const more = notes.length - shown.length;
  return more > 0
    ? [...shown, `  ${safeText(file)}: ${plural(more, 'more kind')} of reason; --json tells all\n`]
    : shown;
}

/** The end of a long path tells more than its beginning. */
function shorten(file: string): string {
  return file.length <= MAX_FILE_CHARS ? file : `…${file.slice(1 - MAX_FILE_CHARS)}`;
}

function renderNote(file: string, { kind, reason, count, line }: Note, style: Style): string {
  const colour = kind === 'warned' ? style.yellow : style.red;
  const place = `${file}${line === undefined ? '' : `:${line}`}`;
  const times = count > 1 ? ` (${formatCount(count)} times)` : '';
  return `  ${safeText(place)}: ${colour(kind)}: ${safeText(reason)}${times}\n`;
}
