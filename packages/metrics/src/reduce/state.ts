/**
 * What a shard knows at a tick: series with their levels, the sources behind them, and the ids of the
 * messages that are in it. The reducer changes it in place and writes it as the next object.
 */

import type { Label } from '@sluice/promql/model/labels';
import type { MutableNative } from '../model/native-buckets.ts';
import type { Exemplar, Level, NativeLevels, SeriesKind } from '../model/snapshot.ts';
import { createSeenIds, type SeenIds } from './seen-ids.ts';

export interface ShardState {
  tickMs: number;
  previousTickMs: number;
  /** Sources that began before this are met with a past that was counted elsewhere, or not at all. */
  watchFromMs: number;
  readonly families: Map<string, FamilyState>;
  readonly series: Map<string, SeriesState>;
  /** Live series by family and job: what the limit counts. */
  readonly seriesCounts: Map<string, SeriesCount>;
  /** Stands for this state: what the series in it name as their owner. */
  readonly token: object;
  seen: SeenIds;
  /** Stored dictionary segments, in the order that values are written in. */
  segments: readonly SegmentRef[];
  /** Since when series wait to be stored in a segment; 0: none do. */
  unstoredSinceMs: number;
  warnings: readonly string[];
}

export interface SeriesCount {
  live: number;
}

export interface SegmentRef {
  readonly name: string;
  readonly entries: number;
  readonly writtenMs: number;
}

export interface FamilyState {
  readonly name: string;
  readonly kind: SeriesKind;
  unit: string;
  help: string;
  /** A forgotten source began then or before: who is unknown and began no later may be one of them. */
  horizonMs: number;
  /** Not yet in a stored dictionary with its present texts. */
  isNew: boolean;
}

export interface SeriesState {
  readonly id: string;
  readonly labels: readonly Label[];
  readonly job: string;
  readonly family: FamilyState;
  startMs: number;
  resumedTickMs: number;
  changedTickMs: number;
  eventMs: number;
  /** The source said that it ended; back with the next value. */
  isEnded: boolean;
  /** Of the last tick only. */
  exemplars: readonly Exemplar[];
  data: SeriesData;
  /** Where its constant part is stored; undefined when that changed. */
  place: DictionaryPlace | undefined;
  /** The token of the state that holds it; undefined once it was dropped. */
  owner: object | undefined;
  /** Of its family and job. */
  count: SeriesCount;
}

/** An entry of a stored dictionary segment. */
export interface DictionaryPlace {
  readonly segment: string;
  readonly index: number;
}

export type SeriesData = CounterData | GaugeData | UpDownData | HistogramData | ExponentialData | SummaryData;

/** One process' running total: the same stream since the same start. */
export interface Source<Value> {
  readonly origin: string;
  readonly sourceName: string;
  readonly startMs: number;
  /** Its start by the receiver's clock: a source's own may be off. */
  readonly adjustedStartMs: number;
  timeMs: number;
  seenTickMs: number;
  last: Value;
  /** The height it last fell from without a new start, until it is back there; points since; returns. */
  high: Level;
  sinceFall: number;
  returns: number;
}

export interface CounterData {
  readonly type: 'counter';
  level: Level;
  opening: Level;
  readonly sources: Source<Level>[];
}

export interface GaugeData {
  readonly type: 'gauge';
  last: number;
  /** Event time of `last`. */
  lastMs: number;
  readonly spread: Spread;
}

export interface UpDownData {
  readonly type: 'updown';
  /** Sum of all deltas. */
  level: Level;
  readonly sources: Source<Level>[];
  last: number;
  readonly spread: Spread;
}

/** Of the values since the tick before. */
export interface Spread {
  min: number;
  max: number;
  sum: number;
  count: number;
}

export interface HistogramLevels {
  /** Not cumulative: bounds.length + 1. */
  buckets: Level[];
  sum: number | undefined;
}

export interface HistogramData extends HistogramLevels {
  readonly type: 'histogram';
  bounds: readonly number[];
  opening: HistogramLevels | undefined;
  readonly sources: Source<HistogramSource>[];
}

export interface HistogramSource extends HistogramLevels {
  readonly bounds: readonly number[];
}

export interface ExponentialData {
  readonly type: 'exponential';
  native: MutableNative;
  sum: number | undefined;
  /** In the explicit buckets that the scale gives. */
  opening: HistogramLevels | undefined;
  readonly sources: Source<NativeSource>[];
}

export interface NativeSource {
  readonly native: NativeLevels;
  readonly sum: number | undefined;
}

export interface SummaryData {
  readonly type: 'summary';
  quantiles: readonly { readonly quantile: number; readonly value: number }[];
  quantilesMs: number;
  count: Level;
  sum: number;
  opening: SummaryLevels | undefined;
  readonly sources: Source<SummaryLevels>[];
}

export interface SummaryLevels {
  readonly count: Level;
  readonly sum: number;
}

export function createShardState(watchFromMs: number): ShardState {
  return {
    tickMs: 0,
    previousTickMs: 0,
    watchFromMs,
    families: new Map(),
    series: new Map(),
    seriesCounts: new Map(),
    token: {},
    seen: createSeenIds(),
    segments: [],
    unstoredSinceMs: 0,
    warnings: [],
  };
}

/** Puts a series in, in the place of the one with its id. */
export function putSeries(state: ShardState, parts: Omit<SeriesState, 'owner' | 'count'>): SeriesState {
  dropSeries(state, parts.id);
  const count = countOfSeries(state, parts.family.name, parts.job);
  const series: SeriesState = { ...parts, owner: state.token, count };
  state.series.set(series.id, series);
  return series;
}

export function dropSeries(state: ShardState, id: string): void {
  const series = state.series.get(id);
  if (series === undefined) return;
  series.owner = undefined;
  state.series.delete(id);
}

export function countOfSeries({ seriesCounts }: ShardState, family: string, job: string): SeriesCount {
  const key = `${family}\u0000${job}`;
  let count = seriesCounts.get(key);
  if (count === undefined) {
    count = { live: 0 };
    seriesCounts.set(key, count);
  }
  return count;
}
