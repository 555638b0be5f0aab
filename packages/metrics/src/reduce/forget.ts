/** What a shard no longer needs to know: series and sources that have been silent for long. */
import { upDownTotal } from './apply-number.ts';
import { isPublished } from './generations.ts';
import { dropSources } from './sources.ts';
import { dropSeries, type SeriesState, type Source } from './state.ts';
import type { TickContext } from './tick-context.ts';

/** What a full shard is brought back to, if enough of its series are silent. */
const FILLED = 0.9;

export function forgetSilent(context: TickContext): void {
  const { state, tickMs, settings } = context;
  for (const series of state.series.values()) {
    forgetSources(series, context);
    if (tickMs - series.changedTickMs > settings.forgetAfterMs) forgetSeries(series, context);
  }
  if (state.series.size < settings.maxSeriesPerShard) return;
  const excess = state.series.size - Math.floor(settings.maxSeriesPerShard * FILLED);
  const silent = [...state.series.values()]
    .filter((series) => !isPublished(series, tickMs, settings.publishForMs))
    .sort((a, b) => a.changedTickMs - b.changedTickMs);
  for (const series of silent.slice(0, excess)) forgetSeries(series, context);
}

function forgetSources(series: SeriesState, { tickMs, settings }: TickContext): void {
  const { data } = series;
  if (data.type === 'gauge') return;
  if (data.type === 'updown') {
    if (data.sources.length === 0) return;
    const gone = dropSources(data.sources, ({ seenTickMs }) => tickMs - seenTickMs > settings.upDownSourceMs);
    if (gone.length === 0) return;
    series.place = undefined;
    data.last = Number(upDownTotal(data));
    if (data.sources.length === 0 && data.level === 0) series.isEnded = true;
    return;
  }
  const sources: Source<unknown>[] = data.sources as Source<unknown>[];
  const isOld = ({ seenTickMs }: Source<unknown>): boolean => tickMs - seenTickMs > settings.forgetAfterMs;
  if (sources.length === 0 || !sources.some(isOld)) return;
  for (const source of dropSources(sources, isOld)) rememberHorizon(series, source);
  series.place = undefined;
}

function forgetSeries(series: SeriesState, { state }: TickContext): void {
  if (series.data.type !== 'gauge') for (const source of series.data.sources) rememberHorizon(series, source);
  dropSeries(state, series.id);
}

/** An unknown source that began no later may be this one, and then its past has been counted already. */
function rememberHorizon(
  { family }: SeriesState,
  { adjustedStartMs }: Pick<Source<unknown>, 'adjustedStartMs'>,
): void {
  if (adjustedStartMs > family.horizonMs) family.horizonMs = adjustedStartMs;
}
