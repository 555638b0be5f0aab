/** The series of a rule test in memory: what the test gives, seen only up to the present, and what rules record. */
import { type Labels, labelsKey, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { Matcher } from '@sluice/promql/model/matcher';
import { type NotedSeries, parseSeriesNotation } from '@sluice/promql/notation/series-notation';
import type { SelectWindow, SeriesData, SeriesReader } from '@sluice/promql/series-reader';
import type { RuleSample } from '../evaluate/alert-state.ts';

export interface SampleStore extends SeriesReader {
  /** Samples after it are not there yet. */
  setPresent(timeMs: number): void;
  append(samples: readonly RuleSample[], timeMs: number): void;
  end(series: readonly Labels[], timeMs: number): void;
}

interface Stored {
  readonly labels: Labels;
  readonly points: { readonly timeMs: number; readonly sample: Omit<RuleSample, 'labels'> | undefined }[];
}

/** @throws QueryError for a series that is not written as one */
export function createSampleStore(
  input: readonly { readonly series: string; readonly values: string }[],
  { intervalMs, startMs }: { readonly intervalMs: number; readonly startMs: number },
): SampleStore {
  const stored = new Map<string, Stored>();
  const families = new Map<string, Stored[]>();
  let presentMs = 0;
  const put = (labels: Labels, point: Stored['points'][number]): void => {
    const key = labelsKey(labels);
    const known = stored.get(key);
    if (known !== undefined) {
      insert(known.points, point);
      return;
    }
    const made = { labels, points: [point] };
    stored.set(key, made);
    const name = labelValue(labels, METRIC_NAME);
    const family = families.get(name);
    if (family === undefined) families.set(name, [made]);
    else family.push(made);
  };
  const given = new Map<string, NotedSeries>();
  for (const { series, values } of input) {
    const noted = parseSeriesNotation(`${series} ${values}`);
    // Of two with the same labels the later one is all there is, as in promtool.
    given.set(labelsKey(noted.labels), noted);
  }
  for (const noted of given.values()) {
    noted.values.forEach((value, index) => {
      const timeMs = startMs + index * intervalMs;
      if (value.kind === 'float') put(noted.labels, { timeMs, sample: { value: value.value } });
      else if (value.kind === 'stale') put(noted.labels, { timeMs, sample: undefined });
      else if (value.kind === 'histogram')
        put(noted.labels, { timeMs, sample: { value: Number.NaN, histogram: value.histogram } });
    });
  }
  const candidates = (matchers: readonly Matcher[]): Iterable<Stored> => {
    const literals = matchers.find(({ name }) => name === METRIC_NAME)?.literals;
    return literals === undefined ? stored.values() : literals.flatMap((name) => families.get(name) ?? []);
  };
  return {
    setPresent: (timeMs) => {
      presentMs = timeMs;
    },
    append(samples, timeMs) {
      for (const { labels, ...sample } of samples) put(labels, { timeMs, sample });
    },
    end(series, timeMs) {
      for (const labels of series) put(labels, { timeMs, sample: undefined });
    },
    async select(matchers, window) {
      const series: SeriesData[] = [];
      for (const own of candidates(matchers)) {
        if (!matchers.every((matcher) => matcher.matches(labelValue(own.labels, matcher.name)))) continue;
        const cut = toSeriesData(own, { ...window, endMs: Math.min(window.endMs, presentMs) });
        if (cut !== undefined) series.push(cut);
      }
      return { series };
    },
  };
}

/** Keeps times ascending; of two points of one time the first stands, as in Prometheus' store. */
function insert(points: Stored['points'], point: Stored['points'][number]): void {
  let at = points.length;
  while (at > 0 && points[at - 1]!.timeMs > point.timeMs) at--;
  if (at > 0 && points[at - 1]!.timeMs === point.timeMs) return;
  points.splice(at, 0, point);
}

function toSeriesData(
  { labels, points }: Stored,
  { startMs, endMs }: Pick<SelectWindow, 'startMs' | 'endMs'>,
): SeriesData | undefined {
  const inside = points.filter(({ timeMs }) => timeMs >= startMs && timeMs <= endMs);
  if (inside.length === 0) return undefined;
  return {
    labels,
    times: Float64Array.from(inside, ({ timeMs }) => timeMs),
    values: Float64Array.from(inside, ({ sample }) => sample?.value ?? Number.NaN),
    ...(inside.some(({ sample }) => sample?.histogram) && {
      histograms: inside.map(({ sample }) => sample?.histogram),
    }),
    ...(inside.some(({ sample }) => sample === undefined) && {
      stale: Uint8Array.from(inside, ({ sample }) => Number(sample === undefined)),
    }),
  };
}
