/** `load_with_nhcb`: classic histograms also as native ones with custom buckets. */
import { compactHistogram } from '@sluice/promql/histogram/bounds';
import { CUSTOM_SCHEMA, EMPTY_HISTOGRAM, type Histogram } from '@sluice/promql/histogram/histogram';
import { parseGoFloat } from '@sluice/promql/model/go-float';
import {
  BUCKET_LABEL,
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
  withLabels,
} from '@sluice/promql/model/labels';
import type { StoredSample } from './test-store.ts';

interface Loaded {
  readonly labels: Labels;
  readonly samples: readonly StoredSample[];
}

interface Parts {
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
}

export function toNativeHistograms(loaded: readonly Loaded[]): Loaded[] {
  const bases = new Map<string, { labels: Labels; byTime: Map<number, Parts> }>();
  for (const { labels, samples } of loaded) {
    const [, name, suffix] = /^(.*)_(bucket|sum|count)$/.exec(labelValue(labels, METRIC_NAME)) ?? [];
    const bound = parseGoFloat(labelValue(labels, BUCKET_LABEL));
    if (name === undefined || (suffix === 'bucket' && (bound === undefined || Number.isNaN(bound)))) continue;
    const baseLabels = withLabels(
      labels,
      new Map([
        [METRIC_NAME, name],
        [BUCKET_LABEL, ''],
      ]),
    );
    const key = labelsKey(baseLabels);
    const base = bases.get(key) ?? { labels: baseLabels, byTime: new Map<number, Parts>() };
    bases.set(key, base);
    for (const { timeMs, value, histogram } of samples) {
      if (histogram) continue;
      const parts = base.byTime.get(timeMs) ?? {
        buckets: new Map<number, number>(),
        count: undefined,
        sum: 0,
      };
      base.byTime.set(timeMs, parts);
      if (suffix === 'sum') parts.sum = value;
      else if (suffix === 'count') parts.count = value;
      else if (!parts.buckets.has(bound!)) parts.buckets.set(bound!, value);
    }
  }
  return [...bases.values()].map(({ labels, byTime }) => ({
    labels,
    samples: [...byTime].map(([timeMs, parts]): StoredSample => {
      return { timeMs, value: Number.NaN, histogram: toHistogram(parts), isStale: false, startMs: 0 };
    }),
  }));
}

function toHistogram({ buckets, count, sum }: Parts): Histogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = count ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Number.POSITIVE_INFINITY) sorted.push([Number.POSITIVE_INFINITY, total]);
  const counts = sorted.map(([, cumulative], i) => cumulative - (sorted[i - 1]?.[1] ?? 0));
  return compactHistogram({
    ...EMPTY_HISTOGRAM,
    schema: CUSTOM_SCHEMA,
    count: total,
    sum,
    positive: { indexes: counts.map((_, i) => i), counts },
    customBounds: sorted.slice(0, -1).map(([bound]) => bound),
  });
}
