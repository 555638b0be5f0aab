import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { announceShards } from '../collect/shard-plan.ts';
import type { CounterSnapshot, HistogramSnapshot, Snapshot } from '../model/snapshot.ts';
import { blockKey, headKey, objectKey, poisonKey } from '../store/keys.ts';
import type { MetricSpec, PointSpec, RequestSpec } from '../testing/encode-metrics.ts';
import {
  createMetricsWorld,
  type MetricsWorld,
  seriesByText,
  snapshotOf,
  TENANT,
  WORLD_START_MS,
} from '../testing/metrics-world.ts';
import { countIncreases } from '../testing/snapshot-increases.ts';
import { createReduceMemory } from './reduce-memory.ts';
import { createSnapshotReader } from './snapshot-store.ts';

const SHARD = { tenant: TENANT, shard: 0 };

function at(seconds: number): number {
  return WORLD_START_MS + seconds * 1000;
}

function counter(
  value: number | bigint,
  point: Partial<PointSpec> = {},
  metric: Partial<MetricSpec> = {},
): RequestSpec {
  const points = [{ timeMs: at(0), startMs: at(-10), value, ...point }];
  const base = { name: 'orders', type: 'sum', temporality: 1, isMonotonic: true, points } as const;
  return { resource: { 'service.name': 'shop' }, metrics: [{ ...base, ...metric }] };
}

const total = (value: number | bigint, point: Partial<PointSpec> = {}): RequestSpec =>
  counter(value, point, { temporality: 2 });

const plain = (changes = {}): MetricsWorld => createMetricsWorld({ targetInfo: false, ...changes });

const one = <Kind = CounterSnapshot>(snapshot: Snapshot): Kind => {
  expect(snapshot.series).toHaveLength(1);
  return snapshot.series[0] as Kind;
};

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
