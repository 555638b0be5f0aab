/** Applies one tick's points to the state of a shard. */
import type { Exemplar } from '../model/snapshot.ts';
import { applyExponential, applyHistogram } from './apply-histogram.ts';
import { applyCounter, applyGauge, applyUpDown } from './apply-number.ts';
import { applySummary } from './apply-summary.ts';
import { findFamily, findSeries } from './find-series.ts';
import { isPublished, touchSeries } from './generations.ts';
import { changeHistogramForms } from './histogram-forms.ts';
import type { Arrival } from './sources.ts';
import type { SeriesState } from './state.ts';
import type { TickContext } from './tick-context.ts';

const NONE: readonly Exemplar[] = [];

/** Of one source, older points go first; where the order of sources matters, their event times decide. */
export function applyPoints(arrivals: Arrival[], context: TickContext): void {
  startTick(context);
  arrivals.sort((a, b) => a.point.timeMs - b.point.timeMs);
  changeHistogramForms(arrivals, context);
  const exemplars: { readonly series: SeriesState; readonly exemplar: Exemplar }[] = [];
  for (let i = 0; i < arrivals.length; i++) {
    const arrival = arrivals[i]!;
    const series = findSeries(arrival.point, context);
    if (series === undefined) continue;
    applyPoint(series, arrival, context);
    for (const exemplar of arrival.point.exemplars) exemplars.push({ series, exemplar });
  }
  keepNewest(exemplars, context.settings.maxExemplarsPerTick);
}

/** What belongs to one tick only is forgotten, and the series that count towards limits are counted. */
function startTick({ state, previousTickMs, settings }: TickContext): void {
  for (const count of state.seriesCounts.values()) count.live = 0;
  for (const series of state.series.values()) {
    if (series.exemplars.length > 0) series.exemplars = NONE;
    const { data } = series;
    if ((data.type === 'gauge' || data.type === 'updown') && data.spread.count > 0) data.spread.count = 0;
    if (!isPublished(series, previousTickMs, settings.publishForMs)) continue;
    series.count.live += 1;
  }
}

function applyPoint(series: SeriesState, arrival: Arrival, context: TickContext): void {
  const { point, receivedAtMs } = arrival;
  const { data } = series;
  const eventMs = Math.min(point.timeMs, receivedAtMs);
  if (point.type === 'stale') {
    if (eventMs >= series.eventMs) series.isEnded = true;
    return;
  }
  const { help, unit } = point.series.family;
  const { family } = series;
  if ((help !== '' && help !== family.help) || unit !== family.unit) findFamily(point.series, context);
  touchSeries(series, context);
  if (eventMs > series.eventMs) series.eventMs = eventMs;
  if (point.type === 'number') {
    if (data.type === 'counter') applyCounter({ series, data }, { point, receivedAtMs }, context);
    else if (data.type === 'gauge') applyGauge(data, point, eventMs);
    else if (data.type === 'updown') applyUpDown(data, point, context);
  } else if (point.type === 'histogram' && data.type === 'histogram') {
    applyHistogram({ series, data }, { point, receivedAtMs }, context);
  } else if (point.type === 'exponential' && data.type === 'exponential') {
    applyExponential({ series, data }, { point, receivedAtMs }, context);
  } else if (point.type === 'summary' && data.type === 'summary') {
    applySummary({ series, data }, { point, receivedAtMs }, context);
  } else {
    context.warnings.add('forms-differ', series.family.name);
  }
}

/** Keeps the newest so many; an exemplar is an example, and its ids do not compress. */
function keepNewest(
  found: { readonly series: SeriesState; readonly exemplar: Exemplar }[],
  maxExemplars: number,
): void {
  found.sort((a, b) => b.exemplar.timeMs - a.exemplar.timeMs);
  for (const { series, exemplar } of found.slice(0, maxExemplars)) {
    series.exemplars = [exemplar, ...series.exemplars];
  }
}
