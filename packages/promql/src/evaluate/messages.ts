/** The words of warnings and infos that several operators and functions share (Prometheus' own). */

import { formatGeneral } from '../model/go-float.ts';
import { goQuote } from '../model/go-quote.ts';

const quote = goQuote;

export const MESSAGE = {
  mixedFloatsHistograms: (metric: string) =>
    `encountered a mix of histograms and floats for metric name ${quote(metric)}`,
  mixedInAggregation: 'encountered a mix of histograms and floats for aggregation',
  mixedBucketKinds: (metric: string) =>
    `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(metric)}`,
  notCounter: (metric: string) => `this native histogram metric is not a counter: ${quote(metric)}`,
  notGauge: (metric: string) => `this native histogram metric is not a gauge: ${quote(metric)}`,
  resetConflict: (operation: HistogramOperation) =>
    `conflicting counter resets during histogram ${operation}`,
  reconciledBounds: (operation: HistogramOperation) =>
    `mismatched custom buckets were reconciled during ${operation}`,
  ignoredInAggregation: (aggregation: string) => `ignored histogram in ${aggregation} aggregation`,
  ignoredInMixedRange: (metric: string) =>
    `ignored histograms in a range containing both floats and histograms for metric name ${quote(metric)}`,
  incompatibleTypes: (operator: string, left: string, right: string) =>
    `incompatible sample types encountered for binary operator ${quote(operator)}: ${left} ${operator} ${right}`,
  incompatibleBuckets: (operator: string) =>
    `incompatible bucket layout encountered for binary operator ${operator}`,
  invalidQuantile: (q: number) => `quantile value should be between 0 and 1, got ${formatGeneral(q)}`,
  invalidRatio: (ratio: number, capped: number) =>
    `ratio value should be between -1 and 1, got ${formatGeneral(ratio)}, capping to ${formatGeneral(capped)}`,
  possibleNonCounter: (metric: string) =>
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(metric)}`,
  possibleNonCounterType: (metric: string, type: string) =>
    `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quote(type)}: ${quote(metric)}`,
  sortInRange: 'sort is ineffective for range queries since results are always ordered by labels',
  badBucketLabel: (label: string) =>
    `bucket label "le" is missing or has a malformed value of ${quote(label)}`,
  classicAndNative: 'vector contains a mix of classic and native histograms',
  nanResult: 'input to histogram_quantile has NaN observations, result is NaN',
  nanSkew: 'input to histogram_quantile has NaN observations, result is skewed higher',
  nanExcluded: 'input to histogram_fraction has NaN observations, which are excluded from all fractions',
} as const;

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';
