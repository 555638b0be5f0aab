/** What a push is made of before it becomes bytes: one value of one series at one time. */
import type { Exemplar, FamilyMetadata } from '../model/snapshot.ts';
import type { NativeSample } from './native-histogram.ts';
import type { WireSeries } from './wire-series.ts';

export interface WireSample {
  readonly series: WireSeries;
  readonly value: number | NativeSample | typeof STALE;
  readonly timeMs: number;
  /** When the series began to count; 0 when that says nothing (gauges). */
  readonly startMs: number;
  readonly exemplars: readonly Exemplar[];
  /** Family name and metadata, for remote write 2.0. */
  readonly family: FamilyMetadata | undefined;
}

/** The end of a series: Prometheus' stale NaN (model/value, StaleNaN), which is one NaN of many. */
export const STALE = 'stale';
export const STALE_NAN_BITS = 0x7ff0000000000002n;

/** Remote write's numbers of metric types are the same in 1.0 and 2.0. */
export const METRIC_TYPE: Readonly<Record<FamilyMetadata['kind'], number>> = {
  counter: 1,
  gauge: 2,
  updown: 2,
  histogram: 3,
  summary: 5,
};
