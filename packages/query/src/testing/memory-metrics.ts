/** A store of metrics in memory for tests: series in the notation of promqltest files, one a line. */
import { type CatalogQuery, type MetricsCatalog, toCatalogList } from '@sluice/metrics/read/catalog';
import { compareLabels, type Labels, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { SeriesData } from '@sluice/promql/series-reader';
import { createMemoryReader } from '@sluice/promql/testing/memory-series';
import { notedSeries } from '@sluice/promql/testing/noted-series';
import type { PrometheusStore } from '../prometheus/prometheus-routes.ts';

export function createMemoryMetrics(
  text: string,
  { stepMs, ...extra }: Partial<MetricsCatalog> & { stepMs?: number } = {},
): PrometheusStore {
  const all = notedSeries(text, stepMs === undefined ? {} : { stepMs });
  return { reader: createMemoryReader(all), catalog: { ...createMemoryCatalog(all), ...extra } };
}

function createMemoryCatalog(all: readonly SeriesData[]): MetricsCatalog {
  const find = ({ startMs, endMs, matcherSets }: CatalogQuery): Labels[] =>
    all
      .filter(({ times }) => times.some((timeMs) => timeMs >= startMs && timeMs <= endMs))
      .map(({ labels }) => labels)
      .filter(
        (labels) =>
          matcherSets.length === 0 ||
          matcherSets.some((set) =>
            set.every((matcher) => matcher.matches(labelValue(labels, matcher.name))),
          ),
      )
      .sort(compareLabels);
  const distinct = (values: readonly string[], query: CatalogQuery) =>
    toCatalogList([...new Set(values)].sort(), query);
  return {
    listLabels: async (query) =>
      distinct(
        find(query).flatMap((labels) => labels.map(({ name }) => name)),
        query,
      ),
    listLabelValues: async (name, query) =>
      distinct(
        find(query).flatMap((labels) => labelValue(labels, name) || []),
        query,
      ),
    listSeries: async (query) => toCatalogList(find(query), query),
    listMetadata: async ({ metric } = {}) => {
      const names = all.map(({ labels }) => labelValue(labels, METRIC_NAME));
      const shown = [...new Set(names)].sort().filter((name) => metric === undefined || name === metric);
      return new Map(shown.map((name) => [name, [{ type: 'counter', help: `About ${name}.`, unit: '' }]]));
    },
    exemplars: async ({ startMs, endMs, matcherSets }) =>
      find({ startMs, endMs, matcherSets })
        .slice(0, 1)
        .map((seriesLabels) => ({
          seriesLabels,
          exemplars: [{ labels: [{ name: 'trace_id', value: 'abc' }], value: 0.5, timeMs: 60_500 }],
        })),
    targets: async () => [
      { job: 'api', instance: 'a:1', lastSeenMs: 60_000, health: 'up', series: 2 },
      { job: 'batch', instance: '', lastSeenMs: 0, health: 'down', series: 1 },
    ],
  };
}
