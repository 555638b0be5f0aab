/** `schema:1 sum:3 count:22 buckets:[5 10 7]`: what stands between the double braces of a histogram. */
import {
  type Buckets,
  EMPTY_HISTOGRAM,
  type Histogram,
  NO_BUCKETS,
  type ResetHint,
} from '../histogram/histogram.ts';
import { QueryError } from '../query-error.ts';

const HINTS: Readonly<Record<string, ResetHint>> = {
  unknown: 'unknown',
  reset: 'reset',
  not_reset: 'not_reset',
  gauge: 'gauge',
};

export interface NotedHistogram {
  readonly histogram: Histogram;
  readonly hasHint: boolean;
}

export function parseHistogramNotation(text: string): NotedHistogram {
  const fields = new Map<string, string>();
  for (const [, key = '', value = ''] of text.matchAll(/([a-z_]+):(\[[^\]]*\]|\S+)/g)) {
    if (fields.has(key)) fail(`duplicate key ${JSON.stringify(key)} in histogram`);
    fields.set(key, value);
  }
  const rest = text.replaceAll(/([a-z_]+):(\[[^\]]*\]|\S+)/g, '').trim();
  if (rest !== '') fail(`unexpected ${JSON.stringify(rest)} in histogram description`);
  const take = (key: string): string | undefined => {
    const value = fields.get(key);
    fields.delete(key);
    return value;
  };
  const number = (key: string): number => toNumber(take(key) ?? '0');
  const list = (key: string): number[] => toNumbers(take(key) ?? '[]');
  const side = (counts: number[], offset: number): Buckets =>
    counts.length === 0 ? NO_BUCKETS : { indexes: counts.map((_, i) => offset + i), counts };
  const hint = take('counter_reset_hint');
  const histogram: Histogram = {
    ...EMPTY_HISTOGRAM,
    schema: number('schema'),
    sum: number('sum'),
    count: number('count'),
    zeroCount: number('z_bucket'),
    zeroThreshold: number('z_bucket_w'),
    customBounds: list('custom_values'),
    positive: side(list('buckets'), number('offset')),
    negative: side(list('n_buckets'), number('n_offset')),
    resetHint:
      hint === undefined
        ? 'unknown'
        : (HINTS[hint] ?? fail(`bad counter reset hint ${JSON.stringify(hint)}`)),
  };
  const unknown = [...fields.keys()][0];
  if (unknown !== undefined) fail(`bad histogram descriptor found: ${JSON.stringify(unknown)}`);
  return { histogram, hasHint: hint !== undefined };
}

function toNumbers(text: string): number[] {
  const inner = text.slice(1, -1).trim();
  return inner === '' ? [] : inner.split(/\s+/).map(toNumber);
}

function toNumber(text: string): number {
  const special = /^([+-]?)(inf|nan)$/i.exec(text);
  if (special) {
    const value = special[2]!.toLowerCase() === 'inf' ? Number.POSITIVE_INFINITY : Number.NaN;
    return special[1] === '-' ? -value : value;
  }
  const value = Number(text);
  return Number.isNaN(value) ? fail(`bad number ${JSON.stringify(text)} in histogram description`) : value;
}

function fail(message: string): never {
  throw new QueryError('bad_data', message);
}
