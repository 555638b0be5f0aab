/**
 * Series as services leave them: counters that start again, gaps, stale markers, late beginnings, classic
 * histograms. Their samples fall on no whole second, so that no window of whole seconds begins at one;
 * those named `aligned_…` do nothing else.
 */
import type { Random } from '@sluice/core/testing/random';
import { toLabels } from '@sluice/promql/model/labels';
import type { SeriesData } from '@sluice/promql/series-reader';

export const BASE_MS = 1_700_000_100_000;
export const SPAN_MS = 2 * 3_600_000;
const STEP_MS = 15_000;

const JOBS = ['api', 'batch'] as const;
const INSTANCES = ['a:1', 'b:1', 'c:1'] as const;
const BOUNDS = ['0.1', '0.5', '1.0', '5.0', '+Inf'] as const;

interface Fate {
  readonly random: Random;
  /** Chances a sample. */
  readonly gap: number;
  readonly reset: number;
  readonly stale: number;
}

export function randomSeries(random: Random): SeriesData[] {
  const fate: Fate = { random, gap: 0.01, reset: 0.01, stale: 0.004 };
  const calm: Fate = { random, gap: 0, reset: 0, stale: 0 };
  const all: SeriesData[] = [];
  for (const job of JOBS) {
    for (const [i, instance] of INSTANCES.entries()) {
      const own = { job, instance };
      for (const status of ['200', '404', '500']) {
        all.push(counter({ __name__: 'requests_total', ...own, status }, fate));
      }
      all.push(gauge({ __name__: 'temperature', ...own }, { ...fate, reset: 0 }));
      all.push(constant({ __name__: 'build_info', ...own, version: `1.${i}` }, 1));
      all.push(...histogram(own, fate));
      all.push(flat({ __name__: 'flag', ...own }, fate));
    }
    all.push(atBorders(counter({ __name__: 'aligned_total', job }, { ...calm, reset: 0.02 })));
    all.push(atBorders(gauge({ __name__: 'aligned_gauge', job }, calm)));
  }
  all.push(constant({ __name__: 'odd', text: 'a\nb' }, 1), constant({ __name__: 'odd', text: 'a b' }, 2));
  return all;
}

interface Sample {
  readonly timeMs: number;
  readonly value: number;
  readonly isStale: boolean;
}

/** Samples at jittered times; `next` gives the values, and may be asked to start again. */
function samplesOf(fate: Fate, next: (isReset: boolean) => number): Sample[] {
  const { random } = fate;
  const samples: Sample[] = [];
  const jitterMs = random.below(6) * 1000 + 137;
  let missing = random.chance(0.15) ? random.below(200) : 0;
  for (let i = 0; i < SPAN_MS / STEP_MS; i++) {
    const timeMs = BASE_MS + i * STEP_MS + jitterMs + random.below(3);
    const value = next(random.chance(fate.reset));
    if (missing > 0) {
      missing--;
      continue;
    }
    const isStale = random.chance(fate.stale);
    samples.push({ timeMs, value, isStale });
    if (isStale) missing = random.below(40);
    else if (random.chance(fate.gap)) missing = 1 + random.below(50);
  }
  return samples;
}

function toSeries(labels: Record<string, string>, samples: readonly Sample[]): SeriesData {
  return {
    labels: toLabels(labels),
    times: Float64Array.from(samples, ({ timeMs }) => timeMs),
    values: Float64Array.from(samples, ({ value, isStale }) => (isStale ? Number.NaN : value)),
    stale: Uint8Array.from(samples, ({ isStale }) => Number(isStale)),
  };
}

function counter(labels: Record<string, string>, fate: Fate): SeriesData {
  let level = fate.random.chance(0.5) ? fate.random.below(10_000) : 0;
  const pace = 1 + fate.random.below(50);
  return toSeries(
    labels,
    samplesOf(fate, (isReset) => {
      level = isReset ? fate.random.below(3) : level + fate.random.below(pace);
      return level;
    }),
  );
}

function gauge(labels: Record<string, string>, fate: Fate): SeriesData {
  let level = fate.random.next() * 40 - 10;
  return toSeries(
    labels,
    samplesOf(fate, () => {
      level += fate.random.next() - 0.5;
      return level;
    }),
  );
}

/** 0 or 1, with long stays. */
function flat(labels: Record<string, string>, fate: Fate): SeriesData {
  let level = 0;
  return toSeries(
    labels,
    samplesOf(fate, (isReset) => {
      if (isReset) level = 1 - level;
      return level;
    }),
  );
}

function constant(labels: Record<string, string>, value: number): SeriesData {
  const times = Array.from({ length: SPAN_MS / STEP_MS }, (_, i) => BASE_MS + i * STEP_MS + 4137);
  return toSeries(
    labels,
    times.map((timeMs) => ({ timeMs, value, isStale: false })),
  );
}

/** Buckets, count and sum of one histogram share their samples' times, gaps and restarts. */
function histogram(own: Record<string, string>, fate: Fate): SeriesData[] {
  const { random } = fate;
  const counts = BOUNDS.map(() => 0);
  let sum = 0;
  const rows: { counts: number[]; sum: number }[] = [];
  const samples = samplesOf(fate, (isReset) => {
    if (isReset) {
      counts.fill(0);
      sum = 0;
    }
    for (let events = random.below(6); events > 0; events--) {
      const bucket = random.below(BOUNDS.length);
      for (let i = bucket; i < counts.length; i++) counts[i]!++;
      sum += bucket + random.next();
    }
    rows.push({ counts: [...counts], sum });
    return rows.length - 1;
  });
  const column = (read: (row: { counts: number[]; sum: number }) => number): Sample[] =>
    samples.map((sample) => ({ ...sample, value: read(rows[sample.value]!) }));
  return [
    ...BOUNDS.map((le, i) =>
      toSeries(
        { __name__: 'latency_bucket', ...own, le },
        column((row) => row.counts[i]!),
      ),
    ),
    toSeries(
      { __name__: 'latency_count', ...own },
      column((row) => row.counts.at(-1)!),
    ),
    toSeries(
      { __name__: 'latency_sum', ...own },
      column((row) => row.sum),
    ),
  ];
}

/** The same with every sample on a multiple of its step. */
function atBorders(series: SeriesData): SeriesData {
  return { ...series, times: series.times.map((timeMs) => Math.floor(timeMs / STEP_MS) * STEP_MS) };
}
