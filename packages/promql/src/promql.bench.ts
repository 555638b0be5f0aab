/**
 * Queries as dashboards and SLOs ask them, in samples of the store per CPU second: each sample counts once,
 * however many windows it falls into.
 */
import { systemClock } from '@sluice/core/ports/clock';
import { type Bench, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { createEngine } from './engine.ts';
import { toLabels } from './model/labels.ts';
import type { SeriesData } from './series-reader.ts';
import { createMemoryReader, regularSeries } from './testing/memory-series.ts';

const LEAST_SAMPLES_PER_SECOND = 20_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const bench: Bench = {
  name: 'PromQL',
  async run() {
    const counters = counterSeries(1000, { stepMs: 15_000, spanMs: 2 * HOUR_MS });
    const buckets = bucketSeries(100, { stepMs: 15_000, spanMs: 2 * HOUR_MS });
    const slo = counterSeries(40, { stepMs: 60_000, spanMs: 30 * DAY_MS });
    return [
      await measure('sum by (status) (rate(x[5m])), 1,000 series, 2 h', counters, {
        query: 'sum by (status) (rate(requests_total[5m]))',
        endMs: 2 * HOUR_MS,
        stepMs: 60_000,
      }),
      await measure('histogram_quantile, 1,500 bucket series, 2 h', buckets, {
        query: 'histogram_quantile(0.99, sum by (le, route) (rate(latency_bucket[5m])))',
        endMs: 2 * HOUR_MS,
        stepMs: 60_000,
      }),
      await measure('SLO over 30 days, 40 series a minute, hourly steps', slo, {
        query: '1 - sum(rate(requests_total{status=~"5.."}[1h])) / sum(rate(requests_total[1h]))',
        endMs: 30 * DAY_MS,
        stepMs: HOUR_MS,
      }),
    ];
  },
};

interface BenchQuery {
  readonly query: string;
  readonly endMs: number;
  readonly stepMs: number;
}

async function measure(name: string, series: readonly SeriesData[], query: BenchQuery): Promise<Figure> {
  const engine = createEngine({ clock: systemClock });
  const reader = createMemoryReader(series);
  const { query: text, endMs, stepMs } = query;
  const run = () => engine.range(text, { reader, startMs: 0, endMs, stepMs });
  const { samplesRead } = (await run()).stats;
  const ms = await leastCpuMs(async () => void (await run()), { rounds: 7 });
  const limit = { kind: 'at least', value: LEAST_SAMPLES_PER_SECOND } as const;
  return { name, value: (samplesRead / ms) * 1000, unit: 'samples/cpu-s', limit };
}

interface Shape {
  readonly stepMs: number;
  readonly spanMs: number;
}

/** Counters that start again now and then. */
function counterSeries(count: number, { stepMs, spanMs }: Shape): SeriesData[] {
  const samples = spanMs / stepMs;
  return Array.from({ length: count }, (_, i) => {
    const labels = {
      __name__: 'requests_total',
      status: ['200', '404', '500'][i % 3]!,
      instance: `host-${i}`,
    };
    const values = Array.from({ length: samples }, (__, at) => ((at + i) % 400) * (1 + (i % 7)));
    return regularSeries(toLabels(labels), values, { stepMs });
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
      return regularSeries(toLabels(labels), values, { stepMs });
    }),
  ).flat();
}
