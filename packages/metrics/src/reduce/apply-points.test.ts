import { describe, expect, test } from 'vitest';
import type { HistogramSnapshot } from '../model/snapshot.ts';
import type { PointSpec, RequestSpec } from '../testing/encode-metrics.ts';
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

describe('histograms', () => {
  const histogram = (
    bounds: number[],
    counts: bigint[],
    point: Partial<PointSpec> = {},
    temporality = 1,
  ): RequestSpec => ({
    ...counter(
      0,
      { bounds, counts, count: counts.reduce((a, b) => a + b, 0n), sum: 2, ...point },
      { type: 'histogram', name: 'size', temporality },
    ),
  });

  test('buckets are cumulative, and sources add up', async () => {
    const world = plain();
    await world.send(histogram([1, 2], [1n, 2n, 3n]));
    await world.send(histogram([1, 2], [1n, 0n, 0n], { timeMs: at(5) }));
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({
      bounds: [1, 2],
      buckets: [2, 4, 7],
      count: 7,
      sum: 4,
    });
  });

  test('other bounds begin a generation that opens at the level, once nobody sends the old ones', async () => {
    const world = plain();
    await world.send(histogram([1, 2, 4], [1n, 2n, 3n, 1n]));
    await world.tick();
    await world.send(
      histogram([1, 2, 4], [1n, 0n, 0n, 0n], { timeMs: at(61) }),
      histogram([2, 8], [0n, 5n, 0n], { timeMs: at(62) }),
    );
    const mixed = snapshotOf(await world.tick());
    expect(one<HistogramSnapshot>(mixed)).toMatchObject({
      bounds: [1, 2, 4],
      buckets: [2, 4, 7, 13],
      sum: 6,
    });
    expect(mixed.warnings.join()).toContain('other bucket bounds');
    await world.send(histogram([2, 8], [1n, 1n, 1n], { timeMs: at(125) }));
    const changed = one<HistogramSnapshot>(snapshotOf(await world.tick()));
    expect(changed).toMatchObject({ bounds: [2, 8], buckets: [5, 9, 16], count: 16, resumedTickMs: at(180) });
    expect(changed.opening).toEqual({ buckets: [4, 7, 13], count: 13, sum: 6 });
  });

  test('cumulative ones count what they rise by; no sum once a source sends none', async () => {
    const world = plain();
    await world.send(histogram([1], [5n, 5n], { startMs: at(-7200) }, 2));
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({
      buckets: [5, 10],
      opening: { count: 10 },
    });
    await world.send(histogram([1], [6n, 5n], { startMs: at(-7200), timeMs: at(61), sum: 3 }, 2));
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({
      buckets: [6, 11],
      sum: 3,
    });
    const { sum: _, ...rest } = histogram([1], [1n, 0n], { startMs: at(120), timeMs: at(121) }, 2).metrics[0]!
      .points[0]!;
    await world.send({
      resource: { 'service.name': 'shop' },
      metrics: [{ name: 'size', type: 'histogram', temporality: 2, points: [rest] }],
    });
    const last = one<HistogramSnapshot>(snapshotOf(await world.tick()));
    expect(last).toMatchObject({ buckets: [7, 12], sum: undefined });
  });

  const exponential = (
    scale: number,
    counts: bigint[],
    point: Partial<PointSpec> = {},
    temporality = 1,
  ): RequestSpec => ({
    ...counter(
      0,
      { scale, positive: { offset: 0, counts }, sum: 1, ...point },
      { type: 'exponential', name: 'delay', temporality },
    ),
  });

  test('exponential buckets have explicit ones at powers of two, and merge at the coarser scale', async () => {
    const world = plain();
    await world.send(
      exponential(1, [1n, 1n, 1n]),
      exponential(0, [0n, 4n], { zeroCount: 2n, negative: { offset: 0, counts: [1n] } }),
    );
    const series = one<HistogramSnapshot>(snapshotOf(await world.tick()));
    expect(series.bounds).toHaveLength(40);
    expect(series.native).toMatchObject({
      scale: 0,
      zeroCount: 2,
      positive: new Map([
        [0, 2],
        [1, 5],
      ]),
      negative: new Map([[0, 1]]),
    });
    expect(series.buckets[series.bounds.indexOf(2)]).toBe(5);
    expect(series).toMatchObject({ count: 10, sum: 2 });
  });

  test('a cumulative one counts its rise, through a coarser scale and a wider zero', async () => {
    const world = plain();
    await world.send(exponential(1, [1n, 1n, 2n], {}, 2));
    await world.tick();
    await world.send(exponential(0, [3n, 4n], { timeMs: at(61), sum: 3 }, 2));
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({
      count: 7,
      sum: 3,
      native: {
        scale: 0,
        positive: new Map([
          [0, 3],
          [1, 4],
        ]),
      },
    });
    await world.send(
      exponential(0, [0n, 5n], { timeMs: at(121), zeroCount: 3n, zeroThreshold: 2, sum: 4 }, 2),
    );
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({
      count: 8,
      native: { zeroThreshold: 2, zeroCount: 3, positive: new Map([[1, 5]]) },
    });
    await world.send(exponential(0, [1n, 0n], { timeMs: at(181), sum: 1 }, 2));
    const fallen = snapshotOf(await world.tick());
    expect(one<HistogramSnapshot>(fallen)).toMatchObject({ count: 9 });
    expect(fallen.warnings.join()).toContain('fell 1 times');
  });

  test('an exponential source with a past opens at it, and a scale below zero has fewer bounds', async () => {
    const world = plain();
    await world.send(exponential(0, [3n, 4n], { startMs: at(-7200) }, 2));
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({
      count: 7,
      opening: { count: 7 },
    });
    await world.send(exponential(-1, [9n], { startMs: at(-7200), timeMs: at(61), sum: 2 }, 2));
    const coarse = one<HistogramSnapshot>(snapshotOf(await world.tick()));
    expect(coarse).toMatchObject({ count: 9, sum: 2, resumedTickMs: at(120), opening: { count: 7 } });
    expect(coarse.bounds).toHaveLength(20);
  });

  test('the two forms do not mix in a series, but one may follow the other', async () => {
    const world = plain();
    const named = (request: RequestSpec): RequestSpec => ({
      ...request,
      metrics: request.metrics.map((metric) => ({ ...metric, name: 'size' })),
    });
    await world.send(histogram([1], [1n, 1n]));
    await world.tick();
    await world.send(
      histogram([1], [1n, 0n], { timeMs: at(61) }),
      named(exponential(0, [1n], { timeMs: at(62) })),
    );
    const both = snapshotOf(await world.tick());
    expect(both.warnings.join()).toContain('explicit and with exponential buckets at once');
    expect(one<HistogramSnapshot>(both)).toMatchObject({ count: 3 });
    await world.send(named(exponential(0, [4n], { timeMs: at(121) })));
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({
      count: 4,
      native: { scale: 0 },
    });
    await world.send(histogram([1], [2n, 0n], { timeMs: at(181) }));
    expect(one<HistogramSnapshot>(snapshotOf(await world.tick()))).toMatchObject({ count: 2, bounds: [1] });
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
