/** Series written as in promqltest files, for tests: `requests_total{job="a"} 0+10x5`. */
import { createEngine, type EngineOptions } from '../engine.ts';
import { formatHistogram } from '../histogram/format-histogram.ts';
import { formatFixed } from '../model/go-float.ts';
import { formatLabels } from '../model/labels.ts';
import { type NotedValue, parseSeriesNotation } from '../notation/series-notation.ts';
import { ALL_FEATURES } from '../parse/parse-expression.ts';
import type { QueryResult } from '../query-result.ts';
import type { SeriesData, SeriesReader } from '../series-reader.ts';
import { createMemoryReader } from './memory-series.ts';

/** One series a line, the first sample at time zero. */
export function notedReader(text: string, options: { stepMs?: number } = {}): SeriesReader {
  return createMemoryReader(notedSeries(text, options));
}

export function notedSeries(text: string, { stepMs = 60_000 }: { stepMs?: number } = {}): SeriesData[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map((line) => toSeries(line, stepMs));
}

function toSeries(line: string, stepMs: number): SeriesData {
  const { labels, values } = parseSeriesNotation(line);
  const samples = values.flatMap((value, i) =>
    value.kind === 'omitted' ? [] : [{ value, timeMs: i * stepMs }],
  );
  const has = (kind: NotedValue['kind']): boolean => samples.some(({ value }) => value.kind === kind);
  return {
    labels,
    times: Float64Array.from(samples, ({ timeMs }) => timeMs),
    values: Float64Array.from(samples, ({ value }) => (value.kind === 'float' ? value.value : Number.NaN)),
    ...(has('histogram') && {
      histograms: samples.map(({ value }) => (value.kind === 'histogram' ? value.histogram : undefined)),
    }),
    ...(has('stale') && { stale: Uint8Array.from(samples, ({ value }) => Number(value.kind === 'stale')) }),
  };
}

/** The engine of tests: all features, a clock that stands still. */
export function testEngine(options: Partial<EngineOptions> = {}): ReturnType<typeof createEngine> {
  return createEngine({ clock: { nowMs: () => 0 }, features: ALL_FEATURES, ...options });
}

/** A result as text: `{a="b"} 1 2` by series, `1` for a scalar; then warnings and infos. */
export function describeResult({ value, warnings, infos }: QueryResult): string[] {
  const notes = [...warnings, ...infos];
  switch (value.type) {
    case 'scalar':
      return [formatFixed(value.value), ...notes];
    case 'string':
      return [JSON.stringify(value.value), ...notes];
    case 'vector':
      return [
        ...value.samples.map(({ labels, value: float, histogram }) => {
          return `${formatLabels(labels)} ${histogram ? formatHistogram(histogram) : formatFixed(float)}`;
        }),
        ...notes,
      ];
    case 'matrix':
      return [
        ...value.series.map(({ labels, times, values, histograms }) => {
          const floats = [...values].map((float, i) => `${formatFixed(float)}@${times[i]! / 1000}`);
          const points = histograms.map(
            ({ timeMs, histogram }) => `${formatHistogram(histogram)}@${timeMs / 1000}`,
          );
          return [formatLabels(labels), ...floats, ...points].join(' ');
        }),
        ...notes,
      ];
  }
}
