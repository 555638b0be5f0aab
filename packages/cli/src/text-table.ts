/** Rows under a heading, in columns as wide as they need; cells are made safe to print. */
import { type Style, safeText } from './terminal-text.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: 'right';
}

/** Colours a finished cell, padding included. */
export type Paint = (cell: string, place: { readonly row: number; readonly column: number }) => string;

const GAP = '  ';

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { style, paint = (cell) => cell }: { readonly style: Style; readonly paint?: Paint },
): string {
  const safe = rows.map((row) => row.map(safeText));
  const widths = columns.map(({ title }, column) =>
    Math.max(title.length, ...safe.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (text: string, column: number): string => {
    const width = widths[column]!;
    if (columns[column]!.align === 'right') return text.padStart(width);
    return column === columns.length - 1 ? text : text.padEnd(width);
  };
  const heading = columns.map(({ title }, column) => style.dim(pad(title, column))).join(GAP);
  const body = safe.map((row, rowIndex) =>
    row.map((cell, column) => paint(pad(cell, column), { row: rowIndex, column })).join(GAP),
  );
  return `${[heading, ...body].join('\n')}\n`;
}
