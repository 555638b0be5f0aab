import { toRecord } from '@sluice/promql/model/labels';
import { createMatcher } from '@sluice/promql/model/matcher';
import { describe, expect, test } from 'vitest';
import {
  createRollupWorld,
  HOUR_MS,
  MINUTE_MS,
  type RollupWorld,
  WORLD_START_MS as START,
} from '../testing/rollup-world.ts';
import type { MetricsCatalog } from './catalog.ts';
import { createMetricsCatalog } from './metrics-catalog.ts';

const hits = { __name__: 'hits_total', job: 'shop', instance: 'i-1', route: '/a' };
const latency = { __name__: 'latency_seconds', job: 'shop' };
const early = { __name__: 'early', job: 'batch' };

async function createWorld(
  hours: number,
): Promise<{ world: RollupWorld; catalog: MetricsCatalog; nowMs: number }> {
  const world = createRollupWorld({ compactEveryMs: 30 * MINUTE_MS });
  await world.run(START + hours * HOUR_MS + 5 * MINUTE_MS, (tickMs) => {
    world.builder.count(hits, 1);
    world.builder.observe(latency, 0.3, [0.1, 1]);
    if (hours > 1 && tickMs < START + 25 * HOUR_MS) world.builder.set(early, 1);
  });
  const { table, snapshots, clock, settings } = world;
  return {
    world,
    catalog: createMetricsCatalog({ table, snapshots, clock, settings, tenant: 'default' }),
    nowMs: clock.nowMs(),
  };
}

/** Into a second day: for tests that only read. */
const longWorld = createWorld(27);

describe('the catalog', () => {
  test('lists label names, values and series of the range, histograms as they are queried', async () => {
    const { catalog, nowMs } = await longWorld;
    const last = { startMs: nowMs - HOUR_MS, endMs: nowMs, matcherSets: [] };
    expect((await catalog.listLabels(last)).values).toEqual(['__name__', 'instance', 'job', 'le', 'route']);
    expect((await catalog.listLabelValues('__name__', last)).values).toEqual([
      'hits_total',
      'latency_seconds_bucket',
      'latency_seconds_count',
      'latency_seconds_sum',
      'up',
    ]);
    expect((await catalog.listLabelValues('le', last)).values).toEqual(['+Inf', '0.1', '1.0']);
    const all = { ...last, startMs: START };
    expect((await catalog.listLabelValues('__name__', all)).values).toContain('early');
    const matcherSets = [[createMatcher('__name__', '=', 'hits_total')], [createMatcher('le', '=', '1')]];
    const { values } = await catalog.listSeries({ ...all, matcherSets });
    expect(values.map(toRecord)).toEqual([
      hits,
      { __name__: 'latency_seconds_bucket', job: 'shop', le: '1.0' },
    ]);
  });

  test('says when a limit cut the list', async () => {
    const { catalog, nowMs } = await longWorld;
    const list = await catalog.listLabels({
      startMs: nowMs - HOUR_MS,
      endMs: nowMs,
      matcherSets: [],
      limit: 2,
    });
    expect(list).toEqual({ values: ['__name__', 'instance'], warnings: ['results truncated due to limit'] });
  });

  test('reads the store once for many sets of matchers, and not to its end for a limit', async () => {
    const { world, nowMs } = await longWorld;
    let asked = 0;
    const counting: typeof world.table = {
      ...world.table,
      query(...args: Parameters<typeof world.table.query>) {
        asked++;
        return world.table.query(...args);
      },
    };
    const { snapshots, clock, settings } = world;
    const listed = async (query: { sets: number; limit?: number }) => {
      asked = 0;
      const catalog = createMetricsCatalog({
        table: counting,
        snapshots,
        clock,
        settings,
        tenant: 'default',
      });
      const { values } = await catalog.listSeries({
        startMs: START,
        endMs: nowMs,
        matcherSets: Array.from({ length: query.sets }, (_, i) => [
          createMatcher('__name__', '=~', '.+'),
          createMatcher('route', '!=', `/none-${i}`),
        ]),
        ...(query.limit !== undefined && { limit: query.limit }),
      });
      return { names: values.length, asked };
    };
    const one = await listed({ sets: 1 });
    expect(await listed({ sets: 300 })).toEqual(one);
    expect(await listed({ sets: 300, limit: 2 })).toMatchObject({ names: 2 });
  });

  test('knows the metadata of what is published and of what is only stored', async () => {
    const { catalog } = await longWorld;
    const metadata = await catalog.listMetadata();
    expect([...metadata.keys()]).toEqual(['early', 'hits_total', 'latency_seconds']);
    expect(metadata.get('latency_seconds')).toEqual([
      { type: 'histogram', help: 'Help of latency_seconds', unit: '' },
    ]);
    expect([...(await catalog.listMetadata({ metric: 'early' })).keys()]).toEqual(['early']);
    expect([...(await catalog.listMetadata({ limit: 1 })).keys()]).toEqual(['early']);
  });

  test('finds the services and whether they were heard of', async () => {
    const { world, catalog, nowMs } = await createWorld(1);
    expect(await catalog.targets()).toEqual([
      { job: 'shop', instance: '', lastSeenMs: nowMs - 1, series: 1, health: 'up' },
      { job: 'shop', instance: 'i-1', lastSeenMs: nowMs - 1, series: 1, health: 'up' },
    ]);
    await world.run(nowMs + 10 * MINUTE_MS, () => world.builder.count(hits, 1));
    expect((await catalog.targets()).map(({ instance, health }) => [instance, health])).toEqual([
      ['', 'down'],
      ['i-1', 'up'],
    ]);
  });

  test('finds exemplars under the bucket they fell into, each once', async () => {
    const { world, catalog, nowMs } = await createWorld(1);
    const tickMs = nowMs + MINUTE_MS;
    world.builder.observe(latency, 0.3, [0.1, 1]);
    const snapshot = world.builder.tick(tickMs);
    const exemplar = { labels: [{ name: 'trace_id', value: 'ab' }], value: 0.3, timeMs: tickMs - 10 };
    const series = snapshot.series.map((one) =>
      one.kind === 'histogram' ? { ...one, exemplars: [exemplar, exemplar] } : one,
    );
    world.snapshots.put({ ...snapshot, series });
    const matcherSets = [[createMatcher('__name__', '=', 'latency_seconds_bucket')]];
    expect(await catalog.exemplars({ startMs: nowMs, endMs: tickMs, matcherSets })).toEqual([
      {
        seriesLabels: [
          { name: '__name__', value: 'latency_seconds_bucket' },
          { name: 'job', value: 'shop' },
          { name: 'le', value: '1.0' },
        ],
        exemplars: [exemplar],
      },
    ]);
    expect(await catalog.exemplars({ startMs: START, endMs: nowMs - MINUTE_MS, matcherSets })).toEqual([]);
    const counts = [[createMatcher('__name__', '=', 'latency_seconds_count')]];
    expect(await catalog.exemplars({ startMs: nowMs, endMs: tickMs, matcherSets: counts })).toEqual([]);
  });
});
