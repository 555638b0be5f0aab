/** The state of a pipeline as two small tables. */
import { ENV } from '@sluice/core/names';
import { formatBytes, formatCount, formatDuration } from '../quantity.ts';
import { type Style, safeText } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import type { LogStoreStatus, Status } from './read-status.ts';

export function renderStatus(
  status: Status,
  { url, style }: { readonly url: string; readonly style: Style },
): string {
  const { ready, problems, uptimeSeconds, signals, destinations, logStore } = status;
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
  const store = logStore === null ? '' : `\n${renderLogStore(logStore, style)}`;
  if (destinations.length === 0) return `${heading}${faults}\n${queues}${store}`;
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
  return `${heading}${faults}\n${queues}\n${sinks}${store}`;
}

function renderLogStore({ lines, storedBytes, evictedLines }: LogStoreStatus, style: Style): string {
  const holds = `log store: ${formatCount(lines)} lines in ${formatBytes(storedBytes)}`;
  if (evictedLines === 0) return `${holds}\n`;
  const lost = `its oldest ${formatCount(evictedLines)} were evicted because it was full`;
  return `${holds}; ${style.yellow(lost)} (${ENV.maxStoreMib})\n`;
}

function formatRate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond);
}
