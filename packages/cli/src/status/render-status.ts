/** The state of a pipeline as two small tables. */
import { formatCount, formatDuration } from '../quantity.ts';
import { type Style, safeText } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import type { Status } from './read-status.ts';

export function renderStatus(
  status: Status,
  { url, style }: { readonly url: string; readonly style: Style },
): string {
  const { ready, problems, uptimeSeconds, signals, destinations } = status;
  const state = ready ? style.green('ready') : style.red('not ready');
  const uptime = uptimeSeconds === null ? '' : `, up ${formatDuration(uptimeSeconds * 1000)}`;
  const heading = `Sluice at ${safeText(url)} is ${state}${uptime}\n`;
  const faults = problems.map((problem) => `  ${style.red(safeText(problem))}\n`).join('');

  const right = (title: string) => ({ title, align: 'right' }) as const;
  const queues = renderTable(
    [
      { title: 'SIGNAL' },
      right('ITEMS/S'),
      right('ACCEPTED'),
      right('REJECTED'),
      right('QUEUED'),
      right('IN FLIGHT'),
      right('DELAYED'),
      right('OLDEST'),
      right('DEAD LETTERS'),
    ],
    signals.map((row) => [
      row.signal,
      formatRate(row.perSecond),
      formatCount(row.accepted),
      formatCount(row.rejected),
      formatCount(row.waiting),
      formatCount(row.inFlight),
      formatCount(row.delayed),
      formatDuration(row.oldestAgeSeconds * 1000),
      formatCount(row.deadLetters),
    ]),
    {
      style,
      paint(cell, { column }) {
        const isBad = (column === 3 || column === 8) && cell.trim() !== '0';
        return isBad ? style.red(cell) : cell;
      },
    },
  );
  if (destinations.length === 0) return `${heading}${faults}\n${queues}`;
  const sinks = renderTable(
    [
      { title: 'DESTINATION' },
      { title: 'SIGNAL' },
      right('ITEMS/S'),
      right('DELIVERED'),
      right('FAILED PUSHES'),
      { title: 'STATE' },
    ],
    destinations.map(({ sink, signal, perSecond, items, failedPushes, misconfigured }) => [
      sink,
      signal,
      formatRate(perSecond),
      formatCount(items),
      formatCount(failedPushes),
      misconfigured ? 'refuses us: check its URL and credentials' : 'ok',
    ]),
    { style, paint: (cell, { column }) => (column === 5 && cell.trim() !== 'ok' ? style.red(cell) : cell) },
  );
  return `${heading}${faults}\n${queues}\n${sinks}`;
}

function formatRate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond);
}
