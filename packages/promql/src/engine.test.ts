import { describe, expect, test } from 'vitest';
import { createAnnotations } from './evaluate/annotations.ts';
import { gridBetween } from './evaluate/grid.ts';
import { hashFraction, xxh64 } from './evaluate/hash-fraction.ts';
import { toLabels } from './model/labels.ts';
import { parseValues } from './notation/series-notation.ts';
import { QueryError } from './query-error.ts';
import type { SelectWindow, SeriesReader } from './series-reader.ts';
import { createMemoryReader, regularSeries } from './testing/memory-series.ts';
import { describeResult, notedReader, testEngine } from './testing/noted-series.ts';

const reader = notedReader(`
  x_total{job="a"} 0+60x10
  x_total{job="b"} 0+30x4 _ _ _ stale
  y{job="a"} 1 2 3
  y{job="b"} _ _ 3 4
  h{job="a"} {{count:2 sum:3 buckets:[1 1]}}x10
  target_info{instance="i",job="a",version="1"} 1 1 1 stale
  target_info{instance="i",job="a",version="2"} _ _ _ 1x7
  build_info{instance="i",job="a",branch="main"} 1x10
  up{instance="i",job="a"} 1x10
  alone{a="1"} 1x10
`);
const range = (query: string, options = { startMs: 0, endMs: 240_000, stepMs: 60_000 }) =>
  testEngine().range(query, { reader, ...options });

describe('a range query answers series in the order of their labels', () => {
  test.each([
    [
      'y',
      ['{__name__="y", job="a"} 1@0 2@60 3@120 3@180 3@240', '{__name__="y", job="b"} 3@120 4@180 4@240'],
    ],
    [
      'sum by (job) (rate(x_total[2m]))',
      ['{job="a"} 0.5@60 1@120 1@180 1@240', '{job="b"} 0.25@60 0.5@120 0.5@180 0.5@240'],
    ],
    [
      'y or x_total',
      [
        '{__name__="x_total", job="b"} 0@0 30@60',
        '{__name__="y", job="a"} 1@0 2@60 3@120 3@180 3@240',
        '{__name__="y", job="b"} 3@120 4@180 4@240',
      ],
    ],
    ['y + on (job) y', ['{job="a"} 2@0 4@60 6@120 6@180 6@240', '{job="b"} 6@120 8@180 8@240']],
    ['topk(1, y)', ['{__name__="y", job="a"} 1@0 2@60 3@120', '{__name__="y", job="b"} 4@180 4@240']],
    [
      'count_values("v", y)',
      ['{v="1"} 1@0', '{v="2"} 1@60', '{v="3"} 2@120 1@180 1@240', '{v="4"} 1@180 1@240'],
    ],
    [
      'y @ 120',
      [
        '{__name__="y", job="a"} 3@0 3@60 3@120 3@180 3@240',
        '{__name__="y", job="b"} 3@0 3@60 3@120 3@180 3@240',
      ],
    ],
    [
      'sum(h @ 60)',
      [
        '{} {count:2, sum:3, (0.5,1]:1, (1,2]:1}@0 {count:2, sum:3, (0.5,1]:1, (1,2]:1}@60 {count:2, sum:3, (0.5,1]:1, (1,2]:1}@120 {count:2, sum:3, (0.5,1]:1, (1,2]:1}@180 {count:2, sum:3, (0.5,1]:1, (1,2]:1}@240',
      ],
    ],
    [
      'sort(y{job="b"})',
      [
        '{__name__="y", job="b"} 3@120 4@180 4@240',
        'PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)',
      ],
    ],
    [
      'sort_by_label(y{job="b"}, "job")',
      [
        '{__name__="y", job="b"} 3@120 4@180 4@240',
        'PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)',
      ],
    ],
    ['-y{job="b"} or -x_total{job="b"}', ['{job="b"} -0@0 -30@60 -3@120 -4@180 -4@240']],
    ['time() * 2 + step() + range()', ['{} 300@0 420@60 540@120 660@180 780@240']],
    ['absent_over_time(y{job="b"}[1m])', ['{job="b"} 1@0 1@60 1@240']],
    ['timestamp(y{job="a"})', ['{job="a"} 0@0 60@60 120@120 120@180 120@240']],
    [
      'info(up)',
      [
        '{__name__="up", instance="i", job="a", version="1"} 1@0 1@60 1@120',
        '{__name__="up", instance="i", job="a", version="2"} 1@180 1@240',
      ],
    ],
    [
      'info(up, {__name__=~".+_info", branch=~".+"})',
      ['{__name__="up", branch="main", instance="i", job="a"} 1@0 1@60 1@120 1@180 1@240'],
    ],
    [
      'info(up, {__name__!="target_info"})',
      ['{__name__="up", branch="main", instance="i", job="a"} 1@0 1@60 1@120 1@180 1@240'],
    ],
    [
      'info(build_info, {__name__="build_info"})',
      ['{__name__="build_info", branch="main", instance="i", job="a"} 1@0 1@60 1@120 1@180 1@240'],
    ],
    ['info(alone, {version=~".+"})', []],
    [
      'info(up offset 1m, {version="1"})',
      ['{__name__="up", instance="i", job="a", version="1"} 1@60 1@120 1@180'],
    ],
    [
      'info(sum_over_time(up[2m:1m] @ 60))',
      ['{instance="i", job="a", version="1"} 2@0 2@60 2@120 2@180 2@240'],
    ],
    ['histogram_count(sum_over_time(h[2m]))', ['{job="a"} 2@0 4@60 4@120 4@180 4@240']],
    [
      'y offset step()',
      ['{__name__="y", job="a"} 1@60 2@120 3@180 3@240', '{__name__="y", job="b"} 3@180 4@240'],
    ],
    ['sum_over_time(y{job="a"}[min_of(2m, range()) * 1 - 0s])', ['{job="a"} 1@0 3@60 5@120 3@180']],
  ])('%s', async (query, expected) => {
    expect(describeResult(await range(query))).toEqual(expected);
  });

  test.each([
    ['info(up, {__name__="h"}) + info(h, {__name__="h"})', undefined],
    ['y * on () group_left () vector(1) and y', undefined],
  ])('%s is answered', async (query) => expect(await range(query)).toBeDefined());
});

describe('what a store is asked for', () => {
  async function windowsOf(query: string): Promise<SelectWindow[]> {
    const windows: SelectWindow[] = [];
    const recorder: SeriesReader = {
      select: async (_matchers, window) => {
        windows.push(window);
        return { series: [], warnings: ['from the store'] };
      },
    };
    await testEngine().range(query, { reader: recorder, startMs: 600_000, endMs: 900_000, stepMs: 30_000 });
    return windows;
  }

  test.each([
    ['x', 300_001, 900_000, 0],
    ['x offset 1m', 240_001, 840_000, 0],
    ['rate(x[2m])', 480_001, 900_000, 120_000],
    ['rate(x[2m] @ 100)', -19_999, 100_000, 120_000],
    ['rate(x[2m] anchored)', 180_001, 900_000, 120_000],
    ['rate(x[2m] smoothed)', 180_001, 1_200_000, 120_000],
    ['x smoothed', 300_001, 1_200_000, 0],
    ['max_over_time(rate(x[2m])[5m:1m] offset 1m)', 120_001, 840_000, 120_000],
    ['max_over_time(rate(x[2m])[5m:1m] @ end())', 480_001, 900_000, 120_000],
  ])('%s reads (%s, %s]', async (query, startMs, endMs, rangeMs) => {
    const [window] = await windowsOf(query);
    expect(window).toMatchObject({ startMs, endMs, rangeMs, lookbackMs: 300_000 });
  });

  test('a selector that stands twice is read once', async () => {
    let reads = 0;
    const counting: SeriesReader = {
      select(matchers, window) {
        reads++;
        return reader.select(matchers, window);
      },
    };
    const query = 'sum(y{job="a"}) / sum(y{job="a"}) + sum(y{job="b"}) + sum(y{job="a"} offset 1m)';
    await testEngine().instant(query, { reader: counting, timeMs: 60_000 });
    expect(reads).toBe(3);
  });

  test('hints name the function and the grouping around a selector', async () => {
    const [first, second] = await windowsOf('sum by (a) (x) + max without (b) (rate(y[1m]))');
    expect(first?.hints).toEqual({ func: 'sum', grouping: ['a'], by: true });
    expect(second?.hints).toEqual({ func: 'rate', grouping: [], by: false });
  });

  test('subqueries tell their own step', async () => {
    expect((await windowsOf('max_over_time(x[5m:10s])'))[0]?.stepMs).toBe(10_000);
    expect((await windowsOf('max_over_time(x[5m:])'))[0]?.stepMs).toBe(60_000);
  });

  test('its warnings are passed on', async () => {
    const silent: SeriesReader = { select: async () => ({ series: [], warnings: ['half the data'] }) };
    expect((await testEngine().instant('x', { reader: silent, timeMs: 0 })).warnings).toEqual([
      'half the data',
    ]);
  });
});

describe('start timestamps', () => {
  const data = {
    ...regularSeries(toLabels({ __name__: 'c_total' }), [5, 5, 9], { startMs: 60_000 }),
    startTimes: Float64Array.from([30_000, 90_000, 90_000]),
  };
  const counters = createMemoryReader([data]);

  test.each([
    ['increase(c_total[3m])', '{} 14'],
    ['resets(c_total[3m])', '{} 1'],
    ['irate(c_total[3m])', '{} 0.06666666666666667'],
    ['start_timestamp(c_total)', '{} 90'],
  ])('%s knows when the counter started', async (query, expected) => {
    expect(describeResult(await testEngine().instant(query, { reader: counters, timeMs: 180_000 }))[0]).toBe(
      expected,
    );
  });

  test('one sample is enough where its start lies in the range', async () => {
    expect(
      describeResult(
        await testEngine().instant('increase(c_total[1m])', { reader: counters, timeMs: 60_000 }),
      ),
    ).toEqual(['{} 5']);
  });

  test('are not used when switched off', async () => {
    const engine = testEngine({ useStartTimestamps: false });
    expect(
      describeResult(await engine.instant('resets(c_total[3m])', { reader: counters, timeMs: 180_000 })),
    ).toEqual(['{} 0']);
    expect(
      describeResult(await engine.instant('start_timestamp(c_total)', { reader: counters, timeMs: 180_000 })),
    ).toEqual([]);
  });

  test('a start before the sample it follows is warned about, and counted', async () => {
    const mixed = createMemoryReader([{ ...data, startTimes: Float64Array.from([30_000, 20_000, 10_000]) }]);
    const { warnings } = await testEngine().range('rate(c_total[3m])', {
      reader: mixed,
      startMs: 180_000,
      endMs: 240_000,
      stepMs: 60_000,
    });
    expect(warnings).toEqual([
      'PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "c_total" (2 occurrences) (1:6)',
    ]);
  });

  test('histograms have them too', async () => {
    const [first, second] = parseValues('{{count:2 sum:2 buckets:[2]}} {{count:5 sum:5 buckets:[5]}}').map(
      (value) => (value.kind === 'histogram' ? value.histogram : undefined),
    );
    const histograms = createMemoryReader([
      {
        ...regularSeries(toLabels({ __name__: 'h' }), [Number.NaN, Number.NaN], { startMs: 60_000 }),
        startTimes: Float64Array.from([30_000, 90_000]),
        histograms: [first, second],
      },
    ]);
    const engine = testEngine();
    expect(
      describeResult(await engine.instant('increase(h[3m])', { reader: histograms, timeMs: 120_000 })),
    ).toEqual(['{} {count:7, sum:7, (0.5,1]:7}']);
    expect(
      describeResult(await engine.instant('increase(h[1m])', { reader: histograms, timeMs: 60_000 })),
    ).toEqual(['{} {count:2, sum:2, (0.5,1]:2}']);
    expect(
      describeResult(await engine.instant('resets(h[3m])', { reader: histograms, timeMs: 120_000 })),
    ).toEqual(['{} 1']);
  });
});

test('types decide what a counter is, where they are known', async () => {
  const engine = testEngine({ typeAndUnitLabels: true });
  const { infos } = await engine.instant('rate(x_total[5m])', { reader, timeMs: 240_000 });
  expect(infos).toEqual([
    'PromQL info: metric might not be a counter, __type__ label is not set to "counter" or "histogram", got "": "x_total" (1:6)',
  ]);
});

test('equal annotations are one, with the last place', () => {
  const annotations = createAnnotations();
  annotations.warn('careful', { start: 0, end: 1 });
  annotations.warn('careful', { start: 4, end: 5 });
  const details = { timeMs: 0, minBucket: 1, maxBucket: 2, maxDifference: 0.25 };
  annotations.forcedMonotonicity('', { start: 0, end: 1 }, details);
  annotations.forcedMonotonicity(
    '',
    { start: 0, end: 1 },
    { timeMs: 60_000, minBucket: 0.5, maxBucket: 4, maxDifference: 3 },
  );
  expect(annotations.texts('warning', 'a + b')).toEqual(['PromQL warning: careful (1:5)']);
  expect(annotations.texts('info', 'a + b')[0]).toContain(
    'from buckets 0.5 to 4, with a max diff of 3, over 2 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (1:1)',
  );
});

test('limit_ratio hashes as Prometheus does', () => {
  const hash = (text: string): string => xxh64(new TextEncoder().encode(text)).toString(16);
  expect(hash('')).toBe('ef46db3751d8e999');
  expect(hash('abc')).toBe('44bc2cf5ad770999');
  expect(hash('Nobody inspects the spammish repetition')).toBe('fbcea83c8a378bf1');
  expect(hashFraction(toLabels({ a: 'x'.repeat(300) }))).toBeLessThan(1);
});

test('a grid of nothing has no steps', () => expect(gridBetween(1, 0, 1).count).toBe(0));

test('the notation of series says what it does not understand', () => {
  for (const text of [
    '1x',
    '1+2',
    'foo',
    '{{foo:1}}',
    '{{count:1 count:2}}',
    '{{count:x}}',
    '{{counter_reset_hint:maybe}}',
    '{{1}}',
    '{{schema:1}}+{{schema:0}}x1',
    '{{schema:-53}}+{{}}x1',
  ]) {
    expect(() => parseValues(text), text).toThrow(QueryError);
  }
  expect(() => parseValues('1x2000000')).toThrow('more than 1000000 values');
  expect(() => notedReader('{a="b"c} 1')).toThrow(QueryError);
  expect(() => notedReader('1abc 1')).toThrow(QueryError);
  expect(parseValues('-1-2x2 _x2 stale Inf -NaN').length).toBe(8);
});
