/**
 * Native histograms reduced to count and sum, for queries that ask for no more. Whether the counter was
 * reset between two samples is found out before the buckets that show it are gone.
 */
import type { SeriesData } from '../series-reader.ts';
import { detectReset } from './detect-reset.ts';
import { type Histogram, NO_BUCKETS } from './histogram.ts';

export function toHistogramStatistics(series: SeriesData): SeriesData {
  if (!series.histograms) return series;
  let previous: Histogram | undefined;
  const histograms = series.histograms.map((histogram) => {
    if (!histogram) return undefined;
    const reduced = toStatistics(histogram, previous);
    previous = histogram;
    return reduced;
  });
  return { ...series, histograms };
}

function toStatistics(histogram: Histogram, previous: Histogram | undefined): Histogram {
  const { schema, count, sum } = histogram;
  let { resetHint } = histogram;
  if (resetHint === 'unknown' && previous)
    resetHint = detectReset(histogram, previous) ? 'reset' : 'not_reset';
  return {
    schema,
    count,
    sum,
    resetHint,
    zeroThreshold: 0,
    zeroCount: 0,
    positive: NO_BUCKETS,
    negative: NO_BUCKETS,
    customBounds: [],
  };
}
