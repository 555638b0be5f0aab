/** One line a sample: its labels, its time, its value (RFC 4180). */
import type { QueryResult } from './query-answer.ts';

export function renderCsv({ series }: QueryResult): string {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const lines = [[...names, 'time', 'value']];
  for (const { labels, samples } of series) {
    const own = names.map((name) => labels[name] ?? '');
    for (const { timeMs, text } of samples) lines.push([...own, new Date(timeMs).toISOString(), text]);
  }
  return lines.map((cells) => `${cells.map(quote).join(',')}\r\n`).join('');
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
