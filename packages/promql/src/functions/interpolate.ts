/** Values between two samples, for `anchored` and `smoothed` selectors. */
import type { Annotations } from '../evaluate/annotations.ts';
import { MESSAGE } from '../evaluate/messages.ts';
import { addHistograms, multiplyHistogram, subtractHistograms } from '../histogram/arithmetic.ts';
import { detectReset } from '../histogram/detect-reset.ts';
import type { Histogram } from '../histogram/histogram.ts';
import type { PositionRange } from '../parse/position.ts';

export interface Between<T> {
  readonly before: { readonly timeMs: number; readonly value: T };
  readonly after: { readonly timeMs: number; readonly value: T };
}

/** A counter that was reset in between is taken to have started at zero right after the first sample. */
export function interpolateFloat(
  { before, after }: Between<number>,
  timeMs: number,
  isCounter: boolean,
): number {
  const start = isCounter && after.value < before.value ? 0 : before.value;
  return start + ((after.value - start) * (timeMs - before.timeMs)) / (after.timeMs - before.timeMs);
}

/** Undefined when one has custom and the other exponential buckets. */
export function interpolateHistogram(
  { before, after }: Between<Histogram>,
  timeMs: number,
  context: {
    readonly isCounter: boolean;
    readonly annotations: Annotations;
    readonly position: PositionRange;
  },
): Histogram | undefined {
  if (timeMs === before.timeMs) return before.value;
  if (timeMs === after.timeMs) return after.value;
  const fraction = (timeMs - before.timeMs) / (after.timeMs - before.timeMs);
  if (context.isCounter && detectReset(after.value, before.value)) {
    return multiplyHistogram(after.value, fraction);
  }
  const difference = subtractHistograms(after.value, before.value);
  if (difference.isIncompatible) return undefined;
  const sum = addHistograms(multiplyHistogram(difference.histogram, fraction), before.value);
  if (difference.hasReconciledBounds) {
    context.annotations.inform(MESSAGE.reconciledBounds('subtraction'), context.position);
  }
  if (sum.hasReconciledBounds)
    context.annotations.inform(MESSAGE.reconciledBounds('addition'), context.position);
  return sum.histogram;
}
