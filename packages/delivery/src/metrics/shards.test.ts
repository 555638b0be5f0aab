/** Several reducers share the series of a tenant: with any number of them, the same is stored and read. */
import { gzipSync } from 'node:zlib';
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import type { ReceivedMessage } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { readMetricsSettings } from '@sluice/metrics/metrics-settings';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { createReduceMemory } from '@sluice/metrics/reduce/reduce-memory';
import { createSnapshotReader } from '@sluice/metrics/reduce/snapshot-store';
import { compactShard } from '@sluice/metrics/rollup/compact-shard';
import { listDueShards } from '@sluice/metrics/rollup/list-due-shards';
import { DEFAULT_ROLLUP_SETTINGS } from '@sluice/metrics/rollup/rollup-settings';
import { makeMetricRequest } from '@sluice/otlp/testing/requests';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createEngine } from '@sluice/promql/engine';
import { expect, test } from 'vitest';
import { createDataReadiness } from '../rules/data-readiness.ts';
import { createCollectHandler } from './collect-handler.ts';
import { createReduceAndPush } from './reduce-and-push.ts';
import { createReduceHandler } from './reduce-handler.ts';
import { createShardLeases } from './shard-lease.ts';
import { createTickHandler, dispatchByQueue } from './tick-handler.ts';

const TENANT = parseTenantId('acme');
const START_MS = Date.UTC(2026, 0, 1, 12);
const MINUTE_MS = 60_000;
const CONTEXT = { softDeadlineMs: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal };
const QUERIES = [
  'count({__name__=~".+"})',
  'sum({__name__=~".+_total"})',
  'count by (__name__) ({__name__=~".+"})',
];

/** The functions of the way of metrics, each told the number of shards as its environment does. */
async function runWith(shards: number) {
  const clock = createFakeClock(START_MS);
  const database = createMemoryDatabase();
  const table = createEmbeddedTable({ database, name: 'metrics', clock });
  const queue = (name: string) => createEmbeddedQueue({ database, name, clock });
  const reduceQueue = queue('reduce');
  const shared = { clock, table, selfMetrics: createSelfMetrics(), logger: silentLogger };
  const settings = () => readMetricsSettings({ SLUICE_METRICS_SHARDS: String(shards) });
  const metricsQueue = queue('metrics');
  const collect = createCollectHandler({
    ...shared,
    settings: settings(),
    queue: metricsQueue,
    deadLetter: queue('metrics-dead'),
    random: () => 0.5,
  });
  const dispatch = dispatchByQueue(reduceQueue, silentLogger);
  const tick = createTickHandler({ ...shared, settings: settings(), dispatch });
  const memory = createReduceMemory();
  let tokens = 0;
  const leases = createShardLeases({ table, clock, leaseMs: 70_000, createToken: () => String(++tokens) });
  const run = createReduceAndPush({
    ...shared,
    reduce: { table, clock, settings: settings(), memory },
    leases,
  });
  const reduce = createReduceHandler({ run, logger: silentLogger });
  const snapshots = createSnapshotReader(table, { settings: settings() });

  const ordered = new Set<number>();
  for (let minute = 1; minute <= 3; minute++) {
    const raw = makeMetricRequest({ points: 80, services: 6, seed: minute, nowMs: clock.nowMs() });
    const envelope = encodeEnvelope({
      id: messageIdOf(TENANT, 'metrics', raw),
      signal: 'metrics',
      tenant: TENANT,
      items: 80,
      receivedAtMs: clock.nowMs(),
      gzip: gzipSync(raw),
    });
    const message: ReceivedMessage = {
      ...envelope,
      messageId: `m${minute}`,
      receiptHandle: 'r',
      receiveCount: 1,
      sentAtMs: clock.nowMs(),
    };
    // Delivered twice, as a queue may.
    for (let i = 0; i < 2; i++) expect(await collect([message], CONTEXT)).toEqual({ failures: [] });
    clock.set(START_MS + minute * MINUTE_MS);
    for (const { shard } of await tick(clock.nowMs())) ordered.add(shard);
    for (;;) {
      const orders = await reduceQueue.receive({ maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 0 });
      if (orders.length === 0) break;
      for (const order of orders) expect(await reduce([order], CONTEXT)).toEqual({ failures: [] });
      await reduceQueue.delete(orders.map(({ receiptHandle }) => receiptHandle));
    }
  }
  const readiness = createDataReadiness({
    table,
    snapshots,
    settings: settings(),
    tenant: TENANT,
    queue: metricsQueue,
    maxWaitMs: 120_000,
  });
  const readyMs = await readiness(clock.nowMs());
  const ask = async () => {
    const engine = createEngine({ clock });
    const reader = createRollupSeriesReader({
      table,
      snapshots,
      settings: DEFAULT_ROLLUP_SETTINGS,
      clock,
      tenant: TENANT,
    });
    const timeMs = START_MS + 3 * MINUTE_MS;
    return Promise.all(
      QUERIES.map(async (query) => {
        const { value } = await engine.instant(query, { reader, timeMs });
        // A vector has no order.
        return value.type === 'vector' ? value.samples.map((sample) => JSON.stringify(sample)).sort() : value;
      }),
    );
  };
  const fresh = await ask();
  clock.set(START_MS + 30 * MINUTE_MS);
  const due = await listDueShards(table, { tickMs: clock.nowMs() });
  for (const shard of due)
    await compactShard(
      { ...shard, nowMs: clock.nowMs() },
      { table, snapshots, settings: DEFAULT_ROLLUP_SETTINGS },
    );
  return { ordered, due: new Set(due.map(({ shard }) => shard)), readyMs, fresh, compacted: await ask() };
}

test('3 shards store, compact and answer what one does, each series in one of them', async () => {
  const one = await runWith(1);
  expect([one.ordered.size, one.readyMs]).toEqual([1, START_MS + 3 * MINUTE_MS]);
  expect(JSON.stringify(one.fresh[0])).toMatch(/[1-9]/);
  for (const shards of [3]) {
    const several = await runWith(shards);
    expect([several.ordered.size, several.due.size], `${shards} shards`).toEqual([shards, shards]);
    expect(several.readyMs).toBe(one.readyMs);
    expect(several.fresh).toEqual(one.fresh);
    expect(several.compacted).toEqual(one.compacted);
  }
});
