/** Results as CSV and as a table for terminals. */
import type { InsightsResult } from './log-insights-backend.ts';

/** RFC 4180. A value that a spreadsheet would take for a formula gets an apostrophe before it. */
export function renderCsv(result: InsightsResult): string {
  const rows = cellsOf(result).map((row) => row.map((cell) => quoteCsv(defuse(cell))));
  return [result.columns.map(quoteCsv), ...rows].map((cells) => `${cells.join(',')}\r\n`).join('');
}

const MAX_CELL_CHARS = 120;

/** Control characters and escapes are shown as `?`: a log line must not steer the terminal. */
export function renderTable(result: InsightsResult): string {
  const rows = [result.columns, ...cellsOf(result)].map((row) => row.map(clean));
  const widths = result.columns.map((_, i) => Math.max(...rows.map((row) => widthOf(row[i]!))));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat(widths[i]! - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return `${lines.join('\n')}\n`;
}

function cellsOf({ columns, rows }: InsightsResult): readonly (readonly string[])[] {
  return rows.map((row) => columns.map((column) => row.find(({ field }) => field === column)?.value ?? ''));
}

function defuse(cell: string): string {
  return /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : cell;
}

function quoteCsv(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function widthOf(cell: string): number {
  return [...cell].length;
}

function clean(cell: string): string {
  const printable = cell.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
  if (widthOf(printable) <= MAX_CELL_CHARS) return printable;
  return `${[...printable].slice(0, MAX_CELL_CHARS - 1).join('')}…`;
}
