/** Counters, gauges and sums that may fall. */

import { addLevels, compareLevels, subtractLevels } from '../model/level.ts';
import type { NumberMetricPoint } from '../model/metric-point.ts';
import type { Level } from '../model/snapshot.ts';
import {
  type Arrival,
  addSource,
  dropSources,
  findSource,
  type TotalRules,
  takeFromSource,
} from './sources.ts';
import type { CounterData, GaugeData, SeriesState, Source, Spread, UpDownData } from './state.ts';
import type { TickContext } from './tick-context.ts';

const COUNTER_RULES: TotalRules<Level, Level> = {
  rise: (later, earlier) => (compareLevels(later, earlier) < 0 ? undefined : subtractLevels(later, earlier)),
  whole: (value) => value,
  size: (value) => value,
};

export function applyCounter(
  { series, data }: { readonly series: SeriesState; readonly data: CounterData },
  { point, receivedAtMs }: Arrival & { readonly point: NumberMetricPoint },
  context: TickContext,
): void {
  if (point.mode === 'delta') {
    data.level = addLevels(data.level, point.value);
    return;
  }
  const isFirst = data.sources.length === 0 && data.level === 0;
  const arrival = { point, receivedAtMs };
  const taken = takeFromSource(
    { series, sources: data.sources },
    { arrival, value: point.value, rules: COUNTER_RULES },
    context,
  );
  if (taken.type === 'increase') data.level = addLevels(data.level, taken.increase);
  else if (taken.type === 'opening' && isFirst) {
    data.level = point.value;
    data.opening = point.value;
  }
}

export function applyGauge(data: GaugeData, point: NumberMetricPoint, eventMs: number): void {
  const value = Number(point.value);
  if (eventMs >= data.lastMs) {
    data.last = value;
    data.lastMs = eventMs;
  }
  spreadBy(data.spread, value);
}

/** A cumulative source gives its present value; deltas add up. The series is the sum of both. */
export function applyUpDown(data: UpDownData, point: NumberMetricPoint, { tickMs }: TickContext): void {
  if (point.mode === 'delta') {
    data.level = addLevels(data.level, point.value);
  } else {
    const known = findSource(data.sources, point);
    if (known === undefined) meetUpDownSource(data.sources, point, tickMs);
    else if (point.timeMs >= known.timeMs) {
      known.timeMs = point.timeMs;
      known.seenTickMs = tickMs;
      known.last = point.value;
    }
  }
  data.last = Number(upDownTotal(data));
  spreadBy(data.spread, data.last);
}

/** A new start of a stream takes the place of the older ones, and an older one is old news. */
function meetUpDownSource(sources: Source<Level>[], point: NumberMetricPoint, tickMs: number): void {
  const { origin, startMs, timeMs, value } = point;
  const { sourceName } = point.series.family;
  const isSameStream = (source: Source<Level>): boolean =>
    source.origin === origin && source.sourceName === sourceName;
  if (sources.some((source) => isSameStream(source) && source.startMs > startMs)) return;
  dropSources(sources, (source) => isSameStream(source));
  const clockless = { adjustedStartMs: startMs, high: 0, sinceFall: 0, returns: 0 };
  addSource(sources, { origin, sourceName, startMs, timeMs, seenTickMs: tickMs, last: value, ...clockless });
}

export function upDownTotal({ level, sources }: UpDownData): Level {
  let total = level;
  for (let i = 0; i < sources.length; i++) total = addLevels(total, sources[i]!.last);
  return total;
}

function spreadBy(spread: Spread, value: number): void {
  spread.min = spread.count === 0 ? value : Math.min(spread.min, value);
  spread.max = spread.count === 0 ? value : Math.max(spread.max, value);
  spread.sum = spread.count === 0 ? value : spread.sum + value;
  spread.count += 1;
}
