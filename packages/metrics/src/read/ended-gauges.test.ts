/** Gauges that end are gone from the tick on that tells it, wherever their past is stored. */
import { createRandom } from '@sluice/core/testing/random';
import { createEngine } from '@sluice/promql/engine';
import { createMatcher } from '@sluice/promql/model/matcher';
import { describe, expect, test } from 'vitest';
import { createSnapshotReader } from '../reduce/snapshot-store.ts';
import { compactShard } from '../rollup/compact-shard.ts';
import { DEFAULT_ROLLUP_SETTINGS } from '../rollup/rollup-settings.ts';
import { createMetricsWorld, TENANT } from '../testing/metrics-world.ts';
import { createRollupWorld, HOUR_MS, MINUTE_MS, WORLD_START_MS as START } from '../testing/rollup-world.ts';
import { createRollupSeriesReader } from './rollup-series-reader.ts';

const pool = { __name__: 'pool_size', job: 'shop' };

describe.each([
  ['in snapshots', 0],
  ['in files', MINUTE_MS * 10],
  ['in files, each tick', MINUTE_MS],
])('%s', (_, compactEveryMs) => {
  test.each([1, 2, 3])('what is seen at each minute is what was last told (seed %i)', async (seed) => {
    const random = createRandom(seed);
    const world = createRollupWorld({ compactEveryMs });
    const names = ['a', 'b', 'c', 'd'];
    /** The newest word on each, by minute: a value, or nothing once it ended. */
    const words = new Map<string, { minute: number; value: number | undefined }>();
    const expected: Record<string, number>[] = [{}];
    await world.run(START + 70 * MINUTE_MS, (tickMs) => {
      const minute = (tickMs - START) / MINUTE_MS;
      world.builder.set({ __name__: 'other', job: 'shop' }, 1);
      for (const name of names) {
        const labels = { __name__: 'g', name };
        const value = random.below(1000);
        if (random.chance(0.4)) {
          world.builder.set(labels, value);
          words.set(name, { minute, value });
        } else if (random.chance(0.25)) {
          world.builder.forget(labels);
          words.set(name, { minute, value: undefined });
        }
      }
      expected.push(
        Object.fromEntries(
          [...words]
            .filter(([, word]) => word.value !== undefined && minute - word.minute < 5)
            .map(([name, { value }]) => [`__name__=g,name=${name}`, value!]),
        ),
      );
    });
    for (let minute = 1; minute <= 70; minute++) {
      const seen = await world.instant('g', START + minute * MINUTE_MS);
      expect([minute, seen]).toEqual([minute, expected[minute]]);
    }
  });

  test('an end is no value: functions over time do not see it', async () => {
    const world = createRollupWorld({ compactEveryMs });
    await world.run(START + 30 * MINUTE_MS, (tickMs) => {
      const minute = (tickMs - START) / MINUTE_MS;
      if (minute <= 10) world.builder.set(pool, minute);
      if (minute === 11) world.builder.forget(pool);
      world.builder.set({ __name__: 'other', job: 'shop' }, 1);
    });
    const at = (query: string, minute: number) => world.instant(query, START + minute * MINUTE_MS);
    const of = (value: number) => ({ 'job=shop': value });
    expect(await at('pool_size', 10)).toEqual({ '__name__=pool_size,job=shop': 10 });
    expect(await at('pool_size', 11)).toEqual({});
    expect(await at('count_over_time(pool_size[20m])', 20)).toEqual(of(10));
    expect(await at('sum_over_time(pool_size[20m])', 20)).toEqual(of(55));
    expect(await at('avg_over_time(pool_size[20m])', 20)).toEqual(of(5.5));
    expect(await at('min_over_time(pool_size[20m])', 20)).toEqual(of(1));
    expect(await at('max_over_time(pool_size[20m])', 20)).toEqual(of(10));
    expect(await at('absent(pool_size)', 11)).toEqual({ '': 1 });
    expect(await at('changes(pool_size[20m])', 20)).toEqual(of(9));
    // Nothing but the end lies in the window: there is no such series.
    const window = {
      startMs: START + 10.5 * MINUTE_MS,
      endMs: START + 12 * MINUTE_MS,
      stepMs: 0,
      rangeMs: 0,
    };
    const { series } = await world.reader.select([createMatcher('__name__', '=', 'pool_size')], {
      ...window,
      lookbackMs: 300_000,
      hints: { func: '', grouping: [], by: false },
      limits: { maxSeries: 10, maxSamples: 1000 },
    });
    expect(series).toEqual([]);
  });
});

test('within a slot that goes on past the end, values lie before its border and the end on it', async () => {
  const world = createRollupWorld({ tickMs: 10_000, compactEveryMs: 10 * MINUTE_MS });
  await world.run(START + 10 * MINUTE_MS, (tickMs) => {
    const seconds = (tickMs - START) / 1000;
    world.builder.set({ __name__: 'other', job: 'shop' }, 1);
    if (seconds <= 150) world.builder.set(pool, seconds);
    if (seconds === 160) world.builder.forget(pool);
    if (seconds === 400) world.builder.set(pool, 7);
    if (seconds === 410) world.builder.forget(pool);
    if (seconds === 420) world.builder.set(pool, 8);
  });
  const at = (query: string, seconds: number) => world.instant(query, START + seconds * 1000);
  expect(await at('pool_size', 159)).toEqual({ '__name__=pool_size,job=shop': 150 });
  expect(await at('pool_size', 160)).toEqual({});
  // Once there are only files of a minute a slot.
  world.clock.set(START + 72 * HOUR_MS);
  expect(await at('pool_size', 179)).toEqual({ '__name__=pool_size,job=shop': 120 });
  expect(await at('pool_size', 180)).toEqual({});
  expect(await at('max_over_time(pool_size[3m])', 180)).toEqual({ 'job=shop': 150 });
  expect(await at('avg_over_time(pool_size[1m])', 180)).toEqual({ 'job=shop': 140 });
  // It ended and came back before the border.
  expect(await at('pool_size', 420)).toEqual({ '__name__=pool_size,job=shop': 8 });
  expect(await at('min_over_time(pool_size[1m])', 420)).toEqual({ 'job=shop': 7 });
});

test('coarser tiers keep ends and what came before them', async () => {
  const world = createRollupWorld({ compactEveryMs: HOUR_MS });
  await world.run(START + 7 * HOUR_MS, (tickMs) => {
    const minute = (tickMs - START) / MINUTE_MS;
    world.builder.set({ __name__: 'other', job: 'shop' }, 1);
    if (minute % 60 <= 12) world.builder.set(pool, minute);
    if (minute % 60 === 13) world.builder.forget(pool);
  });
  world.clock.set(START + 36 * 24 * HOUR_MS);
  const reader = world.readerWith({});
  const at = (query: string, minute: number) => world.instant(query, START + minute * MINUTE_MS, reader);
  expect(await at('pool_size', 130)).toEqual({ '__name__=pool_size,job=shop': 130 });
  expect(await at('pool_size', 135)).toEqual({});
  expect(await at('max_over_time(pool_size[5m])', 135)).toEqual({ 'job=shop': 132 });
});

test('a gauge that is told to end is gone with the tick that hears of it', async () => {
  const world = createMetricsWorld({ targetInfo: false });
  const { clock, settings, table } = world;
  const gauge = (value: number, flags = 0) => ({
    resource: { 'service.name': 'shop' },
    metrics: ['queue_depth', 'pool_size'].map((name) => ({
      name,
      type: 'gauge' as const,
      points: [{ timeMs: clock.nowMs() + 1, value, attributes: {}, ...(name === 'pool_size' && { flags }) }],
    })),
  });
  const snapshots = createSnapshotReader(table, { settings });
  const ask = async (query: string) => {
    const reader = createRollupSeriesReader({
      table,
      snapshots,
      clock,
      settings: DEFAULT_ROLLUP_SETTINGS,
      tenant: TENANT,
    });
    const { value } = await createEngine({ clock }).instant(query, { reader, timeMs: clock.nowMs() });
    return value.type === 'vector' ? value.samples.map((sample) => sample.value) : [];
  };
  const compact = () =>
    compactShard(
      { tenant: TENANT, shard: 0, nowMs: clock.nowMs() },
      { table, snapshots, settings: DEFAULT_ROLLUP_SETTINGS },
    );
  await world.send(gauge(4));
  await world.tick();
  await world.send(gauge(5));
  await world.tick();
  expect(await ask('pool_size')).toEqual([5]);
  await world.send(gauge(0, 1));
  await world.tick();
  expect(await ask('pool_size')).toEqual([]);
  expect(await ask('queue_depth')).toEqual([0]);
  expect(await ask('max_over_time(pool_size[5m])')).toEqual([5]);
  await compact();
  expect(await ask('pool_size')).toEqual([]);
  await world.send(gauge(6));
  await world.tick();
  expect(await ask('pool_size')).toEqual([6]);
});
