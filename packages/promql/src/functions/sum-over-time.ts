/** sum_over_time and avg_over_time, of floats and of histograms, with compensated summation. */
import { MESSAGE } from '../evaluate/messages.ts';
import { metricNameOf, type RangeWindow } from '../evaluate/range-window.ts';
import { ABSENT, type CellKind, FLOAT, HISTOGRAM } from '../evaluate/step-series.ts';
import { divideHistogram } from '../histogram/arithmetic.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { createHistogramMean } from '../histogram/histogram-mean.ts';
import { accumulate, createHistogramSum, totalOf } from '../histogram/histogram-sum.ts';
import { lostBy } from '../model/kahan.ts';

const isInfinite = (value: number): boolean => Math.abs(value) === Number.POSITIVE_INFINITY;

export function sumOverTime(window: RangeWindow): CellKind {
  const kind = kindOfRange(window);
  if (kind === HISTOGRAM) return sumHistograms(window);
  if (kind === FLOAT) window.value = sumFloats(window);
  return kind;
}

export function avgOverTime(window: RangeWindow): CellKind {
  const kind = kindOfRange(window);
  if (kind === HISTOGRAM) return averageHistograms(window);
  if (kind === FLOAT) window.value = averageFloats(window);
  return kind;
}

/** What a range consists of; a mix is warned about and answers nothing. */
function kindOfRange(window: RangeWindow): CellKind {
  const { from, to, histogramFrom, histogramTo } = window;
  if (histogramFrom === histogramTo) return FLOAT;
  if (from === to) return HISTOGRAM;
  window.annotations.warn(MESSAGE.mixedFloatsHistograms(metricNameOf(window)), window.position);
  return ABSENT;
}

function sumFloats({ floats, from, to }: RangeWindow): number {
  const { values } = floats;
  let sum = 0;
  let compensation = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const next = sum + value;
    compensation = isInfinite(next) ? 0 : compensation + lostBy(sum, value, next);
    sum = next;
  }
  return isInfinite(sum) ? sum : sum + compensation;
}

/** The mean of the sum, unless the sum overflows: then the mean so far is corrected value by value. */
function averageFloats({ floats, from, to }: RangeWindow): number {
  const { values } = floats;
  let sum = values[from]!;
  let compensation = 0;
  let mean: number | undefined;
  let count = 1;
  for (let i = from + 1; i < to; i++) {
    count++;
    const value = values[i]!;
    if (mean === undefined) {
      const next = sum + value;
      if (!isInfinite(next)) {
        compensation += lostBy(sum, value, next);
        sum = next;
        continue;
      }
      mean = sum / (count - 1);
      compensation /= count - 1;
    }
    const weight = (count - 1) / count;
    const before = weight * mean;
    const next = before + value / count;
    compensation = isInfinite(next) ? 0 : weight * compensation + lostBy(before, value / count, next);
    mean = next;
  }
  return mean === undefined ? sum / count + compensation / count : mean + compensation;
}

function sumHistograms(window: RangeWindow): CellKind {
  const points = pointsOf(window);
  const sum = createHistogramSum(points[0]!);
  for (const point of points.slice(1)) {
    if (!note(window, accumulate(sum, point))) return ABSENT;
  }
  noteConflict(window, points);
  window.histogram = totalOf(sum);
  return HISTOGRAM;
}

function averageHistograms(window: RangeWindow): CellKind {
  const points = pointsOf(window);
  const mean = createHistogramMean(points[0]!);
  for (const point of points.slice(1)) {
    if (!note(window, mean.add(point))) return ABSENT;
  }
  noteConflict(window, points);
  window.histogram = points.length === 1 ? divideHistogram(points[0]!, 1) : mean.value();
  return HISTOGRAM;
}

function pointsOf({ histograms, histogramFrom, histogramTo }: RangeWindow): Histogram[] {
  return histograms.values.slice(histogramFrom, histogramTo);
}

function note(
  window: RangeWindow,
  outcome: { isIncompatible: boolean; hasReconciledBounds: boolean },
): boolean {
  const { annotations, position } = window;
  if (outcome.isIncompatible) annotations.warn(MESSAGE.mixedBucketKinds(metricNameOf(window)), position);
  if (outcome.hasReconciledBounds) annotations.inform(MESSAGE.reconciledBounds('aggregation'), position);
  return !outcome.isIncompatible;
}

function noteConflict({ annotations, position }: RangeWindow, points: readonly Histogram[]): void {
  const has = (hint: Histogram['resetHint']): boolean => points.some(({ resetHint }) => resetHint === hint);
  if (has('reset') && has('not_reset')) annotations.warn(MESSAGE.resetConflict('aggregation'), position);
}
