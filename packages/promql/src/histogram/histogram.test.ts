import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHistogramNotation } from '../notation/histogram-notation.ts';
import { addHistograms, isEqualHistogram, subtractHistograms } from './arithmetic.ts';
import { allBuckets, compactHistogram, exponentialBound } from './bounds.ts';
import { detectReset } from './detect-reset.ts';
import { formatHistogram } from './format-histogram.ts';
import { EMPTY_HISTOGRAM, type Histogram, histogramWeight } from './histogram.ts';
import { createHistogramMean } from './histogram-mean.ts';
import { fractionOfHistogram, quantileOfHistogram } from './histogram-quantile.ts';
import { trimHistogram } from './trim-histogram.ts';

const histogram = (text: string): Histogram => parseHistogramNotation(text).histogram;

describe('bounds', () => {
  test.each([
    [0, 0, 1],
    [1, 0, 2],
    [-1, 0, 0.5],
    [1, 1, Math.SQRT2],
    [1, -1, 4],
    [1024, 0, Number.MAX_VALUE],
    [1025, 0, Number.POSITIVE_INFINITY],
    [512, -1, Number.MAX_VALUE],
  ])('bucket %s of schema %s ends at %s', (index, schema, bound) => {
    expect(exponentialBound(index, schema)).toBeCloseTo(bound, 12);
  });

  test('those of a coarser schema are among those of a finer one, exactly', () => {
    for (let schema = -4; schema < 8; schema++) {
      for (let index = -8; index <= 8; index++) {
        expect(exponentialBound(index * 2, schema + 1)).toBe(exponentialBound(index, schema));
      }
    }
  });
});

describe('sums', () => {
  test.each([
    ['schema:1 count:3 buckets:[1 1 1]', 'count:2 buckets:[1 1]', '{count:5, sum:0, (0.5,1]:2, (1,2]:3}'],
    ['count:1 buckets:[1]', 'count:1 offset:2 buckets:[1]', '{count:2, sum:0, (0.5,1]:1, (2,4]:1}'],
    [
      'count:2 z_bucket:1 z_bucket_w:0.1 buckets:[1]',
      'count:2 z_bucket:1 z_bucket_w:0.8 offset:1 buckets:[1]',
      '{count:4, sum:0, [-1,1]:3, (1,2]:1}',
    ],
    [
      'count:2 z_bucket:1 z_bucket_w:0.8 offset:1 buckets:[1]',
      'count:2 z_bucket:1 z_bucket_w:0.1 buckets:[1]',
      '{count:4, sum:0, [-1,1]:3, (1,2]:1}',
    ],
    ['count:2 n_buckets:[2]', 'count:1 n_buckets:[0 1]', '{count:3, sum:0, [-2,-1):1, [-1,-0.5):2}'],
    [
      'schema:-53 count:2 custom_values:[1 2] buckets:[1 1]',
      'schema:-53 count:2 custom_values:[2 3] buckets:[1 1]',
      '{count:4, sum:0, [-Inf,2]:3, (2,+Inf]:1}',
    ],
  ])('%s and %s', (a, b, sum) => {
    expect(formatHistogram(compactHistogram(addHistograms(histogram(a), histogram(b)).histogram))).toBe(sum);
  });

  test('adding and taking away leaves what there was', () => {
    fc.assert(
      fc.property(arbitraryHistogram(), arbitraryHistogram(), (a, b) => {
        const there = addHistograms(a, b).histogram;
        const back = compactHistogram(subtractHistograms(there, b).histogram);
        const same = { ...a, ...(back.schema === a.schema ? {} : { schema: back.schema }) };
        expect(back.count).toBe(same.count);
        expect(allBuckets(back).reduce((total, { count }) => total + count, 0)).toBe(total(a));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('their order does not matter', () => {
    fc.assert(
      fc.property(arbitraryHistogram(), arbitraryHistogram(), (a, b) => {
        expect(
          isEqualHistogram(
            compactHistogram(addHistograms(a, b).histogram),
            compactHistogram(addHistograms(b, a).histogram),
          ),
        ).toBe(true);
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  test('hints agree, or the result is of unknown history', () => {
    const hint = (a: Histogram['resetHint'], b: Histogram['resetHint']) =>
      addHistograms({ ...EMPTY_HISTOGRAM, resetHint: a }, { ...EMPTY_HISTOGRAM, resetHint: b });
    expect(hint('gauge', 'reset').histogram.resetHint).toBe('gauge');
    expect(hint('reset', 'gauge').histogram.resetHint).toBe('gauge');
    expect(hint('unknown', 'reset').histogram.resetHint).toBe('unknown');
    expect(hint('reset', 'unknown')).toMatchObject({
      hasResetConflict: false,
      histogram: { resetHint: 'unknown' },
    });
    expect(hint('reset', 'not_reset')).toMatchObject({
      hasResetConflict: true,
      histogram: { resetHint: 'unknown' },
    });
  });

  test('a mean whose sum would overflow is corrected one by one', () => {
    const big = { ...EMPTY_HISTOGRAM, sum: 1.5e308, count: 2 };
    const mean = createHistogramMean(big);
    mean.add(big);
    mean.add(big);
    expect(mean.value().sum).toBeCloseTo(1.5e308, -300);
    expect(mean.value().count).toBeCloseTo(2, 10);
  });

  test('an incompatible histogram leaves a mean as it was', () => {
    const mean = createHistogramMean(histogram('count:1 buckets:[1]'));
    expect(mean.add(histogram('schema:-53 count:1 custom_values:[1] buckets:[1]')).isIncompatible).toBe(true);
  });
});

describe('resets', () => {
  test.each([
    ['count:2 buckets:[1 1]', 'count:2 buckets:[1 1]', false],
    ['count:1 buckets:[1]', 'count:2 buckets:[1 1]', true],
    ['count:3 buckets:[0 3]', 'count:2 buckets:[1 1]', true],
    ['count:3 offset:1 buckets:[3]', 'count:2 buckets:[1 1]', true],
    ['count:3 offset:1 buckets:[3]', 'count:1 buckets:[0 1]', false],
    ['schema:1 count:3 buckets:[3]', 'count:2 buckets:[2]', true],
    ['count:3 z_bucket_w:0.01 buckets:[3]', 'count:2 z_bucket_w:0.1 buckets:[2]', true],
    [
      'count:3 z_bucket:2 z_bucket_w:1 offset:1 buckets:[1]',
      'count:2 z_bucket:1 z_bucket_w:0.1 buckets:[1]',
      false,
    ],
    [
      'count:3 z_bucket:1 z_bucket_w:1 offset:1 buckets:[2]',
      'count:3 z_bucket:1 z_bucket_w:0.1 buckets:[1]',
      true,
    ],
    ['count:3 z_bucket:2 z_bucket_w:0.7 buckets:[1]', 'count:2 z_bucket:1 z_bucket_w:0.1 buckets:[1]', true],
    ['count:3 counter_reset_hint:reset buckets:[3]', 'count:2 buckets:[2]', true],
    ['count:1 counter_reset_hint:not_reset buckets:[1]', 'count:2 buckets:[2]', false],
    ['count:3 n_buckets:[3]', 'count:3 n_buckets:[4]', true],
    ['schema:-53 count:3 custom_values:[1] buckets:[3]', 'count:2 buckets:[2]', true],
    [
      'schema:-53 count:3 custom_values:[1] buckets:[1 2]',
      'schema:-53 count:3 custom_values:[1] buckets:[2 1]',
      true,
    ],
    [
      'schema:-53 count:3 custom_values:[1 2] buckets:[1 1 1]',
      'schema:-53 count:2 custom_values:[2 3] buckets:[2]',
      false,
    ],
    [
      'schema:-53 count:3 custom_values:[1 2] buckets:[1 1 1]',
      'schema:-53 count:3 custom_values:[2 3] buckets:[3]',
      true,
    ],
  ])('%s after %s: %s', (current, previous, isReset) => {
    expect(detectReset(histogram(current), histogram(previous))).toBe(isReset);
  });
});

describe('quantiles and fractions', () => {
  test.each([
    [0, 'count:4 z_bucket:2 z_bucket_w:0.1 buckets:[2]', 0],
    [0.25, 'count:4 z_bucket:4 z_bucket_w:0.1', -0.05],
    [0.25, 'count:4 z_bucket:2 z_bucket_w:0.1 n_buckets:[2]', -Math.SQRT1_2],
    [0.75, 'count:4 z_bucket:2 z_bucket_w:0.1 n_buckets:[2]', -0.05],
    [0.1, 'schema:-53 count:2 custom_values:[-1 2] buckets:[1 1]', -1],
    [0.9, 'schema:-53 count:2 custom_values:[1 2] buckets:[1 0 1]', 2],
    [0.5, 'count:0', Number.NaN],
    [Number.NaN, 'count:1 buckets:[1]', Number.NaN],
    [1, 'count:3 sum:2 buckets:[1 1]', 2],
  ])('the %s-quantile of {%s} is %s', (q, text, value) => {
    expectClose(quantileOfHistogram(q, histogram(text)).value, value);
  });

  test.each([
    [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 'count:4 buckets:[2 2]', 1],
    [1, 2, 'count:4 buckets:[2 2]', 0.5],
    [0, 1.5, 'schema:-53 count:4 custom_values:[1 2] buckets:[2 2]', 0.75],
    [-3, 0, 'schema:-53 count:4 custom_values:[-1 2] buckets:[2 2]', 0],
    [0, 1, 'count:0', Number.NaN],
    [Number.NaN, 1, 'count:1 buckets:[1]', Number.NaN],
  ])('between %s and %s lies of {%s}: %s', (lower, upper, text, value) => {
    expectClose(fractionOfHistogram(lower, upper, histogram(text)).value, value);
  });
});

describe('trimming', () => {
  test.each([
    [
      'count:4 sum:5 z_bucket:2 z_bucket_w:0.5 n_buckets:[1] buckets:[1]',
      0,
      'keep-below',
      '{count:2, sum:-0.9571067811865476, [-1,-0.5):1, [-0.5,0.5]:1}',
    ],
    [
      'count:4 sum:5 z_bucket:2 z_bucket_w:0.5 n_buckets:[1] buckets:[1]',
      0,
      'keep-above',
      '{count:2, sum:0.9571067811865476, [-0.5,0.5]:1, (0.5,1]:1}',
    ],
    ['count:3 z_bucket:2 z_bucket_w:0.5 buckets:[1]', -1, 'keep-below', '{count:0, sum:0}'],
    [
      'count:3 sum:2 z_bucket:2 z_bucket_w:0.5 buckets:[1]',
      -1,
      'keep-above',
      '{count:3, sum:2, [-0.5,0.5]:2, (0.5,1]:1}',
    ],
    ['count:3 z_bucket:2 z_bucket_w:0.5 n_buckets:[1]', 1, 'keep-above', '{count:0, sum:0}'],
    ['schema:-53 count:3 custom_values:[2] buckets:[2 1]', 1, 'keep-below', '{count:1, sum:0.5, [-Inf,2]:1}'],
    [
      'schema:-53 count:3 custom_values:[2] buckets:[2 1]',
      1,
      'keep-above',
      '{count:2, sum:3.5, [-Inf,2]:1, (2,+Inf]:1}',
    ],
    [
      'schema:-53 count:3 custom_values:[-2] buckets:[2 1]',
      -3,
      'keep-below',
      '{count:2, sum:-6, [-Inf,-2]:2}',
    ],
    [
      'schema:-53 count:3 custom_values:[-2] buckets:[2 1]',
      -3,
      'keep-above',
      '{count:1, sum:-2, (-2,+Inf]:1}',
    ],
    ['schema:-53 count:3 custom_values:[2] buckets:[2 1]', 3, 'keep-below', '{count:2, sum:2, [-Inf,2]:2}'],
    ['schema:-53 count:3 custom_values:[2] buckets:[2 1]', 3, 'keep-above', '{count:1, sum:3, (2,+Inf]:1}'],
    ['schema:-53 count:3 buckets:[3]', 3, 'keep-below', '{count:0, sum:0}'],
  ] as const)('{%s} at %s, %s', (text, at, side, trimmed) => {
    expect(formatHistogram(trimHistogram(histogram(text), at, side))).toBe(trimmed);
  });
});

test('a histogram weighs as many samples as it takes room', () => {
  expect(histogramWeight(histogram('count:4 buckets:[1 1 1 1]'))).toBe(13);
});

function expectClose(actual: number, expected: number): void {
  if (Number.isNaN(expected)) expect(actual).toBeNaN();
  else expect(actual).toBeCloseTo(expected, 12);
}

function total(of: Histogram): number {
  return allBuckets(of).reduce((sum, { count }) => sum + count, 0);
}

/** Valid ones: no populated bucket lies inside the zero bucket. */
function arbitraryHistogram(): fc.Arbitrary<Histogram> {
  const buckets = fc.uniqueArray(fc.integer({ min: -20, max: 20 }), { maxLength: 8 }).chain((indexes) =>
    fc
      .array(fc.integer({ min: 1, max: 100 }), { minLength: indexes.length, maxLength: indexes.length })
      .map((counts) => ({
        indexes: [...indexes].sort((a, b) => a - b),
        counts,
      })),
  );
  return fc
    .record({
      schema: fc.integer({ min: -2, max: 4 }),
      positive: buckets,
      negative: buckets,
      zeroCount: fc.nat(9),
    })
    .map((parts) => {
      const draft = { ...EMPTY_HISTOGRAM, ...parts, zeroThreshold: 2 ** -90 };
      return { ...draft, count: total(draft) };
    });
}
