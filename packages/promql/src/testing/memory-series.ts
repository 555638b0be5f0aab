/** A series reader over arrays, for tests, fuzzers and benches: selects by scanning all series. */
import { type Labels, labelValue } from '../model/labels.ts';
import type { SelectWindow, SeriesData, SeriesReader } from '../series-reader.ts';

export function createMemoryReader(all: readonly SeriesData[]): SeriesReader {
  return {
    async select(matchers, window) {
      const series: SeriesData[] = [];
      for (const candidate of all) {
        if (!matchers.every((matcher) => matcher.matches(labelValue(candidate.labels, matcher.name))))
          continue;
        const cut = cutToWindow(candidate, window);
        if (cut) series.push(cut);
      }
      return { series };
    },
  };
}

function cutToWindow(data: SeriesData, { startMs, endMs }: SelectWindow): SeriesData | undefined {
  const { times } = data;
  let from = 0;
  while (from < times.length && times[from]! < startMs) from++;
  let to = times.length;
  while (to > from && times[to - 1]! > endMs) to--;
  if (from === to) return undefined;
  if (from === 0 && to === times.length) return data;
  return {
    labels: data.labels,
    times: times.subarray(from, to),
    values: data.values.subarray(from, to),
    ...(data.startTimes && { startTimes: data.startTimes.subarray(from, to) }),
    ...(data.histograms && { histograms: data.histograms.slice(from, to) }),
    ...(data.stale && { stale: data.stale.subarray(from, to) }),
  };
}

/** A float series with samples every `stepMs` from `startMs` on. */
export function regularSeries(
  labels: Labels,
  values: Iterable<number>,
  { startMs = 0, stepMs = 60_000 }: { startMs?: number; stepMs?: number } = {},
): SeriesData {
  const column = Float64Array.from(values);
  return { labels, times: column.map((_, i) => startMs + i * stepMs), values: column };
}
