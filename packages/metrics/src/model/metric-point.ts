/**
 * A data point after translation: a Prometheus series, and what one source said of it. Points of one
 * series share one `SeriesIdentity` object.
 */
import type { Labels } from '@sluice/promql/model/labels';
import type { Exemplar, Level, NativeLevels, SeriesKind } from './snapshot.ts';

export interface SeriesIdentity {
  /** Sorted, with `__name__` (the family name), without `le` and `quantile`. */
  readonly labels: Labels;
  /** `labelsKey(labels)`. */
  readonly id: string;
  readonly job: string;
  readonly family: PointFamily;
  /** Room for who works on points to note where it has the series. Never stored, never trusted without a check. */
  note?: object | undefined;
}

export interface PointFamily {
  /** Prometheus family name. */
  readonly name: string;
  /** Name as it was sent: two that translate to one are two sources. */
  readonly sourceName: string;
  readonly kind: SeriesKind;
  /** OTLP (UCUM) unit. */
  readonly unit: string;
  readonly help: string;
}

interface PointBase {
  readonly series: SeriesIdentity;
  /** `state`: a value that replaces the one before (gauges). */
  readonly mode: 'delta' | 'cumulative' | 'state';
  /** 16 hex digits that stand for the whole resource and scope that sent it; '' for deltas. */
  readonly origin: string;
  /** Unix milliseconds by the source's clock; 0 when it sent none. */
  readonly startMs: number;
  /** By the source's clock. */
  readonly timeMs: number;
  readonly exemplars: readonly Exemplar[];
}

export interface NumberMetricPoint extends PointBase {
  readonly type: 'number';
  readonly value: Level;
}

export interface HistogramMetricPoint extends PointBase {
  readonly type: 'histogram';
  /** Ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** One a bucket, not cumulative: bounds.length + 1. */
  readonly counts: readonly Level[];
  readonly sum: number | undefined;
}

export interface ExponentialMetricPoint extends PointBase {
  readonly type: 'exponential';
  readonly native: NativeLevels;
  readonly sum: number | undefined;
}

export interface SummaryMetricPoint extends PointBase {
  readonly type: 'summary';
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
  readonly count: Level;
  readonly sum: number;
}

/** The source says that it has nothing to report any more (OTLP: no recorded value). */
export interface StaleMetricPoint extends PointBase {
  readonly type: 'stale';
}

export type MetricPoint =
  | NumberMetricPoint
  | HistogramMetricPoint
  | ExponentialMetricPoint
  | SummaryMetricPoint
  | StaleMetricPoint;
