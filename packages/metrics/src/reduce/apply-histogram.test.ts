import { describe, expect, test } from 'vitest';
import type { HistogramSnapshot } from '../model/snapshot.ts';
import type { PointSpec, RequestSpec } from '../testing/encode-metrics.ts';
import { snapshotOf } from '../testing/metrics-world.ts';
import { at, counter, one, plain } from '../testing/order-requests.ts';

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
