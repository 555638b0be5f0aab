import { encodeEnvelope, encodePayload } from '@sluice/core/envelope';
import { deflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { createContentStore } from '../store/content-store.ts';
import { blockPartition } from '../store/keys.ts';
import type { RequestSpec } from '../testing/encode-metrics.ts';
import { createMetricsWorld, type MetricMessage, TENANT, WORLD_START_MS } from '../testing/metrics-world.ts';
import { listActiveShards, noteActiveShard } from './active-shards.ts';
import { decodeBlock } from './block.ts';
import { createCollectMemory } from './collect-memory.ts';
import { decodeRoster } from './series-table.ts';
import { announceShards, epochAt, readShardPlan, shardOf } from './shard-plan.ts';

const HOUR_MS = 3_600_000;
const gauge = (name: string, value = 1): RequestSpec => ({
  resource: { 'service.name': 'shop' },
  metrics: [{ name, type: 'gauge', help: 'How much.', points: [{ timeMs: WORLD_START_MS, value }] }],
});

const readRoster = async ({ table }: ReturnType<typeof createMetricsWorld>, name: string) =>
  decodeRoster(await createContentStore(table, { tenant: TENANT, shard: 0 }).readPart(name));

const blocksOf = async (world: ReturnType<typeof createMetricsWorld>, shard = 0) =>
  (await world.table.query({ pk: blockPartition({ tenant: TENANT, shard }) })).items;

describe('collecting', () => {
  test('messages of a batch share one block under the next tick', async () => {
    const world = createMetricsWorld({ targetInfo: false });
    const messages = [await world.message([gauge('a')]), await world.message([gauge('b')])];
    expect(await world.collect(messages)).toEqual(
      messages.map(({ messageId }) => ({
        messageId,
        status: 'stored',
        points: 1,
        rejected: [],
        warnings: [],
      })),
    );
    const [block, ...others] = await blocksOf(world);
    expect(others).toEqual([]);
    expect(block!.sk).toMatch(new RegExp(`^${WORLD_START_MS + 60_000}#[0-9a-f]{16}$`));
    expect(block!.expiresAt).toBe((WORLD_START_MS + 24 * HOUR_MS) / 1000);
    const sections = await decodeBlock(block!.data as Uint8Array);
    expect(sections.map(({ id }) => id)).toEqual(messages.map(({ messageId }) => messageId.slice(0, 16)));
    expect(await listActiveShards(world.table, { tickMs: WORLD_START_MS })).toEqual([
      { tenant: TENANT, shard: 0 },
    ]);
  });

  test('a message without any good point is done, and writes nothing', async () => {
    const world = createMetricsWorld();
    expect(
      await world.send({
        metrics: [{ name: '...', type: 'gauge', points: [{ timeMs: WORLD_START_MS, value: 1 }] }],
      }),
    ).toMatchObject({
      status: 'stored',
      points: 0,
      rejected: [{ reason: 'name-vanishes', count: 1 }],
    });
    expect(await blocksOf(world)).toEqual([]);
  });

  test('what can never be read is dead, and its neighbours are stored', async () => {
    const world = createMetricsWorld();
    const envelope = {
      id: 'a'.repeat(64),
      tenant: parseTenantId(TENANT),
      items: 1,
      receivedAtMs: WORLD_START_MS,
    };
    const make = (own: object): MetricMessage => ({
      messageId: JSON.stringify(own).slice(0, 20),
      ...encodeEnvelope({ ...envelope, signal: 'metrics', gzip: new Uint8Array([1]), ...own } as never),
    });
    const outcomes = await world.collect([
      { messageId: 'junk', body: 'junk', attributes: {} },
      make({ signal: 'logs' }),
      make({ gzip: new Uint8Array([9, 9]) }),
      make({ gzip: await deflateGzip(new Uint8Array([255, 255])) }),
      {
        messageId: 'counts',
        ...encodePayload({ ...envelope, signal: 'metrics' } as never, {
          codec: 'span-counts',
          bytes: new Uint8Array([9]),
        }),
      },
      await world.message([gauge('fine')]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['dead', 'dead', 'dead', 'dead', 'dead', 'stored']);
    expect(outcomes.map((outcome) => ('reason' in outcome ? outcome.reason : ''))).toEqual([
      expect.stringContaining('"v" is missing'),
      'a message of logs on the queue of metrics',
      expect.stringContaining('not whole gzip data'),
      expect.stringMatching(/./),
      'the payload is not counts of spans: packing form 9 is not known',
      '',
    ]);
  });

  test('a table that fails makes messages wait', async () => {
    const world = createMetricsWorld();
    const faults = createFaultInjector({ seed: 1, rates: { failBefore: 1 }, clock: world.clock });
    const message = await world.message([gauge('a')]);
    const table = faults.wrapTable(world.table);
    expect(await world.collect([message], { table })).toMatchObject([
      { status: 'retry', reason: 'failBefore in table.get' },
    ]);
    const memory = createCollectMemory();
    await world.collect([await world.message([gauge('b')])], { memory });
    memory.notedHours.clear();
    expect(await world.collect([message], { table, memory })).toMatchObject([
      { status: 'retry', reason: 'failBefore in table.put' },
    ]);
  });

  test.each([
    [3, 'stored', 2],
    [20, 'retry', 1],
  ])('a put that is answered after %i minutes', async (minutes, status, blocks) => {
    const world = createMetricsWorld();
    let puts = 0;
    const table = {
      ...world.table,
      async put(item: Parameters<typeof world.table.put>[0]) {
        const answer = await world.table.put(item);
        if (item.pk.startsWith('mblock') && ++puts === 1) world.clock.set(WORLD_START_MS + minutes * 60_000);
        return answer;
      },
    };
    expect(await world.collect([await world.message([gauge('a')])], { table })).toMatchObject([{ status }]);
    expect(await blocksOf(world)).toHaveLength(blocks);
  });

  test('very many points make several blocks', async () => {
    const world = createMetricsWorld({ targetInfo: false });
    const points = Array.from({ length: 11_000 }, (_, index) => ({ timeMs: WORLD_START_MS, value: index }));
    const request = (name: string): RequestSpec => ({ metrics: [{ name, type: 'gauge', points }] });
    const messages = [await world.message([request('a')]), await world.message([request('b')])];
    await world.collect(messages);
    expect(await blocksOf(world)).toHaveLength(2);
  });

  test('help is written once in a while, and known to the shard all the same', async () => {
    const world = createMetricsWorld({ targetInfo: false });
    const memory = createCollectMemory();
    for (const value of [1, 2]) await world.collect([await world.message([gauge('a', value)])], { memory });
    const blocks = await Promise.all(
      (await blocksOf(world)).map(({ data }) =>
        decodeBlock(data as Uint8Array, { readRoster: (name) => readRoster(world, name) }),
      ),
    );
    const helps = blocks.map(([section]) => section!.points[0]!.series.family.help);
    expect(helps.sort()).toEqual(['', 'How much.']);
    const result = await world.tick();
    expect(result.status !== 'unchanged' && result.snapshot.families.get('a')).toEqual({
      kind: 'gauge',
      help: 'How much.',
      unit: '',
    });
  });

  test('series that come again are written once, and blocks are small from then on', async () => {
    const world = createMetricsWorld({ targetInfo: false });
    const memory = createCollectMemory();
    const request = (value: number): RequestSpec => ({
      resource: { 'service.name': 'shop' },
      metrics: Array.from({ length: 40 }, (_, number) => {
        const points = [{ timeMs: WORLD_START_MS - 10 + value, value }];
        return { name: `orders.of.kind.${number}`, type: 'gauge', points };
      }),
    });
    const sizes: number[] = [];
    const counting = {
      ...world.table,
      put(...[item, options]: Parameters<typeof world.table.put>) {
        if (item.pk.startsWith('mblock') || item.pk.startsWith('mpart'))
          sizes.push((item.data as Uint8Array).length);
        return world.table.put(item, options);
      },
    };
    for (const value of [1, 2, 3]) {
      await world.collect([await world.message([request(value)])], { memory, table: counting });
    }
    const [first, roster, second, third, ...others] = sizes;
    expect(others).toEqual([]);
    expect(Math.min(first!, roster!)).toBeGreaterThan(3 * Math.max(second!, third!));
    const result = await world.tick();
    if (result.status === 'unchanged') throw new Error(result.reason);
    expect(result.points).toBe(120);
    expect(result.snapshot.series.map((own) => 'last' in own && own.last)).toEqual(Array(40).fill(3));
  });

  test('points go to shards by job and family', async () => {
    const world = createMetricsWorld({ shards: 3, targetInfo: false });
    const names = Array.from({ length: 12 }, (_, index) => `m${index}`);
    await world.send({
      resource: { 'service.name': 'shop' },
      metrics: names.flatMap((name) => gauge(name).metrics),
    });
    const found: Record<string, number> = {};
    for (const shard of [0, 1, 2]) {
      for (const { data } of await blocksOf(world, shard)) {
        const sections = await decodeBlock(data as Uint8Array);
        for (const { series } of sections.flatMap(({ points }) => points)) {
          expect(shardOf(series, { tenant: TENANT, epoch: 0, shards: 3 })).toBe(shard);
          found[series.family.name] = (found[series.family.name] ?? 0) + 1;
        }
      }
    }
    expect(found).toEqual(Object.fromEntries(names.map((name) => [name, 1])));
  });
});

describe('the shard plan', () => {
  test('is made of the settings once, and changes ahead of time', async () => {
    const { table, settings } = createMetricsWorld({ shards: 2 });
    expect(await readShardPlan(table, settings)).toEqual({ epochs: [{ fromMs: 0, shards: 2 }] });
    expect(await readShardPlan(table, { ...settings, shards: 9 })).toEqual({
      epochs: [{ fromMs: 0, shards: 2 }],
    });
    expect(await announceShards(table, { ...settings, shards: 3 }, { nowMs: WORLD_START_MS })).toBe(
      'announced',
    );
    const plan = await readShardPlan(table, settings);
    const fromMs = WORLD_START_MS + 6 * 60_000;
    expect(plan.epochs).toEqual([
      { fromMs: 0, shards: 2 },
      { fromMs, shards: 3 },
    ]);
    expect([epochAt(plan, fromMs - 1), epochAt(plan, fromMs)]).toEqual([0, 1]);
  });

  test('takes 1 to 1024 shards', async () => {
    const { table, settings } = createMetricsWorld();
    for (const shards of [0, 1.5, 1025]) {
      await expect(readShardPlan(table, { ...settings, shards })).rejects.toThrow(
        'give a whole number from 1 to 1024',
      );
    }
    await table.put({ pk: 'mplan', sk: 'shards', epochs: 'x' });
    await expect(readShardPlan(table, settings)).rejects.toThrow('no list of epochs');
  });

  test('two makers of the first plan agree', async () => {
    const { table, settings } = createMetricsWorld();
    const plans = await Promise.all([2, 5].map((shards) => readShardPlan(table, { ...settings, shards })));
    expect(plans[0]).toEqual(plans[1]);
  });
});

test('a tick wakes the shards of the last two hours, at full hours those of the last day', async () => {
  const { table } = createMetricsWorld();
  await noteActiveShard(table, { tenant: 'a', shard: 3 }, WORLD_START_MS);
  await noteActiveShard(table, { tenant: 'b', shard: 1024 }, WORLD_START_MS - 5 * HOUR_MS);
  const list = (tickMs: number, tenant?: string) =>
    listActiveShards(table, { tickMs, ...(tenant === undefined ? {} : { tenant }) });
  expect(await list(WORLD_START_MS + 60_000)).toEqual([{ tenant: 'a', shard: 3 }]);
  expect(await list(WORLD_START_MS)).toEqual([
    { tenant: 'a', shard: 3 },
    { tenant: 'b', shard: 1024 },
  ]);
  expect(await list(WORLD_START_MS, 'b')).toEqual([{ tenant: 'b', shard: 1024 }]);
  expect(await list(WORLD_START_MS + 3 * HOUR_MS + 60_000)).toEqual([]);
});
