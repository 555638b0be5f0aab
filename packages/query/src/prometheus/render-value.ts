/** Results as the JSON of Prometheus' HTTP API; written as text, since an object for each sample would cost more than the query. */

import { createPauses } from '@sluice/core/pauses';
import { systemClock } from '@sluice/core/ports/clock';
import { type Bucket, negativeBuckets, positiveBuckets, zeroBucket } from '@sluice/promql/histogram/bounds';
import { type Histogram, hasCustomBuckets } from '@sluice/promql/histogram/histogram';
import { formatFixed } from '@sluice/promql/model/go-float';
import type { Labels } from '@sluice/promql/model/labels';
import type { MatrixSeries, QueryValue, VectorSample } from '@sluice/promql/query-result';
import { ApiError } from './api-answer.ts';

/** `"resultType":…,"result":…`, the inside of `data`. */
export async function renderValue(value: QueryValue): Promise<string> {
  return `"resultType":"${value.type}","result":${await renderResult(value)}`;
}

async function renderResult(value: QueryValue): Promise<string> {
  switch (value.type) {
    case 'scalar':
      // Prometheus writes a number that stands alone without an exponent.
      return `[${value.timeMs / 1000},"${formatFixed(value.value)}"]`;
    case 'string':
      return `[${value.timeMs / 1000},${quote(value.value)}]`;
    case 'vector':
      return renderList(value.samples, renderSample);
    case 'matrix':
      return renderList(value.series, renderSeries);
  }
}

/** A list longer than Node's longest string could not be written, and one half as long takes the memory of all others. */
const MAX_CHARACTERS = 256 * 1024 * 1024;

/** JSON, in slices of time. @throws ApiError when it is too long. */
export async function renderList<T>(items: readonly T[], render: (item: T) => string): Promise<string> {
  const pauses = createPauses(systemClock);
  const texts: string[] = [];
  let characters = 0;
  for (const item of items) {
    if (pauses.isDue()) await pauses.take();
    const text = render(item);
    characters += text.length;
    if (characters > MAX_CHARACTERS) {
      const limit = MAX_CHARACTERS.toLocaleString('en');
      const message = `the answer would have more than ${limit} characters: ask for fewer series, or take a longer step`;
      throw new ApiError('execution', message);
    }
    texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

function renderSample({ labels, timeMs, value, histogram }: VectorSample): string {
  const point = histogram
    ? `"histogram":[${formatTimestamp(timeMs)},${renderHistogram(histogram)}]`
    : `"value":${renderPoint(timeMs, value)}`;
  return `{"metric":${renderLabels(labels)},${point}}`;
}

function renderSeries({ labels, times, values, histograms }: MatrixSeries): string {
  let text = `{"metric":${renderLabels(labels)}`;
  if (times.length > 0) {
    text += ',"values":[';
    for (let i = 0; i < times.length; i++) {
      text += i === 0 ? renderPoint(times[i]!, values[i]!) : `,${renderPoint(times[i]!, values[i]!)}`;
    }
    text += ']';
  }
  if (histograms.length > 0) {
    const points = histograms.map(
      ({ timeMs, histogram }) => `[${formatTimestamp(timeMs)},${renderHistogram(histogram)}]`,
    );
    text += `,"histograms":[${points.join(',')}]`;
  }
  return `${text}}`;
}

export function renderLabels(labels: Labels): string {
  return `{${labels.map(({ name, value }) => `${quote(name)}:${quote(value)}`).join(',')}}`;
}

/** Bytes that are no UTF-8 stand in strings as lone surrogates; JSON gets U+FFFD for each. */
function quote(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

function renderPoint(timeMs: number, value: number): string {
  return `[${formatTimestamp(timeMs)},"${formatSample(value)}"]`;
}

/** Seconds; a fraction has three digits, as Prometheus writes it. */
export function formatTimestamp(timeMs: number): string {
  const ms = Math.abs(timeMs) % 1000;
  if (ms === 0) return String(timeMs / 1000);
  const seconds = Math.floor(Math.abs(timeMs) / 1000);
  return `${timeMs < 0 ? '-' : ''}${seconds}.${String(ms).padStart(3, '0')}`;
}

/** Shortest digits; an exponent of two digits or more below 1e-6 and from 1e21 on, which are the borders of JavaScript too. */
export function formatSample(value: number): string {
  const size = Math.abs(value);
  if ((size >= 1e-6 && size < 1e21) || Object.is(value, 0)) return String(value);
  if (size === 0 || !Number.isFinite(value)) return formatFixed(value);
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Which borders belong to a bucket. Source: Prometheus documentation, HTTP API § Native histograms. */
const BORDERS = { openLeft: 0, openRight: 1, closed: 3 } as const;

function renderHistogram(histogram: Histogram): string {
  const buckets: string[] = [];
  const write = ({ lower, upper, count }: Bucket, borders: number): void => {
    if (count === 0) return;
    const [low, high, held] = [lower, upper, count].map(formatSample);
    buckets.push(`[${borders},"${low}","${high}","${held}"]`);
  };
  if (!hasCustomBuckets(histogram)) {
    for (const bucket of negativeBuckets(histogram).reverse()) write(bucket, BORDERS.openRight);
    write(zeroBucket(histogram), BORDERS.closed);
  }
  for (const bucket of positiveBuckets(histogram)) {
    write(bucket, bucket.lower === Number.NEGATIVE_INFINITY ? BORDERS.closed : BORDERS.openLeft);
  }
  const shown = buckets.length > 0 ? `,"buckets":[${buckets.join(',')}]` : '';
  return `{"count":"${formatSample(histogram.count)}","sum":"${formatSample(histogram.sum)}"${shown}}`;
}
