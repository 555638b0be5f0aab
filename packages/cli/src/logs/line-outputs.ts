/** Log lines for programs: as JSON and as CSV (RFC 4180). */
import type { LogLine } from './log-answer.ts';

export function toJsonLine({ timeNs, line, labels }: LogLine): object {
  return { time: isoTime(timeNs), timeNs: String(timeNs), labels, line };
}

export const CSV_HEADING = toCsv(['time', 'service', 'line']);

export function toCsvLine({ timeNs, line, labels }: LogLine): string {
  return toCsv([isoTime(timeNs), labels.service ?? '', line]);
}

function toCsv(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`;
}

/** With all nine digits of the fraction. */
function isoTime(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}
