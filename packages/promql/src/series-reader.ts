/**
 * The port through which the engine reads series. One `select` per different selector of a query, a few of
 * them started before the first is awaited, so that a store can read in parallel; what comes back is
 * columnar and is not changed by the engine, so a store may hand out its cached blocks.
 */
import type { Histogram } from './histogram/histogram.ts';
import type { Labels } from './model/labels.ts';
import type { Matcher } from './model/matcher.ts';

export interface SeriesReader {
  /**
   * Series that match all matchers and have samples in the window, in any order, each label set once.
   * Throws `QueryError` (or anything else, which becomes an execution error) when it cannot answer.
   */
  select(matchers: readonly Matcher[], window: SelectWindow): Promise<SelectedSeries>;
}

export interface SelectWindow {
  /** First and last time a sample may have, inclusive; Unix milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Distance between evaluations, 0 for an instant query. A store may choose its resolution by it. */
  readonly stepMs: number;
  /** Width of the range selector, 0 for an instant selector (which looks back `lookbackMs`). */
  readonly rangeMs: number;
  readonly lookbackMs: number;
  readonly hints: SelectHints;
  readonly limits: SelectLimits;
  readonly signal?: AbortSignal;
  /** Throws once the query has run too long: to be called wherever matchers meet many series. */
  checkTime?(): void;
}

/** What is going to be done with the samples; a store may ignore it. */
export interface SelectHints {
  /** The nearest function or aggregation around the selector, '' when a binary operator comes first. */
  readonly func: string;
  /** Labels of an aggregation directly around the selector, and whether they are kept (`by`) or dropped. */
  readonly grouping: readonly string[];
  readonly by: boolean;
}

export interface SelectLimits {
  readonly maxSeries: number;
  readonly maxSamples: number;
}

export interface SelectedSeries {
  readonly series: readonly SeriesData[];
  /** Shown to the person as warnings, as they are. */
  readonly warnings?: readonly string[];
}

/** Samples of one series; all arrays have the length of `times`. */
export interface SeriesData {
  readonly labels: Labels;
  /** Strictly ascending Unix milliseconds. */
  readonly times: Float64Array;
  /** NaN where a histogram stands. */
  readonly values: Float64Array;
  /** Where the counter behind the sample started, Unix milliseconds; 0 when it is not known. */
  readonly startTimes?: Float64Array;
  /** Set where the sample is a native histogram. */
  readonly histograms?: readonly (Histogram | undefined)[];
  /** 1 where the sample only says that the series ended (a stale marker). */
  readonly stale?: Uint8Array;
}
