/**
 * What one tick of one shard publishes: every live series with its level at that tick. Written once
 * by the reducer, then read as it stands by remote write, the rollups and the exposition.
 */
import type { Labels } from '@sluice/promql/model/labels';

/** `updown` is a sum that may fall (OTLP: not monotonic); it is shown as a gauge. */
export type SeriesKind = 'counter' | 'gauge' | 'updown' | 'histogram' | 'summary';

export interface Snapshot {
  readonly tenant: string;
  readonly shard: number;
  /** The tick T that this object stands for, Unix milliseconds. */
  readonly tickMs: number;
  /** The tick T′ whose object this one continues; 0 for the first of its shard. */
  readonly previousTickMs: number;
  readonly series: readonly SeriesSnapshot[];
  /** One per metric family that occurs in `series`, by Prometheus family name. */
  readonly families: ReadonlyMap<string, FamilyMetadata>;
  /** What was refused or is doubtful since T′, as sentences for people. */
  readonly warnings: readonly string[];
}

export interface FamilyMetadata {
  readonly kind: SeriesKind;
  readonly help: string;
  /** OTLP (UCUM) unit, '' when none was sent. */
  readonly unit: string;
}

interface SeriesBase {
  /** Without `le` and `quantile`; `__name__` is the family name without `_bucket`, `_sum`, `_count`. */
  readonly labels: Labels;
  /** Stable text of `labels`: the identity of the series in its tenant. */
  readonly id: string;
  /**
   * When its present generation began to count, Unix milliseconds: first seen, bounds changed, back after
   * it had been dropped, or taken over from another shard. A generation that continues an earlier one
   * opens at its level.
   */
  readonly startMs: number;
  /** Time of the newest event that was applied, clamped to its arrival; Unix milliseconds. */
  readonly eventMs: number;
  /** The last tick with news of this series. A series without news is kept for an hour, then dropped. */
  readonly changedTickMs: number;
  /** The tick at which it appeared, or came back after it had been dropped or marked stale. */
  readonly resumedTickMs: number;
  readonly exemplars: readonly Exemplar[];
}

/** Integers are kept exactly: a bigint stands where the level is an integer beyond 2^53. */
export type Level = number | bigint;

export interface CounterSnapshot extends SeriesBase {
  readonly kind: 'counter';
  /** Running total of the generation; it never falls while `startMs` stays. */
  readonly level: Level;
  /**
   * The level just before the series appeared or came back (`resumedTickMs`): what a source had already
   * counted when it was first seen, or where the series stood when it fell silent. Absent: 0. Readers that
   * have no earlier value of the series count from here.
   */
  readonly opening?: Level;
}

export interface GaugeSnapshot extends SeriesBase {
  readonly kind: 'gauge' | 'updown';
  readonly last: number;
  /** Over the events since the previous tick; all equal to `last` (count 0) when there were none. */
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
}

export interface HistogramSnapshot extends SeriesBase {
  readonly kind: 'histogram';
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Cumulative counts as `le` shows them, one per bound and then +Inf (which is `count`). */
  readonly buckets: readonly Level[];
  readonly count: Level;
  /** Undefined when a source sends none (negative observations are possible). */
  readonly sum: number | undefined;
  /** Set when the sources are exponential histograms: the exact form behind the explicit buckets. */
  readonly native?: NativeLevels;
  /** As for counters; absent: all 0. `buckets` has the length of the levels above. */
  readonly opening?: {
    readonly buckets: readonly Level[];
    readonly count: Level;
    readonly sum: number | undefined;
  };
}

/** An exponential histogram with a base-2 scale; counts by bucket index, not cumulative. */
export interface NativeLevels {
  readonly scale: number;
  readonly zeroThreshold: number;
  readonly zeroCount: Level;
  readonly positive: ReadonlyMap<number, Level>;
  readonly negative: ReadonlyMap<number, Level>;
}

export interface SummarySnapshot extends SeriesBase {
  readonly kind: 'summary';
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
  readonly sum: number;
  readonly count: Level;
  /** As for counters; absent: all 0. */
  readonly opening?: { readonly sum: number; readonly count: Level };
}

export interface Exemplar {
  /** Trace and span id under `trace_id`, `span_id`, then filtered attributes. */
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs: number;
}

export type SeriesSnapshot = CounterSnapshot | GaugeSnapshot | HistogramSnapshot | SummarySnapshot;

/** Where snapshots are read from; a store of the last hours. */
export interface SnapshotReader {
  shards(tenant: string): Promise<readonly number[]>;
  /** Ticks whose objects exist, ascending, in [fromMs, untilMs]. */
  ticks(
    shard: ShardKey,
    range: { readonly fromMs: number; readonly untilMs: number },
  ): Promise<readonly number[]>;
  read(shard: ShardKey, tickMs: number): Promise<Snapshot | undefined>;
}

export interface ShardKey {
  readonly tenant: string;
  readonly shard: number;
}
