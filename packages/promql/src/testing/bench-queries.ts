/** Queries as dashboards and SLOs ask them, each with series of the size that it has in practice. */
import { toLabels } from '../model/labels.ts';
import type { SeriesData } from '../series-reader.ts';
import { regularSeries } from './memory-series.ts';

export interface BenchQuery {
  readonly name: string;
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  series(): SeriesData[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = 1_700_000_100_000;

export const BENCH_QUERIES: readonly BenchQuery[] = [
  {
    name: 'sum by (status) (rate(x[5m])), 1,000 series, 2 h',
    query: 'sum by (status) (rate(requests_total[5m]))',
    series: () => counterSeries(1000, { stepMs: 15_000, spanMs: 2 * HOUR_MS }),
    ...over(2 * HOUR_MS, 60_000),
  },
  {
    name: 'histogram_quantile, 1,500 bucket series, 2 h',
    query: 'histogram_quantile(0.99, sum by (le, route) (rate(latency_bucket[5m])))',
    series: () => bucketSeries(100, { stepMs: 15_000, spanMs: 2 * HOUR_MS }),
    ...over(2 * HOUR_MS, 60_000),
  },
  {
    name: 'SLO over 30 days, 40 series a minute, hourly steps',
    query: '1 - sum(rate(slo_requests_total{status=~"5.."}[1h])) / sum(rate(slo_requests_total[1h]))',
    series: () => counterSeries(40, { name: 'slo_requests_total', stepMs: 60_000, spanMs: 30 * DAY_MS }),
    ...over(30 * DAY_MS, HOUR_MS),
  },
];

function over(spanMs: number, stepMs: number): Pick<BenchQuery, 'startMs' | 'endMs' | 'stepMs'> {
  return { startMs: START_MS, endMs: START_MS + spanMs, stepMs };
}

interface Shape {
  readonly name?: string;
  readonly stepMs: number;
  readonly spanMs: number;
}

/** Counters that start again now and then. */
function counterSeries(count: number, { name = 'requests_total', stepMs, spanMs }: Shape): SeriesData[] {
  const samples = spanMs / stepMs;
  return Array.from({ length: count }, (_, i) => {
    const labels = { __name__: name, status: ['200', '404', '500'][i % 3]!, instance: `host-${i}` };
    const values = Array.from({ length: samples }, (__, at) => ((at + i) % 400) * (1 + (i % 7)));
    return regularSeries(toLabels(labels), values, { startMs: START_MS, stepMs });
  });
}

/** Histograms of 15 buckets. */
function bucketSeries(histograms: number, { stepMs, spanMs }: Shape): SeriesData[] {
  const samples = spanMs / stepMs;
  const bounds = [...Array.from({ length: 14 }, (_, i) => String(2 ** i / 1000)), '+Inf'];
  return Array.from({ length: histograms }, (_, i) =>
    bounds.map((le, bucket) => {
      const labels = { __name__: 'latency_bucket', le, route: `/r${i % 10}`, instance: `host-${i}` };
      const values = Array.from({ length: samples }, (__, at) => at * (bucket + 1));
      return regularSeries(toLabels(labels), values, { startMs: START_MS, stepMs });
    }),
  ).flat();
}
