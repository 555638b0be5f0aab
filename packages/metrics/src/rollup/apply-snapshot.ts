/**
 * A snapshot's series into one slot of an entry set. Levels are differenced against what the set carries;
 * a generation that is new to it begins at its own opening when it is known to have appeared since, else
 * at its own level, so that nothing is counted that may have been counted before.
 */
import { type Labels, labelsKey } from '@sluice/promql/model/labels';
import type {
  CounterSnapshot,
  GaugeSnapshot,
  HistogramSnapshot,
  Level,
  SeriesSnapshot,
  Snapshot,
  SummarySnapshot,
} from '../model/snapshot.ts';
import type { EntrySet, SeriesName } from './entry-set.ts';
import { isSamePoints } from './entry-set.ts';
import { createLiveGauges, type LiveGauges, liveInSnapshot } from './live-gauges.ts';
import { isGaugeEntry, type LevelEntry, type RollupEntry } from './rollup-entry.ts';

/** Where the series stood when the slots before ended. */
export interface CarriedLevels {
  find(name: SeriesName, generation: Generation): readonly Level[] | undefined;
}

export interface Generation {
  readonly kind: LevelEntry['kind'];
  readonly startMs: number;
  readonly points: readonly number[];
}

export interface ApplyOptions {
  readonly slot: number;
  /** Series that appeared after this tick began at their opening. */
  readonly afterTickMs: number;
  readonly carried: CarriedLevels;
  /** The gauges of the snapshots before. */
  readonly live: LiveGauges;
  /** Only these series; all when absent. */
  readonly accepts?: (series: SeriesSnapshot) => boolean;
}

export const NOTHING_CARRIED: CarriedLevels = { find: () => undefined };

/** The last levels of finished entries. */
export function carryFrom(entries: readonly RollupEntry[]): CarriedLevels {
  const byKey = new Map<string, LevelEntry[]>();
  for (const entry of entries) {
    if (isGaugeEntry(entry)) continue;
    const known = byKey.get(entry.key);
    if (known === undefined) byKey.set(entry.key, [entry]);
    else known.push(entry);
  }
  return {
    find({ key }, { kind, startMs, points }) {
      const entry = byKey
        .get(key)
        ?.findLast(
          (candidate) =>
            candidate.kind === kind &&
            candidate.startMs === startMs &&
            isSamePoints(candidate.points, points),
        );
      return entry?.columns().map((column) => column[column.length - 1]!);
    },
  };
}

/** The gauges of a snapshot, as those that the next one may end. */
export function liveFromSnapshot(snapshot: Snapshot, accepts: ApplyOptions['accepts']): LiveGauges {
  const series = accepts === undefined ? snapshot.series : snapshot.series.filter(accepts);
  return createLiveGauges(liveInSnapshot({ ...snapshot, series }, nameOfSeries));
}

/** The levels of a snapshot, as the value before those of the next one. */
export function carryFromSnapshot(snapshot: Snapshot): CarriedLevels {
  const byId = new Map<string, SeriesSnapshot>();
  for (const series of snapshot.series) byId.set(labelsKey(series.labels), series);
  return {
    find({ key }, { startMs, points }) {
      const series = byId.get(key);
      if (series === undefined || isGauge(series)) return undefined;
      if (series.startMs !== startMs || !isSamePoints(pointsOf(series), points)) return undefined;
      return levelsOf(series);
    },
  };
}

export function applySnapshot(set: EntrySet, snapshot: Snapshot, options: ApplyOptions): void {
  const { slot, accepts, live } = options;
  for (const series of snapshot.series) {
    if (accepts !== undefined && !accepts(series)) continue;
    const name = nameOfSeries(series);
    if (isGauge(series)) {
      const { kind, startMs } = series;
      live.note(name, series);
      // A sum that may fall stays where it is without news; a gauge is only known when it is told.
      if (kind === 'gauge' && series.changedTickMs !== snapshot.tickMs) continue;
      set.addGauge({ ...name, kind, startMs, slot, ...gaugeValues(series) });
      continue;
    }
    const { kind, startMs } = series;
    const points = pointsOf(series);
    set.addLevels({
      ...name,
      kind,
      startMs,
      points,
      slot,
      levels: levelsOf(series),
      begin() {
        const carried = options.carried.find(name, { kind, startMs, points });
        // What is carried stood still until this tick: the slots before it are no gap.
        if (carried !== undefined) return { from: 0, levels: carried };
        const isNew = series.resumedTickMs > options.afterTickMs;
        return { from: slot, levels: isNew ? openingOf(series) : levelsOf(series) };
      },
    });
  }
  for (const { labels, key, kind, startMs } of live.takeEnded(snapshot.tickMs))
    set.addGauge({ labels, key, kind, startMs, slot, ...ENDED });
}

/** No event, and the series is over: the counts of entries say so. */
const ENDED = { last: Number.NaN, min: Number.NaN, max: Number.NaN, sum: 0, count: 0 } as const;

/** A gauge that only now is told of (count 0) has its last value as its one event. */
function gaugeValues(series: GaugeSnapshot) {
  const { last, min, max, sum, count } = series;
  return count > 0 ? { last, min, max, sum, count } : { last, min: last, max: last, sum: last, count: 1 };
}

export type CountedSeries = CounterSnapshot | HistogramSnapshot | SummarySnapshot;

export function isGauge(series: SeriesSnapshot): series is GaugeSnapshot {
  return series.kind === 'gauge' || series.kind === 'updown';
}

export function pointsOf(series: CountedSeries): readonly number[] {
  if (series.kind === 'histogram') return series.bounds;
  return series.kind === 'summary' ? series.quantiles.map(({ quantile }) => quantile) : [];
}

/** In the order of an entry's columns. */
export function levelsOf(series: CountedSeries): readonly Level[] {
  switch (series.kind) {
    case 'counter':
      return [series.level];
    case 'histogram':
      return [...series.buckets, series.sum ?? Number.NaN];
    case 'summary':
      return [series.count, series.sum, ...series.quantiles.map(({ value }) => value)];
  }
}

function openingOf(series: CountedSeries): readonly Level[] {
  switch (series.kind) {
    case 'counter':
      return [series.opening ?? 0];
    case 'histogram':
      return openingOfHistogram(series);
    case 'summary':
      return openingOfSummary(series);
  }
}

function openingOfHistogram({ opening, buckets, sum }: HistogramSnapshot): readonly Level[] {
  const openingSum = sum === undefined ? Number.NaN : (opening?.sum ?? 0);
  return [...(opening?.buckets ?? buckets.map(() => 0)), openingSum];
}

function openingOfSummary({ opening, quantiles }: SummarySnapshot): readonly Level[] {
  return [opening?.count ?? 0, opening?.sum ?? 0, ...quantiles.map(() => Number.NaN)];
}

/** Label sets are kept from tick to tick by the reducer's reader; their keys are worth keeping with them. */
const keys = new WeakMap<Labels, string>();

function nameOfSeries({ labels }: SeriesSnapshot): SeriesName {
  let key = keys.get(labels);
  if (key === undefined) {
    key = labelsKey(labels);
    keys.set(labels, key);
  }
  return { labels, key };
}
