/**
 * A series as the rollups hold it: one entry a generation (labels and start time), its levels slot by slot.
 * Increases are differences of levels, so that they add up exactly over any number of slots and a coarser
 * tier is a choice among the levels of the finer one.
 */
import { type Labels, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { FamilyMetadata, Level } from '../model/snapshot.ts';

/** bigint where a level is an integer beyond 2^53. */
export type Column = Float64Array | readonly bigint[];

interface EntryBase {
  readonly labels: Labels;
  /** `labelsKey(labels)`. */
  readonly key: string;
  readonly startMs: number;
}

/**
 * Counts, slot after slot without a hole from slot `from` on. Columns are one longer than the slots: the
 * first value is the level before slot `from`.
 */
export interface LevelEntry extends EntryBase {
  readonly kind: 'counter' | 'histogram' | 'summary';
  /** Bounds of a histogram without +Inf, quantiles of a summary, nothing for a counter. */
  readonly points: readonly number[];
  readonly from: number;
  readonly slots: number;
  /**
   * counter: level. histogram: one cumulative column per bound, one for +Inf (the count), the sum (NaN when
   * there is none). summary: count, sum, then the value of each quantile.
   */
  columns(): readonly Column[];
}

/**
 * Slots that had news. Columns: last, min, max, sum, count. A count is that of the events of the slot; it is
 * negative when the series ended behind them, and 0 when all that happened was its end.
 */
export interface GaugeEntry extends EntryBase {
  readonly kind: 'gauge' | 'updown';
  /** Indexes of slots, ascending. */
  readonly at: readonly number[];
  columns(): readonly Float64Array[];
}

export type RollupEntry = LevelEntry | GaugeEntry;

export type Families = ReadonlyMap<string, FamilyMetadata>;

/** Name of the gauges from which `up` is synthesised; no metric of the outside can have it. */
export const SEEN_FAMILY = '\u0002seen';

export function familyOf(entry: { readonly labels: Labels }): string {
  return labelValue(entry.labels, METRIC_NAME);
}

export function isGaugeEntry(entry: RollupEntry): entry is GaugeEntry {
  return entry.kind === 'gauge' || entry.kind === 'updown';
}

/** Whether the series ended in the slot at that place of `at`, and had no value behind its end. */
export function isEndedAt(entry: GaugeEntry, place: number): boolean {
  return entry.columns()[4]![place]! <= 0;
}

/** First and last slot with data. */
export function extentOf(entry: RollupEntry): { readonly first: number; readonly last: number } {
  if (isGaugeEntry(entry)) return { first: entry.at[0] ?? 0, last: entry.at.at(-1) ?? -1 };
  return { first: entry.from, last: entry.from + entry.slots - 1 };
}

/** A column of the exactest kind that the levels allow. */
export function toColumn(levels: readonly Level[]): Column {
  if (!levels.some((level) => typeof level === 'bigint')) return Float64Array.from(levels as number[]);
  if (levels.every((level) => typeof level === 'bigint' || Number.isInteger(level)))
    return levels.map((level) => BigInt(level));
  return Float64Array.from(levels, Number);
}
