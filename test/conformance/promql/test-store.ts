/**
 * The series that `load` commands made, as Prometheus' own storage would hand them back: sorted by time,
 * with the counter reset hints that it finds out itself while it writes chunks.
 */
import { detectReset } from '@sluice/promql/histogram/detect-reset';
import { type Histogram, isSameBounds } from '@sluice/promql/histogram/histogram';
import { type Labels, labelsKey, labelValue } from '@sluice/promql/model/labels';
import type { SeriesData, SeriesReader } from '@sluice/promql/series-reader';
import { toNativeHistograms } from './native-histograms.ts';
import type { LoadCommand } from './script.ts';

export interface StoredSample {
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: Histogram | undefined;
  readonly isStale: boolean;
  readonly startMs: number;
}

interface StoredSeries {
  readonly labels: Labels;
  readonly samples: Map<number, StoredSample>;
}

export interface TestStore extends SeriesReader {
  load(command: LoadCommand): void;
}

export function createTestStore(): TestStore {
  const all = new Map<string, StoredSeries>();
  let data: SeriesData[] | undefined;
  const add = (labels: Labels, samples: readonly StoredSample[]): void => {
    const key = labelsKey(labels);
    const stored = all.get(key) ?? { labels, samples: new Map() };
    all.set(key, stored);
    for (const sample of samples) stored.samples.set(sample.timeMs, sample);
  };
  return {
    load(command) {
      data = undefined;
      const loaded = command.series.map(({ labels, values, starts }) => ({
        labels,
        samples: values.flatMap((value, i): StoredSample[] => {
          if (value.kind === 'omitted') return [];
          const timeMs = i * command.stepMs;
          const offset = starts[i];
          return [
            {
              timeMs,
              value: value.kind === 'float' ? value.value : Number.NaN,
              histogram: value.kind === 'histogram' ? value.histogram : undefined,
              isStale: value.kind === 'stale',
              startMs: offset === undefined ? 0 : timeMs + offset,
            },
          ];
        }),
      }));
      for (const { labels, samples } of loaded) add(labels, samples);
      if (!command.withNativeHistograms) return;
      for (const { labels, samples } of toNativeHistograms(loaded)) add(labels, samples);
    },
    async select(matchers, { startMs, endMs }) {
      data ??= [...all.values()].map(toSeriesData);
      const series: SeriesData[] = [];
      for (const candidate of data) {
        if (!matchers.every((matcher) => matcher.matches(labelValue(candidate.labels, matcher.name))))
          continue;
        const from = candidate.times.findIndex((timeMs) => timeMs >= startMs);
        const to = candidate.times.findLastIndex((timeMs) => timeMs <= endMs) + 1;
        if (from >= 0 && from < to) series.push(cut(candidate, from, to));
      }
      return { series };
    },
  };
}

function cut(
  { labels, times, values, startTimes, histograms, stale }: SeriesData,
  from: number,
  to: number,
): SeriesData {
  return {
    labels,
    times: times.subarray(from, to),
    values: values.subarray(from, to),
    ...(startTimes && { startTimes: startTimes.subarray(from, to) }),
    ...(histograms && { histograms: histograms.slice(from, to) }),
    ...(stale && { stale: stale.subarray(from, to) }),
  };
}

function toSeriesData({ labels, samples }: StoredSeries): SeriesData {
  const sorted = [...samples.values()].sort((a, b) => a.timeMs - b.timeMs);
  const isAny = (test: (sample: StoredSample) => boolean): boolean => sorted.some(test);
  return {
    labels,
    times: Float64Array.from(sorted, ({ timeMs }) => timeMs),
    values: Float64Array.from(sorted, ({ value }) => value),
    ...(isAny(({ startMs }) => startMs !== 0) && {
      startTimes: Float64Array.from(sorted, ({ startMs }) => startMs),
    }),
    ...(isAny(({ histogram }) => histogram !== undefined) && { histograms: withHints(sorted) }),
    ...(isAny(({ isStale }) => isStale) && {
      stale: Uint8Array.from(sorted, ({ isStale }) => Number(isStale)),
    }),
  };
}

/**
 * A chunk holds samples of one layout without a reset: all but its first are known to follow without one,
 * of its first nothing is known. Gauges stay gauges.
 */
function withHints(samples: readonly StoredSample[]): (Histogram | undefined)[] {
  let previous: Histogram | undefined;
  return samples.map(({ histogram }) => {
    const before = previous;
    previous = histogram;
    if (!histogram || histogram.resetHint === 'gauge') return histogram;
    const continues =
      before !== undefined && before.resetHint !== 'gauge' && isContinuation(histogram, before);
    return { ...histogram, resetHint: continues ? 'not_reset' : 'unknown' };
  });
}

function isContinuation(current: Histogram, before: Histogram): boolean {
  return (
    current.resetHint !== 'reset' &&
    current.schema === before.schema &&
    current.zeroThreshold === before.zeroThreshold &&
    isSameBounds(current.customBounds, before.customBounds) &&
    !detectReset({ ...current, resetHint: 'unknown' }, before)
  );
}
