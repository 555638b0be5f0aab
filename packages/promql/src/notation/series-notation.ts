/**
 * The notation of series in promqltest and promtool files: `metric{label="value"} 1+2x3 _ stale
 * {{schema:1 count:3 buckets:[1 2]}}x4`. Source: Prometheus documentation, unit testing for rules, § series.
 */
import { addHistograms, subtractHistograms } from '../histogram/arithmetic.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { fromPairs, type Labels } from '../model/labels.ts';
import { isMetricName, parseVectorSelector } from '../parse/parse-selector.ts';
import { SyntaxFault, toQueryError } from '../parse/syntax-error.ts';
import { createTokenStream } from '../parse/token-stream.ts';
import { QueryError } from '../query-error.ts';
import { parseHistogramNotation } from './histogram-notation.ts';

export type NotedValue =
  | { readonly kind: 'omitted' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'float'; readonly value: number }
  /** `hasHint`: a counter reset hint was written, and is to be compared. */
  | { readonly kind: 'histogram'; readonly histogram: Histogram; readonly hasHint: boolean };

export interface NotedSeries {
  readonly labels: Labels;
  readonly values: readonly NotedValue[];
}

/** Values of one line; more are a mistake rather than a test. */
const MAX_VALUES = 1_000_000;

/** Throws QueryError `bad_data`. */
export function parseSeriesNotation(line: string): NotedSeries {
  const end = metricEnd(line);
  return { labels: parseMetric(line.slice(0, end)), values: parseValues(line.slice(end)) };
}

/** `name{label="value", …}` as labels. */
export function parseMetric(text: string): Labels {
  try {
    const stream = createTokenStream(text);
    if (stream.peek().kind === 'eof') return [];
    const name = stream.is('{') ? undefined : stream.next();
    if (name && !isMetricName(name))
      throw new SyntaxFault(name, `bad metric name ${JSON.stringify(name.text)}`);
    const { matchers } = parseVectorSelector(stream, name);
    if (stream.peek().kind !== 'eof') stream.unexpected('label set');
    const other = matchers.find(({ operator }) => operator !== '=');
    if (other) fail(`unexpected "${other.operator}" in label set, expected "="`);
    return fromPairs(matchers.map((matcher) => [matcher.name, matcher.value] as const));
  } catch (error) {
    if (error instanceof SyntaxFault) throw toQueryError(text, error);
    throw error;
  }
}

/** Where the metric ends: at the first blank outside braces, or behind the closing brace. */
function metricEnd(line: string): number {
  let quote = '';
  let isOpen = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (quote !== '') {
      if (character === '\\' && quote !== '`') at++;
      else if (character === quote) quote = '';
    } else if (isOpen && '"\'`'.includes(character)) quote = character;
    else if (character === '{') isOpen = true;
    else if (character === '}') return at + 1;
    else if (!isOpen && /\s/.test(character) && !/^\s*\{(?!\{)/.test(line.slice(at))) return at;
  }
  return line.length;
}

export function parseValues(text: string): NotedValue[] {
  const values: NotedValue[] = [];
  for (const [item] of text.matchAll(/(?:\{\{[^}]*\}\}|[^\s{])+/g)) {
    for (const value of expandItem(item)) {
      values.push(value);
      if (values.length > MAX_VALUES) fail(`more than ${MAX_VALUES} values in one series`);
    }
  }
  return values;
}

const NUMBER =
  '[+-]?(?:\\d[\\d_]*(?:\\.\\d*)?(?:[eE][+-]?\\d+)?|\\.\\d+(?:[eE][+-]?\\d+)?|[iI][nN][fF]|[nN][aA][nN])';
const FLOAT_ITEM = new RegExp(`^(${NUMBER}|stale)([+-]${NUMBER.slice(5)})?(?:x(\\d+))?$`);
const HISTOGRAM_ITEM = /^\{\{([^}]*)\}\}(?:([+-])\{\{([^}]*)\}\})?(?:x(\d+))?$/;

function* expandItem(item: string): Generator<NotedValue> {
  const blank = /^_(?:x(\d+))?$/.exec(item);
  if (blank) {
    for (let i = 0; i < Number(blank[1] ?? 1); i++) yield { kind: 'omitted' };
    return;
  }
  const histogram = HISTOGRAM_ITEM.exec(item);
  if (histogram) {
    yield* expandHistograms(histogram);
    return;
  }
  const [, start, delta, times] = FLOAT_ITEM.exec(item) ?? [];
  if (start === undefined || (delta !== undefined && times === undefined)) {
    fail(`unexpected ${JSON.stringify(item)} in series values, expected number or "stale"`);
  }
  let value = toNumber(start);
  // One value more than the factor says: the first is the one at time zero.
  for (let i = 0; i <= Number(times ?? 0); i++) {
    yield start === 'stale' ? { kind: 'stale' } : { kind: 'float', value };
    if (delta !== undefined) value += toNumber(delta);
  }
}

function* expandHistograms([, first = '', sign, second, times]: RegExpExecArray): Generator<NotedValue> {
  const base = parseHistogramNotation(first);
  const delta = second === undefined ? undefined : parseHistogramNotation(second);
  const hasHint = (delta ?? base).hasHint;
  let { histogram } = base;
  for (let i = 0; i <= Number(times ?? 0); i++) {
    yield { kind: 'histogram', histogram, hasHint };
    if (!delta) continue;
    if (histogram.schema > delta.histogram.schema) {
      fail(
        `error combining histograms: cannot merge from schema ${delta.histogram.schema} to ${histogram.schema}`,
      );
    }
    const combined = (sign === '+' ? addHistograms : subtractHistograms)(histogram, delta.histogram);
    if (combined.isIncompatible) fail('cannot combine histograms of exponential and of custom buckets');
    ({ histogram } = combined);
  }
}

function toNumber(text: string): number {
  const unsigned = text.replace(/^[+-]/, '').replaceAll('_', '').toLowerCase();
  const value =
    unsigned === 'inf' ? Number.POSITIVE_INFINITY : unsigned === 'nan' ? Number.NaN : Number(unsigned);
  return text.startsWith('-') ? -value : value;
}

function fail(message: string): never {
  throw new QueryError('bad_data', message);
}
