/**
 * Metrics of local mode: the consumer that stores points, the ticks that turn them into snapshots and push
 * those to a real server where one is set, the compaction, and what readers and the other signals need.
 */
import { randomUUID } from 'node:crypto';
import { createRemoteWriter } from '@sluice/backends/mimir/remote-writer';
import { parseTenantId } from '@sluice/core/ids';
import type { LocalSettings } from '@sluice/core/local-settings';
import type { Logger } from '@sluice/core/logger';
import { DEFAULT_TENANT, TABLE } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Scheduler } from '@sluice/core/ports/scheduler';
import type { Table } from '@sluice/core/ports/table';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { BeforePush } from '@sluice/delivery/deliver-handler';
import { createCollectHandler } from '@sluice/delivery/metrics/collect-handler';
import { createSnapshotPusher } from '@sluice/delivery/metrics/push-snapshot';
import { createReduceAndPush } from '@sluice/delivery/metrics/reduce-and-push';
import { createSpanMetricsSender } from '@sluice/delivery/metrics/send-span-metrics';
import { createShardLeases } from '@sluice/delivery/metrics/shard-lease';
import { createTickHandler } from '@sluice/delivery/metrics/tick-handler';
import { createOwnMetricsSender } from '@sluice/ingest/remote-write/send-own-metrics';
import { createWriteApp, isRemoteWrite } from '@sluice/ingest/remote-write/write-app';
import { createExposition, type Exposition } from '@sluice/metrics/exposition/create-exposition';
import { createMetricsSettings, type MetricsSettings } from '@sluice/metrics/metrics-settings';
import type { SnapshotReader } from '@sluice/metrics/model/snapshot';
import { createReduceMemory } from '@sluice/metrics/reduce/reduce-memory';
import { createSnapshotReader } from '@sluice/metrics/reduce/snapshot-store';
import { compactShard } from '@sluice/metrics/rollup/compact-shard';
import { listDueShards } from '@sluice/metrics/rollup/list-due-shards';
import { DEFAULT_ROLLUP_SETTINGS, type RollupSettings } from '@sluice/metrics/rollup/rollup-settings';
import { type Consumer, startConsumer } from '@sluice/platform/consume';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import type { Access } from './access.ts';
import type { Storage } from './open-storage.ts';

export interface LocalMetricsOptions {
  readonly storage: Storage;
  readonly settings: LocalSettings;
  readonly access: Access;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

export interface LocalMetrics {
  readonly table: Table;
  readonly snapshots: SnapshotReader;
  readonly settings: MetricsSettings;
  readonly rollups: RollupSettings;
  readonly exposition: Exposition;
  /** Sends the metrics of spans before their traces are pushed. */
  readonly beforeTraces: BeforePush;
  /** `/api/v1/write` of the ingest port, and whether a request is for it. */
  readonly writeApp: ReturnType<typeof createWriteApp>;
  takes(request: Request): boolean;
  startConsumer(): Promise<Consumer>;
  /** Aborts pushes that are under way. */
  close(): void;
}

const CONSUMER = { concurrency: 1, batchSize: 50, visibilityTimeoutMs: 120_000, softDeadlineMs: 90_000 };
const MINUTE_MS = 60_000;
const COMPACT_EVERY_MS = 10 * MINUTE_MS;
const OWN_METRICS_EVERY_MS = MINUTE_MS;
/** One process owns the data file: a lease can only be left over from a crash. */
const LEASE_MS = 10_000;

export function openMetrics(options: LocalMetricsOptions): LocalMetrics {
  const { storage, access, scheduler, clock, selfMetrics, logger } = options;
  const { database, queues } = storage;
  const table = createEmbeddedTable({ database, name: TABLE.metrics, clock });
  const settings = createMetricsSettings({
    tickMs: options.settings.tickSeconds * 1000,
    shards: options.settings.metricsShards,
  });
  const rollups = DEFAULT_ROLLUP_SETTINGS;
  const memory = createReduceMemory();
  const snapshots = createSnapshotReader(table, { settings, segments: memory.segments });
  const stopping = new AbortController();

  const { mimir } = options.settings;
  const pushing = { table, snapshots, clock, selfMetrics, logger };
  const writer =
    mimir === undefined ? undefined : createRemoteWriter({ ...mimir, fetch, clock, random: Math.random });
  const run = createReduceAndPush({
    reduce: { table, clock, settings, memory },
    leases: createShardLeases({ table, clock, leaseMs: LEASE_MS, createToken: randomUUID }),
    selfMetrics,
    logger,
    ...(writer === undefined || mimir === undefined
      ? {}
      : {
          pusher: createSnapshotPusher({
            ...pushing,
            writer,
            nativeHistograms: mimir.nativeHistograms,
            tenancy: mimir.tenancy,
          }),
        }),
  });
  const tick = createTickHandler({
    table,
    clock,
    settings,
    logger,
    async dispatch(jobs) {
      for (const job of jobs) await run(job, { signal: stopping.signal });
    },
  });
  scheduler.register({
    name: 'reduce-metrics',
    intervalMs: settings.tickMs,
    run: async ({ scheduledAtMs }) => void (await tick(scheduledAtMs)),
  });
  const sendOwn = createOwnMetricsSender({
    selfMetrics,
    queue: queues.metrics.queue,
    tenant: parseTenantId(DEFAULT_TENANT),
    labels: { job: 'sluice', instance: 'local' },
    startMs: clock.nowMs(),
  });
  scheduler.register({
    name: 'own-metrics',
    intervalMs: OWN_METRICS_EVERY_MS,
    run: ({ scheduledAtMs }) => sendOwn(scheduledAtMs),
  });
  scheduler.register({
    name: 'compact-metrics',
    intervalMs: MINUTE_MS,
    async run({ scheduledAtMs }) {
      // A minute behind each border, when the snapshot that ends an hour is there.
      if ((scheduledAtMs - MINUTE_MS) % COMPACT_EVERY_MS !== 0) return;
      for (const shard of await listDueShards(table, { tickMs: scheduledAtMs }))
        await compactShard({ ...shard, nowMs: clock.nowMs() }, { table, snapshots, settings: rollups });
    },
  });

  return {
    table,
    snapshots,
    settings,
    rollups,
    exposition: createExposition({ selfMetrics, snapshots, nowMs: () => clock.nowMs() }),
    beforeTraces: createSpanMetricsSender({ metricsQueue: queues.metrics.queue, clock, logger }),
    writeApp: createWriteApp({
      queue: queues.metrics.queue,
      keys: { verifier: access.ingest.keys, required: access.ingest.keyRequired },
      limiter: access.ingest.limiter,
      limits: {
        maxWireBytes: options.settings.maxBodyBytes,
        maxInflatedBytes: options.settings.maxInflatedBytes,
      },
      nowMs: () => clock.nowMs(),
      selfMetrics,
      logger,
    }),
    takes: isRemoteWrite,
    async startConsumer() {
      const { queue, deadLetter } = queues.metrics;
      await queue.releaseInFlight();
      const consumed = { queue, deadLetter, clock, logger };
      const handler = createCollectHandler({
        ...consumed,
        table,
        settings,
        random: Math.random,
        selfMetrics,
      });
      return startConsumer({ ...consumed, ...CONSUMER, handler });
    },
    close: () => stopping.abort(),
  };
}
