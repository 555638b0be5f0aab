/** Whether a result is the expected one; floats up to a relative error of 10^-6, as upstream compares. */
import { compactHistogram } from '@sluice/promql/histogram/bounds';
import { formatHistogram } from '@sluice/promql/histogram/format-histogram';
import { type Buckets, type Histogram, isSameBounds } from '@sluice/promql/histogram/histogram';
import { compareLabels, formatLabels, type Labels, labelsKey } from '@sluice/promql/model/labels';
import type { NotedValue } from '@sluice/promql/notation/series-notation';
import type { MatrixSeries, QueryValue, VectorSample } from '@sluice/promql/query-result';
import type { Expectation } from './script.ts';

const EPSILON = 1e-6;

export interface ExpectedTimes {
  readonly startMs: number;
  readonly stepMs: number;
}

/** What is wrong, or undefined. */
export function compareValue(
  actual: QueryValue,
  expected: Expectation,
  times: ExpectedTimes,
): string | undefined {
  switch (actual.type) {
    case 'string':
      return actual.value === expected.text
        ? undefined
        : `expected string ${expected.text}, got ${actual.value}`;
    case 'scalar':
      if (expected.scalar === undefined) return `expected a vector, got scalar ${actual.value}`;
      return isClose(actual.value, expected.scalar)
        ? undefined
        : `expected scalar ${expected.scalar}, got ${actual.value}`;
    case 'vector':
      if (expected.scalar !== undefined) return 'expected a scalar, got a vector';
      return compareVector(actual.samples, expected);
    case 'matrix':
      if (expected.scalar !== undefined) return 'expected a scalar, got a matrix';
      return compareMatrix(actual.series, expected, times);
  }
}

function compareVector(
  samples: readonly VectorSample[],
  { series, ordered }: Expectation,
): string | undefined {
  const byKey = new Map(series.map((expected) => [labelsKey(expected.labels), expected]));
  const seen = new Set<string>();
  for (const [position, sample] of samples.entries()) {
    const name = formatLabels(sample.labels);
    const key = labelsKey(sample.labels);
    const expected = byKey.get(key);
    if (!expected) return `unexpected series ${name} = ${describe(sample)}`;
    if (ordered && expected.position !== position) return `${name} at ${position}, not ${expected.position}`;
    seen.add(key);
    const wrong = compareSample(sample, expected.values[0]);
    if (wrong) return `${name}: ${wrong}`;
  }
  const missing = series.find(({ labels }) => !seen.has(labelsKey(labels)));
  return missing && `expected series ${formatLabels(missing.labels)} not found`;
}

function compareSample(
  sample: { value: number; histogram?: Histogram },
  expected: NotedValue | undefined,
): string | undefined {
  if (expected?.kind === 'histogram') {
    if (!sample.histogram) return `expected ${formatHistogram(expected.histogram)}, got ${sample.value}`;
    return compareHistogram(sample.histogram, expected.histogram, expected.hasHint);
  }
  const value = expected?.kind === 'float' ? expected.value : Number.NaN;
  if (sample.histogram) return `expected ${value}, got ${formatHistogram(sample.histogram)}`;
  return isClose(sample.value, value) ? undefined : `expected ${value}, got ${sample.value}`;
}

function compareMatrix(
  matrix: readonly MatrixSeries[],
  { series, ordered }: Expectation,
  times: ExpectedTimes,
): string | undefined {
  if (ordered) return 'expected an ordered result, got a matrix';
  const byKey = new Map(series.map((expected) => [labelsKey(expected.labels), expected]));
  const seen = new Set<string>();
  for (const [i, actual] of matrix.entries()) {
    const name = formatLabels(actual.labels);
    if (i > 0 && compareLabels(matrix[i - 1]!.labels, actual.labels) > 0)
      return `matrix is not sorted at ${name}`;
    const key = labelsKey(actual.labels);
    const expected = byKey.get(key);
    if (!expected) return `unexpected series ${name} ${describeSeries(actual)}`;
    seen.add(key);
    const wrong = comparePoints(actual, expected, times);
    if (wrong) return `${name}: ${wrong} (got ${describeSeries(actual)})`;
  }
  const missing = series.find(({ labels }) => !seen.has(labelsKey(labels)));
  return missing && `expected series ${formatLabels(missing.labels)} not found`;
}

function comparePoints(
  actual: MatrixSeries,
  { values }: { labels: Labels; values: readonly NotedValue[] },
  { startMs, stepMs }: ExpectedTimes,
): string | undefined {
  let float = 0;
  let histogram = 0;
  for (const [i, expected] of values.entries()) {
    const timeMs = startMs + i * stepMs;
    if (expected.kind === 'omitted') continue;
    if (expected.kind === 'histogram') {
      const point = actual.histograms[histogram++];
      if (point?.timeMs !== timeMs) return `expected a histogram at ${timeMs}, got ${point?.timeMs}`;
      const wrong = compareHistogram(point.histogram, expected.histogram, expected.hasHint);
      if (wrong) return `at ${timeMs}: ${wrong}`;
    } else {
      if (actual.times[float] !== timeMs) return `expected a value at ${timeMs}, got ${actual.times[float]}`;
      const value = expected.kind === 'float' ? expected.value : Number.NaN;
      if (!isClose(actual.values[float]!, value))
        return `at ${timeMs}: expected ${value}, got ${actual.values[float]}`;
      float++;
    }
  }
  if (float !== actual.times.length) return `expected ${float} values, got ${actual.times.length}`;
  if (histogram !== actual.histograms.length)
    return `expected ${histogram} histograms, got ${actual.histograms.length}`;
  return undefined;
}

function compareHistogram(actual: Histogram, expected: Histogram, hasHint: boolean): string | undefined {
  const a = compactHistogram(actual);
  const b = compactHistogram(expected);
  const isSame =
    a.schema === b.schema &&
    isClose(a.count, b.count) &&
    isClose(a.sum, b.sum) &&
    isSameBounds(a.customBounds, b.customBounds) &&
    a.zeroThreshold === b.zeroThreshold &&
    isClose(a.zeroCount, b.zeroCount) &&
    isSameBuckets(a.positive, b.positive) &&
    isSameBuckets(a.negative, b.negative);
  if (!isSame) {
    return `expected ${formatHistogram(b)} (schema ${b.schema}), got ${formatHistogram(a)} (schema ${a.schema})`;
  }
  if (hasHint && a.resetHint !== b.resetHint) return `expected hint ${b.resetHint}, got ${a.resetHint}`;
  return undefined;
}

function isSameBuckets(a: Buckets, b: Buckets): boolean {
  return (
    a.indexes.length === b.indexes.length &&
    a.indexes.every((index, i) => index === b.indexes[i] && isClose(a.counts[i]!, b.counts[i]!))
  );
}

function isClose(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (a === 0 || b === 0) return false;
  const total = Math.abs(a) + Math.abs(b);
  return Math.abs(a - b) / Math.min(total, Number.MAX_VALUE) < EPSILON;
}

function describe({ value, histogram }: { value: number; histogram?: Histogram }): string {
  return histogram ? formatHistogram(histogram) : String(value);
}

function describeSeries({ values, histograms }: MatrixSeries): string {
  return [...values, ...histograms.map(({ histogram }) => formatHistogram(histogram))].join(' ');
}
