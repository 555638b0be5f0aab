import { describe, expect, test } from 'vitest';
import type { SeriesSnapshot, Snapshot } from '../model/snapshot.ts';
import {
  MINUTE_MS,
  makeCounter,
  makeGauge,
  makeHistogram,
  makeSnapshot,
  makeSummary,
  TICK_MS,
} from '../testing/make-snapshot.ts';
import { createSeriesExpander } from './expand-series.ts';
import { packRequests } from './pack-requests.ts';
import { planPush } from './plan-push.ts';
import { STALE, type WireSample } from './wire-sample.ts';

const expander = createSeriesExpander();
const BEFORE_MS = TICK_MS - MINUTE_MS;

function show(samples: readonly WireSample[]): readonly (readonly [string, unknown, number])[] {
  return samples.map(({ series: { labels }, value, timeMs }) => {
    const own = labels.find(({ name }) => name === '__name__')!.value;
    const le = labels.find(({ name }) => name === 'le' || name === 'quantile')?.value;
    return [
      le === undefined ? own : `${own} ${le}`,
      typeof value === 'object' ? value.count : value,
      timeMs - TICK_MS,
    ];
  });
}

function plan(
  series: readonly SeriesSnapshot[],
  options: {
    readonly previous?: Snapshot;
    readonly announcedTickMs?: number;
    readonly nativeHistograms?: boolean;
  } = {},
) {
  return planPush(makeSnapshot(series), { expander, announcedTickMs: BEFORE_MS, ...options });
}

describe('the beginning of a series', () => {
  test.each([
    ['a counter from 0', makeCounter('c', { level: 5, resumedTickMs: TICK_MS }), [['c', 0, -MINUTE_MS]]],
    [
      'a counter from where its source already stood',
      makeCounter('c', { level: 1005, opening: 1000, resumedTickMs: TICK_MS }),
      [['c', 1000, -MINUTE_MS]],
    ],
    ['a gauge has none', makeGauge('g', { last: 5, resumedTickMs: TICK_MS }), []],
    [
      'a histogram in all its parts',
      makeHistogram('h', { bounds: [1], buckets: [2, 3], sum: 4, resumedTickMs: TICK_MS }),
      [
        ['h_bucket 1.0', 0, -MINUTE_MS],
        ['h_bucket +Inf', 0, -MINUTE_MS],
        ['h_count', 0, -MINUTE_MS],
        ['h_sum', 0, -MINUTE_MS],
      ],
    ],
    [
      'a histogram whose source was counting',
      makeHistogram('h', {
        bounds: [1],
        buckets: [2, 3],
        sum: 4,
        resumedTickMs: TICK_MS,
        opening: { buckets: [1, 2], count: 2, sum: 3 },
      }),
      [
        ['h_bucket 1.0', 1, -MINUTE_MS],
        ['h_bucket +Inf', 2, -MINUTE_MS],
        ['h_count', 2, -MINUTE_MS],
        ['h_sum', 3, -MINUTE_MS],
      ],
    ],
    [
      'a summary without its quantiles',
      makeSummary('s', {
        quantiles: [{ quantile: 0.5, value: 1 }],
        sum: 3,
        count: 2,
        resumedTickMs: TICK_MS,
        opening: { sum: 1, count: 1 },
      }),
      [
        ['s_count', 1, -MINUTE_MS],
        ['s_sum', 1, -MINUTE_MS],
      ],
    ],
  ])('%s', (_name, series, openings) => {
    expect(show(plan([series]).openings)).toEqual(openings);
  });

  test('is not told again once it is known to be delivered', () => {
    const series = makeCounter('c', { level: 5, resumedTickMs: TICK_MS });
    expect(plan([series], { announcedTickMs: TICK_MS }).openings).toEqual([]);
  });

  test('is told late when the pushes between failed, at the time that it had', () => {
    const series = makeCounter('c', { level: 5, resumedTickMs: TICK_MS - 3 * MINUTE_MS });
    expect(show(plan([series], { announcedTickMs: TICK_MS - 5 * MINUTE_MS }).openings)).toEqual([
      ['c', 0, -4 * MINUTE_MS],
    ]);
  });

  test('is never so old that the receiver would refuse it', () => {
    const series = makeCounter('c', {
      level: 5,
      resumedTickMs: TICK_MS - 90 * MINUTE_MS,
      changedTickMs: TICK_MS,
    });
    expect(show(plan([series], { announcedTickMs: 0 }).openings)).toEqual([['c', 0, -30 * MINUTE_MS]]);
  });

  test('of a new generation falls between the two levels, so that the reset is seen', () => {
    const earlier = makeCounter('c', { level: 5, startMs: TICK_MS - 10 * MINUTE_MS });
    const series = makeCounter('c', { level: 9, startMs: TICK_MS - 20_000 });
    const previous = makeSnapshot([earlier], { tickMs: BEFORE_MS });
    expect(show(plan([series], { previous }).openings)).toEqual([['c', 0, -20_000]]);
    const early = makeCounter('c', { level: 9, startMs: TICK_MS - 20 * MINUTE_MS });
    expect(show(plan([early], { previous }).openings)).toEqual([['c', 0, -MINUTE_MS + 1]]);
  });

  test('of a native histogram is one in which nothing was observed', () => {
    const native = {
      scale: 0,
      zeroThreshold: 0,
      zeroCount: 0,
      positive: new Map([[0, 3]]),
      negative: new Map<number, number>(),
    };
    const series = makeHistogram('h', {
      bounds: [1],
      buckets: [0, 3],
      sum: 4,
      resumedTickMs: TICK_MS,
      native,
    });
    const { openings, levels } = plan([series], { nativeHistograms: true });
    expect([show(openings), show(levels)]).toEqual([[['h', 0n, -MINUTE_MS]], [['h', 3n, 0]]]);
  });
});

describe('the end of a series', () => {
  const idle = (minutes: number) => ({ changedTickMs: TICK_MS - minutes * MINUTE_MS });
  test.each([
    ['a counter keeps its level for an hour', makeCounter('c', { level: 5, ...idle(59) }), [['c', 5, 0]]],
    ['a counter ends after an hour', makeCounter('c', { level: 5, ...idle(60) }), [['c', STALE, 0]]],
    ['it ends once', makeCounter('c', { level: 5, ...idle(61) }), []],
    ['a gauge keeps its value for five minutes', makeGauge('g', { last: 5, ...idle(4) }), [['g', 5, 0]]],
    ['a gauge ends with the look-back', makeGauge('g', { last: 5, ...idle(5) }), [['g', STALE, 0]]],
    [
      'a histogram ends in all its parts',
      makeHistogram('h', { bounds: [1], buckets: [1, 1], sum: 1, ...idle(60) }),
      [
        ['h_bucket 1.0', STALE, 0],
        ['h_bucket +Inf', STALE, 0],
        ['h_count', STALE, 0],
        ['h_sum', STALE, 0],
      ],
    ],
  ])('%s', (_name, series, levels) => {
    expect(show(plan([series]).levels)).toEqual(levels);
  });

  test('a series that the store has dropped ends once', () => {
    const gone = makeCounter('gone', { level: 5, tickMs: BEFORE_MS });
    const silent = makeCounter('silent', { level: 5, changedTickMs: BEFORE_MS - 60 * MINUTE_MS });
    const previous = makeSnapshot([gone, silent], { tickMs: BEFORE_MS });
    expect(show(plan([], { previous }).levels)).toEqual([['gone', STALE, 0]]);
    expect(plan([], { previous: makeSnapshot([], { tickMs: BEFORE_MS }) }).levels).toEqual([]);
  });

  test('buckets that a histogram has no more end, and the others go on', () => {
    const earlier = makeHistogram('h', { bounds: [1, 2], buckets: [1, 2, 3], sum: 4, tickMs: BEFORE_MS });
    const series = makeHistogram('h', {
      bounds: [1, 3],
      buckets: [1, 1, 1],
      sum: undefined,
      startMs: TICK_MS - 5,
    });
    const { openings, levels } = plan([series], { previous: makeSnapshot([earlier], { tickMs: BEFORE_MS }) });
    expect(show(levels)).toEqual([
      ['h_bucket 1.0', 1, 0],
      ['h_bucket 3.0', 1, 0],
      ['h_bucket +Inf', 1, 0],
      ['h_count', 1, 0],
      ['h_bucket 2.0', STALE, 0],
      ['h_sum', STALE, 0],
    ]);
    expect(show(openings).map(([, value, at]) => [value, at])).toEqual(Array(4).fill([0, -5]));
  });

  test('a series that was never sent does not end', () => {
    const series = makeGauge('g', {
      last: 1,
      resumedTickMs: TICK_MS,
      changedTickMs: TICK_MS - 9 * MINUTE_MS,
    });
    expect(plan([series]).levels).toEqual([]);
  });
});

test('series that Prometheus could not tell apart are sent once, and the loser is named', () => {
  const { levels, unsendable } = plan([
    makeHistogram('h', { bounds: [], buckets: [3], sum: 1 }),
    makeCounter('h_count', { level: 9 }),
    makeCounter('', { level: 1 }),
  ]);
  expect(show(levels).map(([name]) => name)).toEqual(['h_bucket +Inf', 'h_count', 'h_sum']);
  expect([...unsendable]).toEqual([
    ['"h_count" is a part of the histogram "h"', 1],
    ['without a metric name', 1],
  ]);
});

test('requests stay within samples and bytes, and keep the order', () => {
  const samples = plan(
    Array.from({ length: 50 }, (_, i) =>
      makeCounter(`c_${i}`, { level: i, labels: { pad: 'x'.repeat(i * 10) } }),
    ),
  ).levels;
  const bySamples = packRequests(samples, { maxSamples: 7 });
  expect(bySamples.map(({ length }) => length)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
  expect(bySamples.flat()).toEqual(samples);
  const byBytes = packRequests(samples, { maxBytes: 1000 });
  expect(byBytes.flat()).toEqual(samples);
  for (const request of byBytes) {
    const bytes = request.reduce((sum, { series }) => sum + series.labelFields.length, 0);
    expect(bytes <= 1000 || request.length === 1).toBe(true);
  }
  expect(packRequests([])).toEqual([]);
});
