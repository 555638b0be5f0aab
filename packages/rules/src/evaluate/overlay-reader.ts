/** What earlier rules of a group recorded at this very evaluation, seen by the later ones on top of the store. */
import type { Labels } from '@sluice/promql/model/labels';
import { labelValue } from '@sluice/promql/model/labels';
import type { SelectedSeries, SeriesData, SeriesReader } from '@sluice/promql/series-reader';
import type { RuleSample } from './alert-state.ts';
import { identityOf } from './evaluate-rule.ts';

export interface OverlayReader extends SeriesReader {
  /** All at `timeMs`, in ascending calls. */
  record(samples: readonly RuleSample[], timeMs: number): void;
}

interface Recorded {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: number[];
}

export function createOverlayReader(store: SeriesReader): OverlayReader {
  const recorded = new Map<string, Recorded>();
  return {
    record(samples, timeMs) {
      for (const { labels, value } of samples) {
        const identity = identityOf(labels);
        const series = recorded.get(identity);
        if (series === undefined) recorded.set(identity, { labels, times: [timeMs], values: [value] });
        else {
          series.times.push(timeMs);
          series.values.push(value);
        }
      }
    },
    async select(matchers, window): Promise<SelectedSeries> {
      const stored = await store.select(matchers, window);
      const matching = [...recorded.values()].filter(({ labels }) =>
        matchers.every((matcher) => matcher.matches(labelValue(labels, matcher.name))),
      );
      if (matching.length === 0) return stored;
      const byIdentity = new Map(stored.series.map((series) => [identityOf(series.labels), series]));
      for (const series of matching) {
        const identity = identityOf(series.labels);
        const known = byIdentity.get(identity);
        byIdentity.set(identity, append(known, series, window));
      }
      return { ...stored, series: [...byIdentity.values()].filter(({ times }) => times.length > 0) };
    },
  };
}

function append(
  known: SeriesData | undefined,
  { labels, times, values }: Recorded,
  window: { readonly startMs: number; readonly endMs: number },
): SeriesData {
  const lastMs = known?.times.at(-1) ?? Number.NEGATIVE_INFINITY;
  const added = times
    .map((_, index) => index)
    .filter(
      (index) => times[index]! > lastMs && times[index]! >= window.startMs && times[index]! <= window.endMs,
    );
  const before = known ?? { labels, times: new Float64Array(0), values: new Float64Array(0) };
  const extend = (array: Float64Array, more: readonly number[]): Float64Array =>
    Float64Array.from([...array, ...more]);
  return {
    ...before,
    times: extend(
      before.times,
      added.map((index) => times[index]!),
    ),
    values: extend(
      before.values,
      added.map((index) => values[index]!),
    ),
    ...(before.startTimes === undefined
      ? {}
      : {
          startTimes: extend(
            before.startTimes,
            added.map(() => 0),
          ),
        }),
    ...(before.histograms === undefined
      ? {}
      : { histograms: [...before.histograms, ...added.map(() => undefined)] }),
    ...(before.stale === undefined
      ? {}
      : { stale: Uint8Array.from([...before.stale, ...added.map(() => 0)]) }),
  };
}
