import { gzipSync } from 'node:zlib';
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import type { ReceivedMessage } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createMetricsSettings, type MetricsSettings } from '@sluice/metrics/metrics-settings';
import type { Snapshot } from '@sluice/metrics/model/snapshot';
import { makeMetricRequest } from '@sluice/otlp/testing/requests';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { describe, expect, test } from 'vitest';
import { createCollectHandler } from './collect-handler.ts';
import type { SnapshotPusher } from './push-snapshot.ts';
import { createReduceAndPush } from './reduce-and-push.ts';
import { createReduceHandler } from './reduce-handler.ts';
import { decodeReduceJob, encodeReduceJob } from './reduce-job.ts';
import { createShardLeases } from './shard-lease.ts';
import { createTickHandler, dispatchByQueue } from './tick-handler.ts';

const TENANT = parseTenantId('default');
const START_MS = Date.UTC(2026, 0, 1, 12);
const context = { softDeadlineMs: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal };

function createWorld(pusher?: SnapshotPusher) {
  const clock = createFakeClock(START_MS);
  const database = createMemoryDatabase();
  const table = createEmbeddedTable({ database, name: 'metrics', clock });
  const deadLetter = createEmbeddedQueue({ database, name: 'metrics-dead', clock });
  const reduceQueue = createEmbeddedQueue({ database, name: 'reduce', clock });
  const settings = createMetricsSettings();
  const selfMetrics = createSelfMetrics();
  const shared = { clock, selfMetrics, logger: silentLogger };
  const collectWith = (own: Pick<typeof table, 'get' | 'put' | 'delete' | 'add' | 'query'>) =>
    createCollectHandler({
      ...shared,
      table: own,
      settings,
      queue: { name: 'metrics' },
      deadLetter,
      random: () => 0.5,
    });
  const tickWith = (own: MetricsSettings) =>
    createTickHandler({
      ...shared,
      table,
      settings: own,
      dispatch: dispatchByQueue(reduceQueue, silentLogger),
    });
  const snapshots: Snapshot[] = [];
  let tokens = 0;
  const leases = createShardLeases({ table, clock, leaseMs: 60_000, createToken: () => String(++tokens) });
  const run = createReduceAndPush({
    ...shared,
    reduce: { table, clock, settings },
    leases,
    onSnapshot: (snapshot) => void snapshots.push(snapshot),
    ...(pusher === undefined ? {} : { pusher }),
  });
  return {
    clock,
    table,
    deadLetter,
    reduceQueue,
    selfMetrics,
    snapshots,
    leases,
    run,
    collectWith,
    collect: collectWith(table),
    tick: tickWith(settings),
    tickWith,
    reduce: createReduceHandler({ run, logger: silentLogger }),
  };
}

function toMessage(raw: Uint8Array, changes: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const envelope = encodeEnvelope({
    id: messageIdOf(TENANT, 'metrics', raw),
    signal: 'metrics',
    tenant: TENANT,
    items: 1,
    receivedAtMs: START_MS,
    gzip: gzipSync(raw),
  });
  return { ...envelope, messageId: 'm', receiptHandle: 'r', receiveCount: 1, sentAtMs: START_MS, ...changes };
}

const REQUEST = makeMetricRequest({ points: 40, services: 1, nowMs: START_MS });

describe('from the queue of metrics to snapshots', () => {
  test('points are stored, a tick orders their shards, and the orders make snapshots', async () => {
    const world = createWorld();
    expect(await world.collect([toMessage(REQUEST)], context)).toEqual({ failures: [] });
    world.clock.set(START_MS + 60_000);
    const jobs = await world.tick(START_MS + 60_000);
    expect(jobs).toEqual([{ tenant: 'default', shard: 0, tickMs: START_MS + 60_000 }]);
    const orders = await world.reduceQueue.receive({
      maxMessages: 10,
      visibilityTimeoutMs: 60_000,
      waitMs: 0,
    });
    expect(await world.reduce(orders, context)).toEqual({ failures: [] });
    expect(world.snapshots.map(({ tickMs }) => tickMs)).toEqual([START_MS + 60_000]);
    expect(world.snapshots[0]!.series.length).toBeGreaterThan(10);
    const text = await world.selfMetrics.render();
    expect(text).toMatch(/sluice_metrics_points_total\{outcome="stored"\} \d+/);
    expect(text).toContain('sluice_metrics_snapshots_total{outcome="written"} 1');
  });

  test('another number of shards takes effect some minutes after the first tick that asks for it', async () => {
    const world = createWorld();
    const tick = world.tickWith(createMetricsSettings({ shards: 3 }));
    const shardsOf = async (minute: number): Promise<readonly number[]> => {
      world.clock.set(START_MS + minute * 60_000 - 1000);
      const request = makeMetricRequest({ points: 40, services: 4, nowMs: world.clock.nowMs() });
      await world.collect([toMessage(request)], context);
      world.clock.set(START_MS + minute * 60_000);
      return (await tick(START_MS + minute * 60_000)).map(({ shard }) => shard);
    };
    expect(await shardsOf(1)).toEqual([0]);
    expect(await shardsOf(5)).toEqual([0]);
    const [first, ...others] = await shardsOf(9);
    expect(first).toBe(0);
    expect(others.length).toBeGreaterThan(1);
    expect(others.every((shard) => shard >= 1024 && shard < 1027)).toBe(true);
  });

  test('without data there is nothing to order', async () => {
    const world = createWorld();
    expect(await world.tick(START_MS)).toEqual([]);
    expect((await world.reduceQueue.stats()).visible).toBe(0);
  });

  test('what cannot be read is set aside with the reason, and the rest is stored', async () => {
    const world = createWorld();
    const broken = toMessage(Buffer.from('hello'), { messageId: 'broken' });
    expect(await world.collect([broken, toMessage(REQUEST)], context)).toEqual({ failures: [] });
    const [dead] = await world.deadLetter.receive({ maxMessages: 1, visibilityTimeoutMs: 1000, waitMs: 0 });
    expect(dead!.attributes.dead).toContain('"source":"metrics"');
    expect(await world.tick(START_MS + 60_000)).toHaveLength(1);
  });

  test('a table that is away keeps the messages, and so do dead letters that nobody takes', async () => {
    const world = createWorld();
    const collect = world.collectWith({ ...world.table, put: () => Promise.reject(new Error('throttled')) });
    const outcome = await collect([toMessage(REQUEST, { receiveCount: 3 })], context);
    expect(outcome).toEqual({ failures: [{ messageId: 'm', retryAfterMs: 3000 }] });
    world.deadLetter.send = async (messages) => messages.map(() => ({ status: 'retryable', reason: 'full' }));
    const broken = toMessage(Buffer.from('hello'), { messageId: 'broken' });
    expect((await world.collect([broken], context)).failures).toMatchObject([{ messageId: 'broken' }]);
  });

  test('an orders queue that takes nothing fails nobody', async () => {
    const world = createWorld();
    await world.collect([toMessage(REQUEST)], context);
    world.reduceQueue.send = async (messages) =>
      messages.map(() => ({ status: 'retryable', reason: 'full' }));
    expect(await world.tick(START_MS + 60_000)).toHaveLength(1);
  });
});

describe('orders', () => {
  test('come back as they were sent, and nonsense is refused', () => {
    const job = { tenant: 'shop', shard: 3, tickMs: START_MS };
    expect(decodeReduceJob(encodeReduceJob(job))).toEqual(job);
    for (const body of ['', '[]', 'null', '{}', '{"tenant":"a","shard":-1,"tickMs":1}'])
      expect(() => decodeReduceJob({ body })).toThrow('not an order');
  });

  test('one that fails is tried again while it is of use', async () => {
    const failing = createReduceHandler({
      run: () => Promise.reject(new Error('throttled')),
      logger: silentLogger,
    });
    const order = {
      ...encodeReduceJob({ tenant: 'a', shard: 0, tickMs: 1 }),
      messageId: 'm',
      receiptHandle: 'r',
      sentAtMs: 0,
    };
    const outcomes = await Promise.all(
      [1, 2, 3].map((receiveCount) => failing([{ ...order, receiveCount }], context)),
    );
    expect(outcomes.map(({ failures }) => failures.length)).toEqual([1, 1, 0]);
    expect(await failing([{ ...order, body: 'x', receiveCount: 1 }], context)).toEqual({ failures: [] });
  });

  test('a push that throws costs only itself', async () => {
    const world = createWorld({ push: () => Promise.reject(new Error('table is away')) });
    await world.collect([toMessage(REQUEST)], context);
    world.clock.set(START_MS + 60_000);
    const job = { tenant: 'default', shard: 0, tickMs: START_MS + 60_000 };
    expect(await world.run(job, { signal: context.signal })).toBe('done');
    expect(world.snapshots).toHaveLength(1);
  });
});

describe('the lease of a shard', () => {
  const shard = { tenant: 'default', shard: 7 };

  test('keeps a second worker away until the first is done', async () => {
    const { leases } = createWorld();
    let inside: unknown;
    const first = await leases.withLease(shard, async () => {
      inside = await leases.withLease(shard, async () => 'second');
      return 'first';
    });
    expect([first, inside]).toEqual(['first', 'busy']);
    expect(await leases.withLease(shard, async () => 'third')).toBe('third');
  });

  test('is given back after a failure, and ends by itself after a crash', async () => {
    const { leases, clock } = createWorld();
    await expect(leases.withLease(shard, () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
    void leases.withLease(shard, () => new Promise(() => {}));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await leases.withLease(shard, async () => 'early')).toBe('busy');
    clock.set(START_MS + 61_000);
    expect(await leases.withLease(shard, async () => 'late')).toBe('late');
  });
});
