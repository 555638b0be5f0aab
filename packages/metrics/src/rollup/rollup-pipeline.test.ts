/** Rollups behind the real reducer: compaction races reduction, the table fails, shards change. */
import { createRandom } from '@sluice/core/testing/random';
import { createCountingTable } from '@sluice/platform/counting-table';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { createEngine } from '@sluice/promql/engine';
import { describe, expect, test } from 'vitest';
import { createMetricsCatalog } from '../read/metrics-catalog.ts';
import { readFromReplicas } from '../read/read-from-replicas.ts';
import { createRollupSeriesReader } from '../read/rollup-series-reader.ts';
import { createSnapshotReader } from '../reduce/snapshot-store.ts';
import {
  createMetricsWorld,
  type MetricsWorld,
  WORLD_START_MS as START,
  TENANT,
} from '../testing/metrics-world.ts';
import { compactShard } from './compact-shard.ts';
import { listDueShards } from './list-due-shards.ts';
import { DEFAULT_ROLLUP_SETTINGS as SETTINGS } from './rollup-settings.ts';
import { listRollupShards, loadHeaders, newestHeader, readPage } from './rollup-store.ts';

const MINUTE = 60_000;
const seeds = Array.from({ length: Number(process.env.SLUICE_FAULT_SEEDS ?? 2) }, (_, i) => i + 1);

function orders(timeMs: number, count: number) {
  return {
    resource: { 'service.name': 'shop' },
    metrics: [
      {
        name: 'orders',
        type: 'sum' as const,
        temporality: 1,
        isMonotonic: true,
        points: [{ timeMs, startMs: timeMs - 1000, value: BigInt(count), attributes: {} }],
      },
    ],
  };
}

/** Read through replicas, without a cache, as one Lambda would. */
async function total(world: MetricsWorld, minutes: number, table = world.table): Promise<number> {
  const { clock, settings } = world;
  const snapshots = createSnapshotReader(readFromReplicas(table), { settings });
  const reader = createRollupSeriesReader({ table, snapshots, clock, settings: SETTINGS, tenant: TENANT });
  const query = `sum(increase(orders_total[${minutes}m]))`;
  const { value } = await createEngine({ clock }).instant(query, { reader, timeMs: clock.nowMs() });
  return value.type === 'vector' ? (value.samples[0]?.value ?? 0) : Number.NaN;
}

describe('behind the reducer', () => {
  test.each(seeds)(
    'every increase is the ledger’s while reducers and compactors race and fail (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      const world = createMetricsWorld({ targetInfo: false });
      const { clock, settings } = world;
      const faults = createFaultInjector({
        seed,
        rates: { failBefore: 0.04, failAfter: 0.04, delay: 0.5 },
        maxDelayMs: 1,
      });
      const faulty = faults.wrapTable(world.table);
      const snapshots = createSnapshotReader(faulty, { settings });
      let sent = 0;
      let died = 0;
      const survive = (work: Promise<unknown>): Promise<unknown> =>
        work.catch(() => {
          died += 1;
        });
      for (let minute = 1; minute <= 125; minute++) {
        const count = random.below(100);
        await world.send(orders(clock.nowMs() + 1, count));
        sent += count;
        clock.set(START + minute * MINUTE);
        const nowMs = clock.nowMs();
        const isBorder = minute % 60 <= 2 || random.chance(0.2);
        await Promise.all([
          survive(world.reduce(nowMs, { deps: { table: faulty } })),
          isBorder && survive(world.reduce(nowMs, { deps: { table: faulty } })),
          isBorder &&
            survive(
              compactShard(
                { tenant: TENANT, shard: 0, nowMs },
                { table: faulty, snapshots, settings: SETTINGS },
              ),
            ),
          isBorder &&
            survive(
              compactShard(
                { tenant: TENANT, shard: 0, nowMs },
                { table: faulty, snapshots, settings: SETTINGS },
              ),
            ),
        ]);
      }
      expect(died).toBeGreaterThan(0);
      // A tick without faults brings what the last ones left.
      await world.tick();
      expect(await total(world, 130)).toBe(sent);
      const clean = {
        table: world.table,
        snapshots: createSnapshotReader(world.table, { settings }),
        settings: SETTINGS,
      };
      await compactShard({ tenant: TENANT, shard: 0, nowMs: clock.nowMs() }, clean);
      expect(await total(world, 130)).toBe(sent);
      const key = { tenant: TENANT, shard: 0, tier: '1m' };
      const headers = await loadHeaders(world.table, key, {
        fromMs: START,
        untilMs: clock.nowMs(),
        spanMs: 60 * MINUTE,
      });
      expect(headers.map(({ isComplete }) => isComplete)).toEqual([true, true, false]);
    },
  );

  test('due are the shards with news and those with open files; both list their shards', async () => {
    const world = createMetricsWorld({ targetInfo: false });
    const { table, clock, settings } = world;
    const snapshots = createSnapshotReader(table, { settings });
    await world.send(orders(START, 1));
    await world.tick();
    expect(await listDueShards(table, { tickMs: clock.nowMs() })).toEqual([{ tenant: TENANT, shard: 0 }]);
    await world.tick();
    await compactShard(
      { tenant: TENANT, shard: 0, nowMs: clock.nowMs() },
      { table, snapshots, settings: SETTINGS },
    );
    expect(await listRollupShards(table, TENANT)).toEqual([0]);
    clock.set(START + 86_400_000);
    expect(await listDueShards(table, { tickMs: clock.nowMs() })).toEqual([{ tenant: TENANT, shard: 0 }]);
    const catalog = createMetricsCatalog({ table, snapshots, clock, settings: SETTINGS, tenant: TENANT });
    expect(await catalog.targets()).toEqual([]);
    expect([...(await catalog.listMetadata()).keys()]).toEqual([]);
  });

  test('a page that is gone is asked for twice, and then named', async () => {
    const world = createMetricsWorld({ targetInfo: false });
    const { clock, settings } = world;
    const counting = createCountingTable(world.table);
    const snapshots = createSnapshotReader(world.table, { settings });
    await world.send(orders(START, 1));
    await world.tick();
    await compactShard(
      { tenant: TENANT, shard: 0, nowMs: clock.nowMs() },
      { table: world.table, snapshots, settings: SETTINGS },
    );
    const header = (await newestHeader(world.table, { tenant: TENANT, shard: 0, tier: '1m' }))!;
    await expect(readPage(counting, header, 7)).rejects.toThrow(
      /rollup page rollup-page#default#00000#1m#.* is gone/,
    );
    expect(counting.counts().reads).toBe(2);
    const { items } = await world.table.query({ pk: `rollup-page#default#00000#1m#${header.spanStartMs}` });
    await world.table.put({ ...items[0]!, data: 'text' });
    await expect(readPage(world.table, header, 0)).rejects.toThrow('has no data');
    await world.table.put({
      pk: 'rollup#default#00000#1m',
      sk: String(header.spanStartMs + 1),
      covered: 'x',
    });
    await expect(newestHeader(world.table, header)).rejects.toThrow('is not one');
  });
});
