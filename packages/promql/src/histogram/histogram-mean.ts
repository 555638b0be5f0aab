/** The mean of histograms: of their sum, or, once that would overflow, corrected one by one. */
import { divideHistogram } from './arithmetic.ts';
import type { Histogram } from './histogram.ts';
import {
  accumulate,
  type CombineOutcome,
  cloneHistogramSum,
  createHistogramSum,
  hasOverflow,
  scaleSum,
  totalOf,
} from './histogram-sum.ts';

export interface HistogramMean {
  add(histogram: Histogram): CombineOutcome;
  value(): Histogram;
}

export function createHistogramMean(first: Histogram): HistogramMean {
  let sum = createHistogramSum(first);
  let count = 1;
  let isIncremental = false;
  return {
    add(histogram) {
      count++;
      if (!isIncremental) {
        const next = cloneHistogramSum(sum);
        const outcome = accumulate(next, histogram);
        if (outcome.isIncompatible) return outcome;
        if (!hasOverflow(next)) {
          sum = next;
          return outcome;
        }
        isIncremental = true;
        scaleSum(sum, 1 / (count - 1));
      }
      scaleSum(sum, (count - 1) / count);
      return accumulate(sum, divideHistogram(histogram, count));
    },
    value: () => totalOf(sum, isIncremental ? 1 : count),
  };
}
