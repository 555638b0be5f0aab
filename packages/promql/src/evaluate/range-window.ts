/**
 * What a range function sees at one step: the samples of one series in (startMs, endMs], and where to put
 * its answer. One object serves all steps of a series, so that nothing is allocated per step.
 */
import type { Histogram } from '../histogram/histogram.ts';
import { labelValue, METRIC_NAME } from '../model/labels.ts';
import type { PositionRange } from '../parse/position.ts';
import type { Annotations } from './annotations.ts';
import type { FloatColumn, HistogramColumn, RangeInput } from './range-input.ts';
import type { CellKind } from './step-series.ts';

export interface RangeWindow {
  input: RangeInput;
  floats: FloatColumn;
  /** Samples [from, to) of the columns. */
  from: number;
  to: number;
  histograms: HistogramColumn;
  histogramFrom: number;
  histogramTo: number;
  /** Position in the list of resets; only moves forward while windows do. */
  resetCursor: number;
  /** Exclusive start and inclusive end of the range, without the lookback of extended selectors. */
  startMs: number;
  endMs: number;
  readonly rangeMs: number;
  /** Time of the evaluation. */
  timeMs: number;
  /** Scalar arguments at this step, in order. */
  readonly scalars: number[];
  readonly extension: 'anchored' | 'smoothed' | undefined;
  readonly annotations: Annotations;
  /** Place of the first argument, and of all arguments, for annotations. */
  readonly position: PositionRange;
  readonly argsPosition: PositionRange;
  value: number;
  histogram: Histogram | undefined;
}

/** Answers what it put into `value` or `histogram`. */
export type RangeFunction = (window: RangeWindow) => CellKind;

export function floatCount({ from, to }: RangeWindow): number {
  return to - from;
}

export function histogramCount({ histogramFrom, histogramTo }: RangeWindow): number {
  return histogramTo - histogramFrom;
}

export function metricNameOf({ input }: RangeWindow): string {
  return labelValue(input.labels, METRIC_NAME);
}
