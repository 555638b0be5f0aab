/** What earlier rules of a group recorded at this very evaluation, seen by the later ones on top of the store. */
import { type Labels, labelsKey, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';
import type { SelectedSeries, SelectWindow, SeriesData, SeriesReader } from '@sluice/promql/series-reader';
import type { RuleSample } from './alert-state.ts';

export interface OverlayReader extends SeriesReader {
  /** All at `timeMs`, in ascending calls. */
  record(samples: readonly RuleSample[], timeMs: number): void;
  /** Stale markers. */
  end(series: readonly Labels[], timeMs: number): void;
}

interface Point {
  readonly timeMs: number;
  readonly sample: RuleSample | undefined;
}

interface Recorded {
  readonly labels: Labels;
  readonly points: Point[];
}

export function createOverlayReader(store: SeriesReader): OverlayReader {
  /** By metric name, then by identity. */
  const families = new Map<string, Map<string, Recorded>>();
  const add = (labels: Labels, point: Point): void => {
    const name = labelValue(labels, METRIC_NAME);
    const family = families.get(name) ?? new Map<string, Recorded>();
    families.set(name, family);
    const identity = labelsKey(labels);
    const known = family.get(identity);
    if (known === undefined) family.set(identity, { labels, points: [point] });
    else if (known.points.at(-1)!.timeMs < point.timeMs) known.points.push(point);
    // A second word about the same time: the first stands, unless it was the end and this is a value.
    else if (known.points.at(-1)!.sample === undefined) known.points[known.points.length - 1] = point;
  };
  return {
    record(samples, timeMs) {
      for (const sample of samples) add(sample.labels, { timeMs, sample });
    },
    end(series, timeMs) {
      for (const labels of series) add(labels, { timeMs, sample: undefined });
    },
    async select(matchers, window): Promise<SelectedSeries> {
      const stored = await store.select(matchers, window);
      const matching = [...familiesOf(families, matchers)].flatMap((family) =>
        [...family.values()].filter(({ labels }) =>
          matchers.every((matcher) => matcher.matches(labelValue(labels, matcher.name))),
        ),
      );
      if (matching.length === 0) return stored;
      const byIdentity = new Map(stored.series.map((series) => [labelsKey(series.labels), series]));
      for (const series of matching) {
        const identity = labelsKey(series.labels);
        byIdentity.set(identity, append(byIdentity.get(identity), series, window));
      }
      return { ...stored, series: [...byIdentity.values()].filter(({ times }) => times.length > 0) };
    },
  };
}

function familiesOf(
  families: ReadonlyMap<string, Map<string, Recorded>>,
  matchers: readonly Matcher[],
): Iterable<Map<string, Recorded>> {
  const named = matchers.find(({ name, operator }) => name === METRIC_NAME && operator === '=');
  if (named === undefined) return families.values();
  const family = families.get(named.value);
  return family === undefined ? [] : [family];
}

function append(known: SeriesData | undefined, recorded: Recorded, window: SelectWindow): SeriesData {
  const before: SeriesData = known ?? {
    labels: recorded.labels,
    times: new Float64Array(0),
    values: new Float64Array(0),
  };
  const lastMs = before.times.at(-1) ?? Number.NEGATIVE_INFINITY;
  const added = recorded.points.filter(
    ({ timeMs }) => timeMs > lastMs && timeMs >= window.startMs && timeMs <= window.endMs,
  );
  const old = before.times.length;
  const hasHistograms = before.histograms !== undefined || added.some(({ sample }) => sample?.histogram);
  const hasStale = before.stale !== undefined || added.some(({ sample }) => sample === undefined);
  return {
    labels: before.labels,
    times: extend(before.times, added, ({ timeMs }) => timeMs),
    values: extend(before.values, added, ({ sample }) => sample?.value ?? Number.NaN),
    ...(before.startTimes && { startTimes: extend(before.startTimes, added, () => 0) }),
    ...(hasHistograms && {
      histograms: [
        ...(before.histograms ?? Array.from({ length: old }, () => undefined)),
        ...added.map(({ sample }) => sample?.histogram),
      ],
    }),
    ...(hasStale && {
      stale: Uint8Array.from([
        ...(before.stale ?? new Uint8Array(old)),
        ...added.map(({ sample }) => Number(sample === undefined)),
      ]),
    }),
  };
}

function extend(column: Float64Array, added: readonly Point[], of: (point: Point) => number): Float64Array {
  const longer = new Float64Array(column.length + added.length);
  longer.set(column);
  for (const [index, point] of added.entries()) longer[column.length + index] = of(point);
  return longer;
}
