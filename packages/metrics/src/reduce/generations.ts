/**
 * When a series begins to count anew: back after it was no longer published, or under other bounds. Its
 * level goes on, and the new generation opens at it, so that nothing falls and nothing counts twice.
 */

import { toExplicitLevels } from './apply-histogram.ts';
import { copyLevels, isZero } from './histogram-levels.ts';
import type { SeriesState } from './state.ts';
import type { TickContext } from './tick-context.ts';

/** Whether the object of `tickMs` shows the series. */
export function isPublished(series: SeriesState, tickMs: number, publishForMs: number): boolean {
  return !series.isEnded && tickMs - series.changedTickMs <= publishForMs;
}

/** Notes that there is news of the series in this tick. */
export function touchSeries(series: SeriesState, context: TickContext): void {
  if (series.changedTickMs === context.tickMs && !series.isEnded) return;
  const { publishForMs } = context.settings;
  if (!isPublished(series, context.previousTickMs, publishForMs)) beginGeneration(series, context);
  series.changedTickMs = context.tickMs;
  series.isEnded = false;
}

/** From the tick before on, at the present level. */
export function beginGeneration(series: SeriesState, { tickMs, settings }: TickContext): void {
  series.startMs = Math.max(tickMs - settings.tickMs, series.startMs + 1);
  series.resumedTickMs = tickMs;
  series.place = undefined;
  const { data } = series;
  switch (data.type) {
    case 'counter':
      data.opening = data.level;
      break;
    case 'histogram':
      data.opening = isZero(data) ? undefined : copyLevels(data);
      break;
    case 'exponential':
      data.opening = toExplicitLevels(data);
      break;
    case 'summary':
      data.opening = { count: data.count, sum: data.sum };
      break;
    case 'gauge':
    case 'updown':
      break;
  }
}
