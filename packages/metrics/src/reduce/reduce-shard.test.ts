import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { announceShards } from '../collect/shard-plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { blockKey, headKey, objectKey, poisonKey } from '../store/keys.ts';
import type { MetricSpec, RequestSpec } from '../testing/encode-metrics.ts';
import { seriesByText, snapshotOf, TENANT } from '../testing/metrics-world.ts';
import { at, counter, one, plain, total } from '../testing/order-requests.ts';
import { countIncreases } from '../testing/snapshot-increases.ts';
import { createReduceMemory } from './reduce-memory.ts';
import { createSnapshotReader } from './snapshot-store.ts';

const SHARD = { tenant: TENANT, shard: 0 };

describe('limits', () => {
  const kinds = (names: readonly string[], metric: Partial<MetricSpec> = {}): RequestSpec =>
    counter(
      0,
      {},
      {
        points: names.map((kind) => ({ timeMs: at(0), startMs: at(-10), value: 1, attributes: { kind } })),
        ...metric,
      },
    );

  test('deltas beyond the limit of series count in the overflow series, the rest is refused, and both are named', async () => {
    const world = plain({ maxSeriesPerFamily: 2 });
    await world.send(kinds(['a', 'b', 'c', 'd']), kinds(['a', 'b', 'c'], { name: 'load', type: 'gauge' }));
    const snapshot = snapshotOf(await world.tick());
    const series = seriesByText(snapshot);
    expect(series.get('orders_total{otel_metric_overflow="true"}')).toMatchObject({ level: 2 });
    expect([...series.keys()].filter((text) => text.startsWith('load'))).toHaveLength(2);
    expect(snapshot.warnings).toEqual([
      '2 points of orders_total exceed the limit of 2 series a metric and job: deltas are counted under otel_metric_overflow="true", the rest is refused',
      '1 points of load exceed the limit of 2 series a metric and job: deltas are counted under otel_metric_overflow="true", the rest is refused',
    ]);
  });

  test('a full shard refuses new series', async () => {
    const world = plain({ maxSeriesPerShard: 2 });
    await world.send(kinds(['a', 'b', 'c']));
    const snapshot = snapshotOf(await world.tick());
    expect(snapshot.series).toHaveLength(3);
    expect(snapshot.warnings[0]).toContain('series a shard');
  });

  test('silent series make room for new ones', async () => {
    const world = plain({ maxSeriesPerShard: 2 });
    await world.send(kinds(['a', 'b']));
    await world.tick();
    world.clock.set(at(2 * 3600));
    await world.tick();
    const point = { timeMs: at(7300), value: 1, attributes: { kind: 'c' } };
    await world.send(kinds([], { points: [point] }));
    expect([...seriesByText(snapshotOf(await world.tick())).keys()]).toEqual(['orders_total{kind="c"}']);
  });

  test('a series that is sent as two kinds keeps the first', async () => {
    const world = plain();
    await world.send(counter(1, {}, { name: 'x_total' }));
    await world.tick();
    await world.send(counter(5, { timeMs: at(61) }, { name: 'x_total', type: 'gauge' }));
    const snapshot = snapshotOf(await world.tick());
    expect(one(snapshot)).toMatchObject({ kind: 'counter', level: 1 });
    expect(snapshot.warnings).toEqual([
      '1 points of x_total are refused: the same series is sent as another kind of metric',
    ]);
    world.clock.set(at(3 * 3600));
    await world.tick();
    await world.send(counter(5, { timeMs: at(3 * 3600) }, { name: 'x_total', type: 'gauge' }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ kind: 'gauge', last: 5 });
  });

  test('objects and blocks beyond the size of an item are stored in parts', async () => {
    const world = plain({ maxObjectBytes: 600 });
    const names = Array.from(
      { length: 300 },
      (_, index) => `${index}-${Math.imul(index, 2_654_435_761) >>> 0}`,
    );
    await world.send(kinds(names));
    const first = snapshotOf(await world.tick());
    expect(first.series).toHaveLength(300);
    const item = await world.table.get(objectKey(SHARD, at(60)));
    expect(item?.data === undefined || (item.data as Uint8Array).length <= 600).toBe(true);
    expect(await createSnapshotReader(world.table).read(SHARD, at(60))).toEqual(first);
  });
});

describe('time', () => {
  test('a series is shown for an hour, remembered for a day, and then begins anew', async () => {
    const world = plain();
    await world.send(counter(5));
    await world.tick();
    world.clock.set(at(3600));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 5, changedTickMs: at(60) });
    expect(snapshotOf(await world.tick()).series).toEqual([]);
    expect(await world.tick()).toEqual({ status: 'unchanged', reason: 'no-data' });
    await world.send(counter(2, { timeMs: at(3800) }));
    const back = one(snapshotOf(await world.tick()));
    expect(back).toMatchObject({ level: 7, opening: 5 });
    expect(back.resumedTickMs).toBe(back.changedTickMs);
    world.clock.set(at(30 * 3600));
    await world.tick();
    await world.send(counter(1, { timeMs: at(30 * 3600) }));
    const anew = one(snapshotOf(await world.tick()));
    expect(anew).toMatchObject({ level: 1 });
    expect(anew.opening).toBeUndefined();
  });

  test('a source that was forgotten does not count its past again', async () => {
    const world = plain({ forgetAfterMs: 2 * 3_600_000 });
    await world.send(total(50, { startMs: at(1), timeMs: at(2) }));
    await world.tick();
    world.clock.set(at(3 * 3600));
    await world.send(counter(1, { timeMs: at(3 * 3600) }));
    await world.tick();
    await world.send(total(60, { startMs: at(1), timeMs: at(3 * 3600 + 61) }));
    expect((await countIncreases(createSnapshotReader(world.table), TENANT)).totals.get('orders_total')).toBe(
      51,
    );
    await world.send(total(61, { startMs: at(1), timeMs: at(3 * 3600 + 62) }));
    await world.tick();
    const { totals, falls } = await countIncreases(createSnapshotReader(world.table), TENANT);
    expect([totals.get('orders_total'), falls]).toEqual([52, []]);
  });

  test('a repeat within the hour adds nothing, whatever lies between', async () => {
    const world = plain();
    const message = await world.message([counter(5)]);
    for (const minute of [0, 1, 20, 58]) {
      world.clock.set(at(minute * 60 + 30));
      await world.collect([message]);
      await world.tick();
    }
    expect((await countIncreases(createSnapshotReader(world.table), TENANT)).totals).toEqual(
      new Map([['orders_total', 5]]),
    );
  });

  test('ids of many messages are stored in parts, and repeats are still known', async () => {
    const world = plain();
    const messages = await Promise.all(
      Array.from({ length: 250 }, (_, index) => world.message([counter(1, { timeMs: at(index / 10) })])),
    );
    await world.collect(messages);
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 250 });
    await world.collect(messages);
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 250 });
  });

  test('a tick in the future is not made', async () => {
    expect(await plain().reduce(at(120))).toEqual({ status: 'unchanged', reason: 'early' });
  });

  test('a shard that was idle for longer than objects are kept begins anew, and knows what it does not know', async () => {
    const world = plain();
    await world.send(total(5));
    await world.tick();
    world.clock.set(at(4 * 86_400));
    await world.send(total(9, { timeMs: at(4 * 86_400) }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 9, opening: 9 });
  });
});

describe('races', () => {
  test('a doubled tick is adopted; a late one is answered with what was published', async () => {
    const world = plain();
    await world.send(counter(5));
    const first = snapshotOf(await world.tick());
    await world.send(counter(6, { timeMs: at(61) }));
    await world.tick();
    expect(await world.reduce(at(60))).toEqual({ status: 'adopted', snapshot: first, points: 0 });
    expect(await world.reduce(at(30))).toEqual({ status: 'unchanged', reason: 'superseded' });
  });

  test('an object that lost a race is never read, and the next tick catches up', async () => {
    const world = plain();
    await world.send(counter(5));
    await world.tick();
    await world.send(counter(6, { timeMs: at(61) }));
    const head = await world.table.get(headKey(SHARD));
    world.clock.set(at(180));
    await world.reduce(at(180));
    await world.table.put(head!);
    await world.reduce(at(120));
    expect(await world.reduce(at(180))).toEqual({ status: 'unchanged', reason: 'blocked' });
    const reader = createSnapshotReader(world.table);
    expect(await reader.ticks(SHARD, { fromMs: 0, untilMs: at(999) })).toEqual([at(60), at(120)]);
    await world.send(counter(7, { timeMs: at(181) }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 18 });
    expect(await reader.shards(TENANT)).toEqual([0]);
    expect(await reader.read(SHARD, at(61))).toBeUndefined();
  });

  test('a process that remembers the last tick makes the same object as one that does not', async () => {
    const worlds = [plain(), plain()];
    const memory = createReduceMemory();
    const results = await Promise.all(
      worlds.map(async (world, place) => {
        const deps = place === 0 ? { memory } : {};
        const snapshots: Snapshot[] = [];
        for (let minute = 0; minute < 14; minute++) {
          const attributes = { kind: `k${minute % 5}` };
          await world.send(
            counter(minute + 1, { timeMs: at(minute * 60), attributes }),
            total(minute * 2, { timeMs: at(minute * 60) }),
          );
          snapshots.push(snapshotOf(await world.tick({ deps })));
        }
        return snapshots.map((snapshot) => [...snapshot.series].sort((a, b) => (a.id < b.id ? -1 : 1)));
      }),
    );
    expect(results[0]).toEqual(results[1]);
  });

  test.each(['before', 'after'] as const)(
    'a crash at any step, %s its effect, changes nothing in the end',
    async (when) => {
      const run = async (call: number): Promise<boolean> => {
        const world = plain();
        const faults = createFaultInjector({ seed: 1, rates: {}, clock: world.clock });
        const table = faults.wrapTable(world.table);
        const messages = await Promise.all(
          [1, 2].map((value) =>
            world.message([counter(value, { timeMs: at(value) }), total(value * 10, { timeMs: at(value) })]),
          ),
        );
        faults.crashAt(call, when);
        const isStored = (await world.collect(messages, { table })).every(
          ({ status }) => status === 'stored',
        );
        world.clock.set(at(60));
        await world.reduce(at(60), { deps: { table } }).catch(() => {});
        const hasCrashed = faults.counts().crash > 0;
        faults.revive();
        if (!isStored) await world.collect(messages);
        await world.reduce(at(60));
        await world.tick();
        const { totals, falls } = await countIncreases(createSnapshotReader(world.table), TENANT);
        expect([call, totals.get('orders_total'), falls]).toEqual([call, 23, []]);
        return hasCrashed;
      };
      let call = 1;
      while (await run(call)) call += 1;
      expect(call).toBeGreaterThan(8);
    },
  );
});

describe('what cannot be read', () => {
  test('a damaged block is set aside, and stops nobody else', async () => {
    const world = plain();
    const key = blockKey(SHARD, at(60), 'bad');
    await world.table.put({ ...key, data: new Uint8Array([1, 2, 3]) });
    await world.table.put({ ...blockKey(SHARD, at(60), 'worse'), parts: ['missing'] });
    await world.send(counter(5));
    const snapshot = snapshotOf(await world.tick());
    expect(one(snapshot)).toMatchObject({ level: 5 });
    expect(snapshot.warnings.filter((warning) => warning.includes('set aside'))).toHaveLength(2);
    expect(await world.table.get(poisonKey(TENANT, key.sk, 0))).toMatchObject({
      data: new Uint8Array([1, 2, 3]),
    });
  });

  test('a lost object is named, and counting goes on from there', async () => {
    const world = plain();
    await world.send(total(5));
    await world.tick();
    await world.table.put({ ...objectKey(SHARD, at(60)), data: new Uint8Array([0, 99]) });
    await world.send(total(7, { timeMs: at(61) }));
    const snapshot = snapshotOf(await world.tick());
    expect(snapshot.warnings.join()).toContain('could not be read');
    expect(one(snapshot)).toMatchObject({ level: 7, opening: 7 });
    await world.send(total(8, { timeMs: at(121) }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 8 });
  });
});

describe('another number of shards', () => {
  test('hands levels, sources and ids over, also of series that nobody writes to', async () => {
    const world = plain();
    const message = await world.message([
      counter(5, {}, { name: 'idle' }),
      total(10),
      counter(1, {}, { name: 'busy' }),
    ]);
    await world.collect([message]);
    await world.tick();
    const settings = { ...world.settings, shards: 4 };
    expect(await announceShards(world.table, settings, { nowMs: at(60) })).toBe('announced');
    expect(await announceShards(world.table, settings, { nowMs: at(61) })).toBe('unchanged');
    expect(await announceShards(world.table, { ...settings, shards: 8 }, { nowMs: at(62) })).toBe('too-soon');
    const shards = [0, 1024, 1025, 1026, 1027];
    for (let minute = 2; minute <= 12; minute++) {
      world.clock.set(at(minute * 60 - 20));
      if (minute === 9) await world.collect([message], { settings });
      if (minute === 10)
        await world.collect([await world.message([total(13, { timeMs: at(580) })])], { settings });
      world.clock.set(at(minute * 60));
      for (const shard of shards) await world.reduce(at(minute * 60), { shard, deps: { settings } });
    }
    const { totals, falls } = await countIncreases(createSnapshotReader(world.table), TENANT);
    expect(falls).toEqual([]);
    expect(totals).toEqual(
      new Map([
        ['idle_total', 5],
        ['orders_total', 13],
        ['busy_total', 1],
      ]),
    );
    expect(await world.reduce(at(720), { shard: 0 })).toEqual({ status: 'unchanged', reason: 'retired' });
    const shown: string[] = [];
    for (const shard of shards.slice(1)) {
      const result = await world.reduce(at(720), { shard });
      if (result.status !== 'unchanged') shown.push(...seriesByText(result.snapshot).keys());
    }
    expect(shown.sort()).toEqual(['busy_total', 'idle_total', 'orders_total']);
  });
});
