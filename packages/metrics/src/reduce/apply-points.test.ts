import { describe, expect, test } from 'vitest';
import type { RequestSpec } from '../testing/encode-metrics.ts';
import { snapshotOf, TENANT } from '../testing/metrics-world.ts';
import { at, counter, one, plain, total } from '../testing/order-requests.ts';
import { createSnapshotReader } from './snapshot-store.ts';

const SHARD = { tenant: TENANT, shard: 0 };

describe('counters', () => {
  test('deltas of two instances add up in one series', async () => {
    const world = plain();
    await world.send({ ...counter(3), resource: { 'service.name': 'shop', 'service.instance.id': 'a' } });
    await world.send({ ...counter(4), resource: { 'service.name': 'shop', 'service.instance.id': 'b' } });
    expect(one(snapshotOf(await world.tick()))).toMatchObject({
      kind: 'counter',
      level: 7,
      resumedTickMs: at(60),
    });
    await world.send(counter(5, { timeMs: at(70) }));
    const second = snapshotOf(await world.tick());
    expect(second.previousTickMs).toBe(at(60));
    expect(one(second)).toMatchObject({
      level: 12,
      startMs: at(0),
      changedTickMs: at(120),
      resumedTickMs: at(60),
    });
  });

  test('a cumulative source that began before the shard watched opens at its own value', async () => {
    const world = plain();
    await world.send(total(1000, { startMs: at(-3600) }));
    const first = snapshotOf(await world.tick());
    expect(one(first)).toMatchObject({ level: 1000, opening: 1000 });
    expect(first.warnings).toEqual([
      'orders_total: 1 sources were met with a past that is not known here; they count from now on',
    ]);
    await world.send(total(1010, { startMs: at(-3600), timeMs: at(60) }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 1010, opening: 1000 });
  });

  test('a restart counts whole, old news is dropped, and another old source adds only what it rises by', async () => {
    const world = plain();
    await world.send(total(10));
    await world.tick();
    await world.send(total(3, { startMs: at(61), timeMs: at(70) }));
    await world.send(total(9, { timeMs: at(-1) }));
    await world.send({
      ...total(500, { startMs: at(-7200) }),
      resource: { 'service.name': 'shop', 'host.name': 'other' },
    });
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 13 });
    await world.send({
      ...total(501, { startMs: at(-7200), timeMs: at(125) }),
      resource: { 'service.name': 'shop', 'host.name': 'other' },
    });
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 14 });
  });

  test('of two points with one time the larger counts', async () => {
    const world = plain();
    await world.send(total(5), total(4));
    await world.send(total(6));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 6 });
  });

  test('integers beyond 2^53 stay exact through objects', async () => {
    const world = plain();
    await world.send(total(2n ** 60n + 1n));
    await world.tick();
    await world.send(total(2n ** 60n + 4n, { timeMs: at(61) }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 2n ** 60n + 4n });
  });

  test('a total that falls without a new start counts as a restart, with a warning', async () => {
    const world = plain();
    await world.send(total(100));
    await world.tick();
    await world.send(total(5, { timeMs: at(61) }));
    const after = snapshotOf(await world.tick());
    expect(one(after)).toMatchObject({ level: 105 });
    expect(after.warnings).toEqual([
      'orders_total fell 1 times without a new start time: each fall counts as a restart',
    ]);
    await world.send(...[6, 7, 8, 9, 300].map((value, index) => total(value, { timeMs: at(121 + index) })));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 400 });
  });

  test('two writers with one unset start are found out, and from then on never count too much', async () => {
    const world = plain();
    const values = [1000, 10, 1001, 11, 1002, 12, 1003, 13, 1004];
    for (const [index, value] of values.entries()) {
      await world.send(total(value, { startMs: 0, timeMs: at(index) }));
    }
    const first = snapshotOf(await world.tick());
    expect(first.warnings.join('\n')).toContain(
      'two writers share one identity and start time and cannot be told apart',
    );
    const { level } = one(first);
    await world.send(
      ...[14, 1005, 15, 1006].map((value, index) => total(value, { startMs: 0, timeMs: at(61 + index) })),
    );
    expect(Number(one(snapshotOf(await world.tick())).level) - Number(level)).toBe(2);
    const calm = Array.from({ length: 33 }, (_, index) =>
      total(16 + index, { startMs: 0, timeMs: at(130 + index) }),
    );
    await world.send(...calm);
    expect(Number(one(snapshotOf(await world.tick())).level) - Number(level)).toBe(4);
  });

  test('many sources of one series are kept apart', async () => {
    const world = plain();
    const from = (host: number, value: number, second: number): RequestSpec => ({
      ...total(value, { timeMs: at(second) }),
      resource: { 'service.name': 'shop', 'host.name': `h${host}` },
    });
    await world.send(...Array.from({ length: 30 }, (_, host) => from(host, 10, 0)));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 300 });
    await world.send(...Array.from({ length: 31 }, (_, host) => from(host, 11, 61)));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ level: 341 });
  });
});

describe('gauges and sums that may fall', () => {
  const gauge = (value: number, second: number, host = 'a'): RequestSpec => ({
    ...counter(value, { timeMs: at(second) }, { type: 'gauge', name: 'load' }),
    resource: { 'service.name': 'shop', 'host.name': host },
  });

  test('a gauge keeps the newest, and the spread of the tick', async () => {
    const world = plain();
    world.clock.set(at(40));
    await world.send(gauge(5, 10), gauge(9, 30), gauge(1, 20));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({
      kind: 'gauge',
      last: 9,
      min: 1,
      max: 9,
      sum: 15,
      count: 3,
    });
    await world.send(gauge(2, 15));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 9, min: 2, max: 2, sum: 2, count: 1 });
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 9, min: 9, max: 9, sum: 9, count: 0 });
  });

  test('events from clocks that are ahead count as of their arrival', async () => {
    const world = plain();
    await world.send(gauge(5, 86_400));
    world.clock.set(at(30));
    await world.send(gauge(6, 30, 'b'));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 6, eventMs: at(30) });
  });

  test('a gauge whose source says that it ended is no longer shown until it is back', async () => {
    const world = plain();
    await world.send(gauge(5, 0));
    await world.tick();
    await world.send({
      ...gauge(0, 61),
      metrics: [{ name: 'load', type: 'gauge', points: [{ timeMs: at(61), flags: 1 }] }],
    });
    expect(snapshotOf(await world.tick()).series).toEqual([]);
    await world.send(gauge(7, 130));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 7, resumedTickMs: at(180) });
  });

  const updown = (
    value: number,
    second: number,
    more: { readonly host?: string; readonly start?: number; readonly temporality?: number } = {},
  ): RequestSpec => ({
    ...counter(
      value,
      { timeMs: at(second), startMs: at(more.start ?? -10) },
      { name: 'active', isMonotonic: false, temporality: more.temporality ?? 2 },
    ),
    resource: { 'service.name': 'shop', 'host.name': more.host ?? 'a' },
  });

  test('sources of the last five minutes add up, and a restart replaces its process', async () => {
    const world = plain();
    await world.send(updown(5, 0), updown(3, 0, { host: 'b' }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ kind: 'updown', last: 8 });
    await world.send(updown(2, 61, { start: 60 }), updown(9, 62));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 5 });
    for (let minute = 3; minute <= 7; minute++) {
      await world.send(updown(4, minute * 60 - 30, { start: 60 }));
      await world.tick();
    }
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 4 });
    world.clock.set(at(14 * 60));
    expect(snapshotOf(await world.tick()).series).toEqual([]);
  });

  test('deltas add up and stay', async () => {
    const world = plain();
    await world.send(updown(5, 0, { temporality: 1 }), updown(-2, 1, { temporality: 1 }));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 3, min: 3, max: 5, count: 2 });
    world.clock.set(at(600));
    expect(one(snapshotOf(await world.tick()))).toMatchObject({ last: 3, count: 0 });
  });
});

test('summaries show the newest quantiles, and count what their totals rise by', async () => {
  const world = plain();
  const summary = (count: bigint, sum: number, second: number, start: number): RequestSpec =>
    counter(
      0,
      { count, sum, timeMs: at(second), startMs: at(start), quantiles: [[0.5, second]] },
      { type: 'summary', name: 'rpc' },
    );
  await world.send(summary(10n, 5, 0, -7200));
  expect(one(snapshotOf(await world.tick()))).toMatchObject({
    kind: 'summary',
    count: 10,
    sum: 5,
    opening: { count: 10, sum: 5 },
  });
  await world.send(summary(12n, 6, 62, -7200), summary(11n, 5.5, 61, -7200));
  expect(one(snapshotOf(await world.tick()))).toMatchObject({
    count: 12,
    sum: 6,
    quantiles: [{ quantile: 0.5, value: 62 }],
  });
  await world.send(summary(2n, 1, 122, 121));
  expect(one(snapshotOf(await world.tick()))).toMatchObject({ count: 14, sum: 7 });
  expect(one(snapshotOf(await world.reduce(at(180))))).toMatchObject({ count: 14, sum: 7 });
});

test('exemplars are those of the tick, the newest of them', async () => {
  const world = plain({ maxExemplarsPerTick: 1 });
  const exemplars = [1, 2].map((value) => ({ timeMs: at(value), value, traceId: 'ab'.repeat(16) }));
  await world.send(counter(3, { exemplars }));
  const { exemplars: shown } = one(snapshotOf(await world.tick()));
  expect(shown).toEqual([
    { value: 2, timeMs: at(2), labels: [{ name: 'trace_id', value: 'ab'.repeat(16) }] },
  ]);
  expect(one((await createSnapshotReader(world.table).read(SHARD, at(60)))!).exemplars).toEqual(shown);
  expect(one(snapshotOf(await world.tick())).exemplars).toEqual([]);
});
