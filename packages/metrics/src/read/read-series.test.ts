/** What PromQL sees of each kind of series, in the files and in what is not compacted yet. */

import { createEngine } from '@sluice/promql/engine';
import { labelValue, toRecord } from '@sluice/promql/model/labels';
import { createMatcher } from '@sluice/promql/model/matcher';
import type { SelectWindow } from '@sluice/promql/series-reader';
import { describe, expect, test } from 'vitest';
import {
  createRollupWorld,
  HOUR_MS,
  MINUTE_MS,
  type RollupWorld,
  WORLD_START_MS as START,
} from '../testing/rollup-world.ts';
import { createPageCache } from './page-cache.ts';

const DAY_MS = 24 * HOUR_MS;
const hits = { __name__: 'hits_total', job: 'shop' };
const LIMITS = { maxSeries: 1000, maxSamples: 100_000 };

function windowOf(changes: Partial<SelectWindow>): SelectWindow {
  const hints = { func: '', grouping: [], by: false };
  return {
    startMs: 0,
    endMs: 0,
    stepMs: 0,
    rangeMs: 0,
    lookbackMs: 300_000,
    hints,
    limits: LIMITS,
    ...changes,
  };
}

async function rangeOf(
  world: RollupWorld,
  query: string,
  { startMs, endMs, stepMs }: { startMs: number; endMs: number; stepMs: number },
) {
  const { value } = await world.engine.range(query, { reader: world.reader, startMs, endMs, stepMs });
  if (value.type !== 'matrix') throw new TypeError(value.type);
  return value.series.map(({ labels, times, values }) => ({
    labels: toRecord(labels),
    points: [...times].map((timeMs, i) => [(timeMs - START) / MINUTE_MS, values[i]] as const),
  }));
}

describe('counters', () => {
  test('read as the source reports them when bare, from files and from snapshots', async () => {
    const world = createRollupWorld();
    world.builder.open(hits, 5000);
    await world.run(START + 75 * MINUTE_MS, () => world.builder.count(hits, 2));
    for (const minute of [1, 30, 60, 61, 70, 71, 75]) {
      expect(await world.instant('hits_total', START + minute * MINUTE_MS)).toEqual({
        '__name__=hits_total,job=shop': 5000 + 2 * minute,
      });
    }
    // What a source had counted before it was seen is not an increase.
    expect(await world.instant('increase(hits_total[75m])', START + 75 * MINUTE_MS)).toEqual({
      'job=shop': 150,
    });
  });

  test('beyond 2^53 differ exactly', async () => {
    const world = createRollupWorld();
    world.builder.open(hits, 2n ** 63n);
    await world.run(START + 75 * MINUTE_MS, () => world.builder.count(hits, 3n));
    expect(await world.instant('increase(hits_total[75m])', START + 75 * MINUTE_MS)).toEqual({
      'job=shop': 225,
    });
    expect(await world.instant('increase(hits_total[5m])', START + 60 * MINUTE_MS)).toEqual({
      'job=shop': 15,
    });
  });

  test('that restart have no negative and no lost increase, and one reset', async () => {
    const world = createRollupWorld();
    await world.run(START + 45 * MINUTE_MS, (tickMs) => {
      if (tickMs === START + 20 * MINUTE_MS) world.builder.restart(hits);
      world.builder.count(hits, 4);
    });
    const endMs = START + 45 * MINUTE_MS;
    expect(await world.instant('increase(hits_total[45m])', endMs)).toEqual({ 'job=shop': 180 });
    expect(await world.instant('resets(hits_total[45m])', endMs)).toEqual({ 'job=shop': 1 });
    expect(await world.instant('irate(hits_total[5m])', START + 20 * MINUTE_MS)).toEqual({
      'job=shop': 4 / 60,
    });
  });

  test('that come back after a rest continue without a reset', async () => {
    const world = createRollupWorld();
    await world.run(START + 5 * HOUR_MS, (tickMs) => {
      const hour = Math.ceil((tickMs - START) / HOUR_MS);
      if (hour === 1 || hour === 5) world.builder.count(hits, 1);
    });
    const nowMs = START + 5 * HOUR_MS;
    expect(await world.instant('resets(hits_total[5h])', nowMs)).toEqual({ 'job=shop': 0 });
    expect(await world.instant('increase(hits_total[5h])', nowMs)).toEqual({ 'job=shop': 120 });
    expect(await world.instant('increase(hits_total[61m])', nowMs)).toEqual({ 'job=shop': 60 });
  });

  test('under `anchored` and `smoothed` go as levels, which those difference', async () => {
    const world = createRollupWorld();
    await world.run(START + 45 * MINUTE_MS, () => world.builder.count(hits, 4));
    const endMs = START + 45 * MINUTE_MS;
    const engine = createEngine({ clock: world.clock, features: { extendedRangeSelectors: true } });
    const ask = async (query: string, timeMs: number) =>
      (await engine.instant(query, { reader: world.reader, timeMs })).value;
    const twenty = { type: 'vector', samples: [{ value: 20 }] };
    expect(await ask('increase(hits_total[5m] anchored)', endMs)).toMatchObject(twenty);
    expect(await ask('increase(hits_total[5m] smoothed)', endMs - 30_000)).toMatchObject(twenty);
  });

  test('are zero while they rest, and stale once they are no longer published', async () => {
    const world = createRollupWorld();
    await world.run(START + 100 * MINUTE_MS, (tickMs) => {
      if (tickMs <= START + 10 * MINUTE_MS) world.builder.count(hits, 1);
      world.builder.set({ __name__: 'alive', job: 'shop' }, 1);
    });
    const [series] = await rangeOf(world, 'rate(hits_total[5m])', {
      startMs: START + 20 * MINUTE_MS,
      endMs: START + 60 * MINUTE_MS,
      stepMs: MINUTE_MS,
    });
    expect(new Set(series!.points.map(([, value]) => value))).toEqual(new Set([0]));
    const [bare] = await rangeOf(world, 'hits_total', {
      startMs: START,
      endMs: START + 100 * MINUTE_MS,
      stepMs: MINUTE_MS,
    });
    expect(bare!.points.at(-1)).toEqual([69, 10]);
    // The window still sees the last of it, and nothing is added behind it.
    expect(await world.instant('increase(hits_total[2h])', START + 100 * MINUTE_MS)).toEqual({
      'job=shop': 10,
    });
  });

  test('are exact from the tick on at which they appear, in whatever hour', async () => {
    const world = createRollupWorld();
    await world.run(START + 130 * MINUTE_MS, (tickMs) => {
      if (tickMs > START + 117 * MINUTE_MS) world.builder.count(hits, 7);
      world.builder.set({ __name__: 'alive', job: 'shop' }, 1);
    });
    for (const [minute, expected] of [
      [118, 7],
      [119, 14],
      [120, 21],
      [121, 28],
      [130, 91],
    ] as const) {
      expect(await world.instant('increase(hits_total[5m])', START + minute * MINUTE_MS)).toEqual({
        'job=shop': Math.min(expected, 35),
      });
    }
  });
});

test('the first minute of a shard counts whole, whatever the distance of its ticks', async () => {
  const world = createRollupWorld({ tickMs: 15_000 });
  await world.run(START + MINUTE_MS, () => world.builder.count(hits, 7));
  const nowMs = START + MINUTE_MS;
  expect(await world.instant('increase(hits_total[1m])', nowMs)).toEqual({ 'job=shop': 28 });
  expect(await world.instant('increase(hits_total[45s])', nowMs)).toEqual({ 'job=shop': 21 });
  expect(await world.instant('increase(hits_total[50m])', nowMs)).toEqual({ 'job=shop': 28 });
});

describe('other kinds', () => {
  test('a gauge is its last value where it had news; extremes and means know every event', async () => {
    const world = createRollupWorld();
    const temperature = { __name__: 'temperature', job: 'shop' };
    await world.run(START + 65 * MINUTE_MS, (tickMs) => {
      if (tickMs > START + 50 * MINUTE_MS) return;
      for (const value of [9, 1, 5]) world.builder.set(temperature, value);
    });
    const endMs = START + 50 * MINUTE_MS;
    expect(await world.instant('temperature', endMs)).toEqual({ '__name__=temperature,job=shop': 5 });
    expect(await world.instant('max_over_time(temperature[10m])', endMs)).toEqual({ 'job=shop': 9 });
    expect(await world.instant('min_over_time(temperature[10m])', endMs)).toEqual({ 'job=shop': 1 });
    expect(await world.instant('avg_over_time(temperature[10m])', endMs)).toEqual({ 'job=shop': 5 });
    expect(await world.instant('count_over_time(temperature[10m])', endMs)).toEqual({ 'job=shop': 10 });
    expect(await world.instant('temperature', endMs + 5 * MINUTE_MS)).toEqual({});
  });

  test('a histogram is classic buckets, sum and count, also when its bounds change', async () => {
    const world = createRollupWorld();
    const latency = { __name__: 'latency_seconds', job: 'shop' };
    await world.run(START + 75 * MINUTE_MS, (tickMs) => {
      const bounds = tickMs <= START + 30 * MINUTE_MS ? [0.1, 1] : [0.5, 1];
      for (const value of [0.05, 0.7, 3]) world.builder.observe(latency, value, bounds);
    });
    const nowMs = START + 75 * MINUTE_MS;
    expect(await world.instant('increase(latency_seconds_count[75m])', nowMs)).toEqual({ 'job=shop': 225 });
    expect(await world.instant('increase(latency_seconds_bucket{le="1"}[75m])', nowMs)).toEqual({
      'job=shop,le=1.0': 150,
    });
    expect(await world.instant('increase(latency_seconds_bucket[10m])', nowMs)).toEqual({
      'job=shop,le=0.5': 10,
      'job=shop,le=1.0': 20,
      'job=shop,le=+Inf': 30,
    });
    const sum = await world.instant('increase(latency_seconds_sum[75m])', nowMs);
    expect(sum['job=shop']).toBeCloseTo(75 * 3.75, 6);
    const quantile = await world.instant('histogram_quantile(0.5, rate(latency_seconds_bucket[10m]))', nowMs);
    expect(quantile).toEqual({ 'job=shop': 0.75 });
    expect(await world.instant('latency_seconds', nowMs)).toEqual({});
    expect(await world.instant('{le!="1", __name__="latency_seconds_bucket"}', nowMs)).toEqual({
      '__name__=latency_seconds_bucket,job=shop,le=+Inf': 135,
      '__name__=latency_seconds_bucket,job=shop,le=0.5': 45,
    });
  });

  test('a summary is its quantiles, sum and count; a sum that may fall keeps its value without news', async () => {
    const world = createRollupWorld({ compactEveryMs: 0 });
    await world.run(START + 90 * MINUTE_MS, () => world.builder.count(hits, 1));
    const base = (name: string) => ({
      labels: [{ name: '__name__', value: name }],
      id: name,
      startMs: START + 1,
      eventMs: START + 1,
      changedTickMs: START + MINUTE_MS,
      resumedTickMs: START + MINUTE_MS,
      exemplars: [],
    });
    for (let minute = 1; minute <= 90; minute++) {
      const tickMs = START + minute * MINUTE_MS;
      const snapshot = (await world.snapshots.read({ tenant: 'default', shard: 0 }, tickMs))!;
      world.snapshots.put({
        ...snapshot,
        series: [
          ...snapshot.series,
          {
            ...base('size'),
            kind: 'summary',
            quantiles: [{ quantile: 0.5, value: minute }],
            sum: minute * 10,
            count: minute,
          },
          { ...base('active'), kind: 'updown', last: 7, min: 7, max: 7, sum: 7, count: minute === 1 ? 1 : 0 },
        ],
      });
    }
    const check = async (): Promise<void> => {
      const nowMs = world.clock.nowMs();
      expect(await world.instant('size', nowMs)).toEqual({ '__name__=size,quantile=0.5': 90 });
      expect(await world.instant('size{quantile="0.9"}', nowMs)).toEqual({});
      expect(await world.instant('increase(size_sum[30m]) / increase(size_count[30m])', nowMs)).toEqual({
        '': 10,
      });
      expect(await world.instant('active', nowMs)).toEqual({ '__name__=active': 7 });
    };
    await check();
    await world.compact();
    await check();
  });
});

describe('up', () => {
  test('is 1 while a service is heard of, 0 when it is not, and gone with its series', async () => {
    const world = createRollupWorld();
    await world.run(START + 100 * MINUTE_MS, (tickMs) => {
      world.builder.count({ __name__: 'hits_total', job: 'alive', instance: 'i-1' }, 1);
      if (tickMs <= START + 10 * MINUTE_MS) world.builder.count({ __name__: 'hits_total', job: 'gone' }, 1);
    });
    const at = (minute: number) => world.instant('up', START + minute * MINUTE_MS);
    const alive = { '__name__=up,instance=i-1,job=alive': 1 };
    expect(await at(10)).toEqual({ ...alive, '__name__=up,job=gone': 1 });
    expect(await at(30)).toEqual({ ...alive, '__name__=up,job=gone': 0 });
    expect(await at(99)).toEqual(alive);
    expect(await world.instant('max_over_time(up{job="gone"}[1h])', START + 69 * MINUTE_MS)).toEqual({
      'job=gone': 1,
    });
  });

  test('that a service reports itself, or a probe, is believed', async () => {
    const world = createRollupWorld();
    await world.run(START + 30 * MINUTE_MS, () => {
      world.builder.count({ __name__: 'hits_total', job: 'self' }, 1);
      world.builder.count({ __name__: 'hits_total', job: 'probed' }, 1);
      world.builder.set({ __name__: 'up', job: 'self' }, 0);
    });
    const nowMs = world.clock.nowMs();
    const probed = {
      labels: [
        { name: '__name__', value: 'up' },
        { name: 'job', value: 'probed' },
      ],
      times: Float64Array.of(nowMs - 1000),
      values: Float64Array.of(0),
    };
    const other = {
      ...probed,
      labels: [
        { name: '__name__', value: 'up' },
        { name: 'job', value: 'web' },
      ],
    };
    const reader = world.readerWith({ extraUp: async () => [probed, other] });
    expect(await world.instant('up', nowMs, reader)).toEqual({
      '__name__=up,job=probed': 0,
      '__name__=up,job=self': 0,
      '__name__=up,job=web': 0,
    });
    expect(await world.instant('up{job="self"}', nowMs, reader)).toEqual({ '__name__=up,job=self': 0 });
    expect(await world.instant('hits_total{job="web"}', nowMs, reader)).toEqual({});
  });
});

describe('what is old', () => {
  test('is answered from the tier that still has it, and from nowhere after that', async () => {
    // A table that never removes what has expired: readers must not show it.
    const world = createRollupWorld({
      tickMs: 5 * MINUTE_MS,
      compactEveryMs: HOUR_MS,
      table: (table) => ({
        ...table,
        put: ({ expiresAt: _, ...item }, options) =>
          table.put(item as Parameters<typeof table.put>[0], options),
      }),
    });
    await world.run(START + DAY_MS, () => world.builder.count(hits, 12));
    world.clock.set(START + DAY_MS + 20 * MINUTE_MS);
    await world.compact();
    const samples = async (): Promise<number> => {
      const window = windowOf({ startMs: START + 1, endMs: START + DAY_MS });
      const { series } = await world
        .readerWith({})
        .select([createMatcher('__name__', '=', 'hits_total')], window);
      return series[0]?.times.length ?? 0;
    };
    const day = () => world.instant('increase(hits_total[1d])', START + DAY_MS, world.readerWith({}));
    const whole = { 'job=shop': 288 * 12 };
    expect(await samples()).toBe(24 * 60 - 4);
    expect(await day()).toEqual(whole);
    world.clock.set(START + DAY_MS + 36 * DAY_MS);
    expect(await samples()).toBe(288);
    expect(await day()).toEqual(whole);
    world.clock.set(START + DAY_MS + 101 * DAY_MS);
    expect(await samples()).toBe(24);
    expect(await day()).toEqual(whole);
    world.clock.set(START + DAY_MS + 401 * DAY_MS);
    expect(await samples()).toBe(0);
    expect(await day()).toEqual({});
  });

  test('expires with its tier: pages, headers and the parts that later generations replaced', async () => {
    const world = createRollupWorld();
    await world.run(START + 70 * MINUTE_MS, () => world.builder.count(hits, 1));
    const pages = async (): Promise<number> => {
      const { items } = await world.table.query({ pk: `rollup-page#default#00000#1m#${START}` });
      return items.length;
    };
    expect(await pages()).toBe(6);
    world.clock.set(START + 8 * DAY_MS);
    expect(await pages()).toBe(1);
    world.clock.set(START + 35 * DAY_MS + 2 * HOUR_MS);
    expect(await pages()).toBe(0);
  });
});

describe('the reader', () => {
  test('adds up a series that lies in two shards, and ends one where the other goes on', async () => {
    const world = createRollupWorld();
    await world.run(START + 20 * MINUTE_MS, () => world.builder.count(hits, 3));
    const own = { tenant: 'default', shard: 1 };
    for (let minute = 15; minute <= 20; minute++) {
      const tickMs = START + minute * MINUTE_MS;
      const snapshot = (await world.snapshots.read({ tenant: 'default', shard: 0 }, tickMs))!;
      const series = snapshot.series.map((one) =>
        one.kind === 'counter'
          ? {
              ...one,
              startMs: START + 14 * MINUTE_MS,
              resumedTickMs: START + 15 * MINUTE_MS,
              level: 1000 + minute,
              opening: 1014,
            }
          : one,
      );
      const previousTickMs = minute === 15 ? 0 : snapshot.previousTickMs;
      world.snapshots.put({ ...snapshot, ...own, series, previousTickMs });
    }
    const nowMs = world.clock.nowMs();
    expect(await world.instant('increase(hits_total[20m])', nowMs, world.readerWith({}))).toEqual({
      'job=shop': 66,
    });
    expect(await world.instant('increase(hits_total[10m])', nowMs, world.readerWith({}))).toEqual({
      'job=shop': 36,
    });
  });

  test('refuses to load more series or samples than a query may have', async () => {
    const world = createRollupWorld();
    await world.run(START + 15 * MINUTE_MS, () => {
      for (const route of ['a', 'b', 'c']) world.builder.count({ ...hits, route }, 1);
    });
    const matchers = [createMatcher('__name__', '=', 'hits_total')];
    const window = windowOf({ startMs: START, endMs: START + 15 * MINUTE_MS });
    const few = (limits: Partial<typeof LIMITS>) =>
      world.reader.select(matchers, { ...window, limits: { ...LIMITS, ...limits } });
    await expect(few({ maxSeries: 2 })).rejects.toThrow('more than 2 series');
    await expect(few({ maxSamples: 20 })).rejects.toThrow('too many samples');
    expect((await few({})).series).toHaveLength(3);
  });

  test('reads only the pages of the families that are asked for, each once however many queries ask', async () => {
    let reads = 0;
    const world = createRollupWorld({
      settings: { pageBytes: 1 },
      table: (table) => ({
        ...table,
        get(key, options) {
          if (key.pk.startsWith('rollup-page#')) reads += 1;
          return table.get(key, options);
        },
      }),
    });
    await world.run(START + 60 * MINUTE_MS, () => {
      for (const name of ['a_total', 'b_total', 'c_total'])
        world.builder.count({ __name__: name, job: 'shop' }, 1);
    });
    reads = 0;
    const reader = world.readerWith({ cache: createPageCache({ maxBytes: 1_000_000 }) });
    const nowMs = START + 60 * MINUTE_MS;
    await Promise.all([
      world.instant('rate(b_total[5m])', nowMs, reader),
      world.instant('increase(b_total[9m])', nowMs, reader),
    ]);
    expect(reads).toBe(1);
    await world.instant('{__name__=~"a_total|b_total"}', nowMs, reader);
    expect(reads).toBe(2);
    await world.instant('count({__name__=~".+_total"})', nowMs, reader);
    expect(reads).toBe(4);
  });

  test('selects by any matcher, with or without a name', async () => {
    const world = createRollupWorld();
    await world.run(START + 15 * MINUTE_MS, () => {
      for (const route of ['a', 'b', '']) world.builder.count({ ...hits, ...(route !== '' && { route }) }, 1);
    });
    const routes = async (
      ...matchers: readonly [name: string, operator: '=' | '!=' | '=~' | '!~', value: string][]
    ) => {
      const window = windowOf({ startMs: START, endMs: START + 15 * MINUTE_MS });
      const { series } = await world.reader.select(
        matchers.map((m) => createMatcher(...m)),
        window,
      );
      return series
        .map(({ labels }) => `${labelValue(labels, '__name__')} ${labelValue(labels, 'route')}`)
        .sort();
    };
    expect(await routes(['route', '=', 'a'])).toEqual(['hits_total a']);
    expect(await routes(['route', '!=', 'a'], ['__name__', '!=', 'up'])).toEqual([
      'hits_total ',
      'hits_total b',
    ]);
    expect(await routes(['route', '=', ''], ['job', '=', 'shop'])).toEqual(['hits_total ', 'up ']);
    expect(await routes(['__name__', '=', 'hits_total'], ['__name__', '=', 'up'])).toEqual([]);
    expect(await routes(['__name__', '=~', 'hits.*'], ['route', '=~', '.+'])).toEqual([
      'hits_total a',
      'hits_total b',
    ]);
    expect(await routes(['le', '=', '1'])).toEqual([]);
  });

  test('gives up when the query is cancelled', async () => {
    const world = createRollupWorld();
    await world.run(START + 15 * MINUTE_MS, () => world.builder.count(hits, 1));
    const signal = AbortSignal.abort(new Error('cancelled'));
    const window = windowOf({ startMs: START, endMs: START + 10 * MINUTE_MS, signal });
    await expect(world.reader.select([createMatcher('job', '=', 'shop')], window)).rejects.toThrow(
      'cancelled',
    );
  });
});
