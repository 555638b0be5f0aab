/** The state of a shard as readers see it: published series only, buckets cumulative. */
import { addLevels } from '../model/level.ts';
import { explicitBounds } from '../model/native-buckets.ts';
import type {
  CounterSnapshot,
  FamilyMetadata,
  HistogramSnapshot,
  Level,
  SeriesSnapshot,
  ShardKey,
  Snapshot,
} from '../model/snapshot.ts';
import { toExplicitLevels } from './apply-histogram.ts';
import { isPublished } from './generations.ts';
import { isZero } from './histogram-levels.ts';
import type { ExponentialData, HistogramLevels, SeriesState, ShardState, Spread } from './state.ts';

export function toSnapshot(
  state: ShardState,
  { tenant, shard }: ShardKey,
  { publishForMs }: { readonly publishForMs: number },
): Snapshot {
  const series: SeriesSnapshot[] = [];
  const families = new Map<string, FamilyMetadata>();
  for (const own of state.series.values()) {
    if (!isPublished(own, state.tickMs, publishForMs)) continue;
    series.push(toSeriesSnapshot(own));
    const { name, kind, help, unit } = own.family;
    if (!families.has(name)) families.set(name, { kind, help, unit });
  }
  const { tickMs, previousTickMs, warnings } = state;
  return { tenant, shard, tickMs, previousTickMs, series, families, warnings };
}

function toSeriesSnapshot(series: SeriesState): SeriesSnapshot {
  const { labels, id, startMs, eventMs, changedTickMs, resumedTickMs, exemplars, data } = series;
  const base = { labels, id, startMs, eventMs, changedTickMs, resumedTickMs, exemplars };
  switch (data.type) {
    case 'counter': {
      const counter: Omit<CounterSnapshot, 'opening'> & { opening?: Level } = {
        labels,
        id,
        startMs,
        eventMs,
        changedTickMs,
        resumedTickMs,
        exemplars,
        kind: 'counter',
        level: data.level,
      };
      if (data.opening !== 0) counter.opening = data.opening;
      return counter;
    }
    case 'gauge':
    case 'updown':
      return { ...base, kind: data.type, last: data.last, ...toSpread(data.last, data.spread) };
    case 'histogram':
      return { ...base, ...toHistogram(data, data.bounds, data.opening) };
    case 'exponential':
      return { ...base, ...toNativeHistogram(data) };
    case 'summary': {
      const { quantiles, sum, count, opening } = data;
      return {
        ...base,
        kind: 'summary',
        quantiles,
        sum,
        count,
        ...(opening === undefined ? {} : { opening }),
      };
    }
  }
}

function toSpread(last: number, spread: Spread): Spread {
  return spread.count === 0 ? { min: last, max: last, sum: last, count: 0 } : { ...spread };
}

type HistogramPart = Pick<HistogramSnapshot, 'kind' | 'bounds' | 'buckets' | 'count' | 'sum' | 'opening'>;

function toHistogram(
  levels: HistogramLevels,
  bounds: readonly number[],
  opening: HistogramLevels | undefined,
): HistogramPart {
  const buckets = toCumulative(levels.buckets);
  const part = { kind: 'histogram', bounds, buckets, count: buckets.at(-1)!, sum: levels.sum } as const;
  if (opening === undefined || isZero(opening)) return part;
  const opened = toCumulative(opening.buckets);
  return { ...part, opening: { buckets: opened, count: opened.at(-1)!, sum: opening.sum } };
}

function toNativeHistogram(data: ExponentialData): HistogramPart & Pick<HistogramSnapshot, 'native'> {
  const { native } = data;
  const part = toHistogram(toExplicitLevels(data), explicitBounds(native.scale), data.opening);
  return {
    ...part,
    native: { ...native, positive: new Map(native.positive), negative: new Map(native.negative) },
  };
}

function toCumulative(counts: readonly Level[]): Level[] {
  let sum: Level = 0;
  return counts.map((count) => {
    sum = addLevels(sum, count);
    return sum;
  });
}
