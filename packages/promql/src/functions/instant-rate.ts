/** irate and idelta: the difference between the last two samples of a window. */
import { MESSAGE } from '../evaluate/messages.ts';
import { metricNameOf, type RangeFunction, type RangeWindow } from '../evaluate/range-window.ts';
import { ABSENT, type CellKind, FLOAT, HISTOGRAM } from '../evaluate/step-series.ts';
import { divideHistogram, subtractHistograms } from '../histogram/arithmetic.ts';
import { compactHistogram } from '../histogram/bounds.ts';
import { detectReset } from '../histogram/detect-reset.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { isStartReset, type TimedStart } from './start-times.ts';

interface Point extends TimedStart {
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

export function instantRate({ isRate }: { readonly isRate: boolean }): RangeFunction {
  return (window) => {
    const [previous, current] = lastTwo(window);
    if (!previous || !current) return ABSENT;
    const seconds = (current.timeMs - previous.timeMs) / 1000;
    if (seconds === 0) return ABSENT;
    if (previous.histogram && current.histogram) {
      return ofHistograms(window, previous.histogram, {
        current: current.histogram,
        isReset: isStartReset(previous, current),
        perSeconds: isRate ? seconds : undefined,
      });
    }
    if (previous.histogram || current.histogram) {
      window.annotations.warn(MESSAGE.mixedFloatsHistograms(metricNameOf(window)), window.argsPosition);
      return ABSENT;
    }
    const isReset = isRate && (current.value < previous.value || isStartReset(previous, current));
    const difference = isReset ? current.value : current.value - previous.value;
    window.value = isRate ? difference / seconds : difference;
    return FLOAT;
  };
}

/** The newest two samples of both kinds, older first. */
function lastTwo({ floats, from, to, histograms, histogramFrom, histogramTo }: RangeWindow): Point[] {
  const points: Point[] = [];
  for (let i = Math.max(from, to - 2); i < to; i++) {
    points.push({
      timeMs: floats.times[i]!,
      startMs: floats.starts?.[i] ?? 0,
      value: floats.values[i]!,
      histogram: undefined,
    });
  }
  for (let i = Math.max(histogramFrom, histogramTo - 2); i < histogramTo; i++) {
    points.push({
      timeMs: histograms.times[i]!,
      startMs: histograms.starts?.[i] ?? 0,
      value: 0,
      histogram: histograms.values[i]!,
    });
  }
  return points.sort((a, b) => a.timeMs - b.timeMs).slice(-2);
}

function ofHistograms(
  window: RangeWindow,
  previous: Histogram,
  { current, isReset, perSeconds }: { current: Histogram; isReset: boolean; perSeconds: number | undefined },
): CellKind {
  const { annotations, argsPosition } = window;
  const isRate = perSeconds !== undefined;
  const hints = [previous.resetHint, current.resetHint];
  if (isRate && hints.includes('gauge'))
    annotations.warn(MESSAGE.notCounter(metricNameOf(window)), argsPosition);
  if (!isRate && hints.some((hint) => hint !== 'gauge')) {
    annotations.warn(MESSAGE.notGauge(metricNameOf(window)), argsPosition);
  }
  let result = current;
  if (!isRate || (!isReset && !detectReset(current, previous))) {
    const difference = subtractHistograms(current, previous);
    if (difference.isIncompatible) {
      annotations.warn(MESSAGE.mixedBucketKinds(metricNameOf(window)), argsPosition);
      return ABSENT;
    }
    if (difference.hasReconciledBounds)
      annotations.inform(MESSAGE.reconciledBounds('subtraction'), argsPosition);
    result = difference.histogram;
  }
  result = compactHistogram({ ...result, resetHint: 'gauge' });
  window.histogram = isRate ? divideHistogram(result, perSeconds) : result;
  return HISTOGRAM;
}
