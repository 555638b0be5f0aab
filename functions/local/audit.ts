/**
 * The audit trail of local mode: its keys and checkpoints in files beside the database, its consumer, the jobs that seal,
 * expire and verify it, and its routes on both ports.
 */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createAuditLog } from '@sluice/audit/audit-log';
import { AUDIT_KEY_NAME } from '@sluice/audit/checkpoint';
import { readEarlierKeys } from '@sluice/audit/earlier-keys';
import { createKeyring } from '@sluice/audit/keyring';
import type { CheckpointCopies } from '@sluice/audit/upkeep/checkpoint-copies';
import { createDailyUpkeep } from '@sluice/audit/upkeep/daily-upkeep';
import { createSealJob } from '@sluice/audit/upkeep/seal-trails';
import { createWitness } from '@sluice/audit/upkeep/witness';
import { UsageError } from '@sluice/core/errors';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import type { LocalSettings } from '@sluice/core/local-settings';
import type { Logger } from '@sluice/core/logger';
import { DATA_FILE } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Scheduler } from '@sluice/core/ports/scheduler';
import type { Sink } from '@sluice/core/ports/sink';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { createAuditCopier } from '@sluice/delivery/audit/audit-copies';
import { createAuditSink } from '@sluice/delivery/audit/audit-sink';
import { createCheckpointCopier } from '@sluice/delivery/audit/checkpoint-copies';
import { createRecordAuditHandler } from '@sluice/delivery/audit/record-audit-handler';
import { withoutAuditRecords } from '@sluice/delivery/audit/without-audit-records';
import { createAuditApp } from '@sluice/ingest/audit/audit-app';
import { createTenantGate } from '@sluice/ingest/audit/tenant-gate';
import { type Consumer, startConsumer } from '@sluice/platform/consume';
import { openSigningKeyFile, openWrappingKeyFile } from '@sluice/platform/embedded/key-files';
import { openLineFile } from '@sluice/platform/embedded/line-file';
import { auditScopeOf, createAuditRoutes } from '@sluice/query/audit/audit-routes';
import type { ReadApi } from '@sluice/query/query-app';
import type { Access } from './access.ts';
import type { Storage } from './open-storage.ts';

export interface LocalAuditOptions {
  readonly storage: Storage;
  readonly settings: LocalSettings;
  readonly access: Access;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

export interface LocalAudit {
  /** `/v1/audit` and `/v1/audit/bulk` of the ingest port. */
  readonly ingestApp: ReturnType<typeof createAuditApp>;
  /** Whether a request to the ingest port is for `ingestApp`. */
  takes(request: Request): boolean;
  readonly api: ReadApi;
  /** The sinks of logs, without what enters the trail, and the sink through which it does. */
  guardLogs(sinks: readonly Sink[]): readonly Sink[];
  startConsumer(): Promise<Consumer>;
  close(): void;
}

const AUDIT_PATH = /^\/v1\/audit(\/|$)/;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const CONSUMER = { concurrency: 2, batchSize: 10, visibilityTimeoutMs: 120_000, softDeadlineMs: 90_000 };

/** @throws UsageError when a key file or the file of checkpoints cannot be used. */
export function openAudit({
  storage,
  settings,
  access,
  scheduler,
  clock,
  selfMetrics,
  logger,
}: LocalAuditOptions): LocalAudit {
  const { auditTable: table, auditQueue, dataDir, queues } = storage;
  const signer = openSigningKeyFile(join(dataDir, DATA_FILE.auditSigningKey), AUDIT_KEY_NAME);
  const earlierKeys = readEarlierKeys(join(dataDir, DATA_FILE.auditEarlierKeys), signer);
  const wrapper = openWrappingKeyFile(join(dataDir, DATA_FILE.auditWrappingKey));
  const copies = openCheckpointFile(join(dataDir, DATA_FILE.auditCheckpoints));
  const keyring = createKeyring({ table, wrapper, clock });
  const log = createAuditLog({ table, keyring, clock });
  const shared = {
    table,
    keyring,
    log,
    keys: [signer, ...earlierKeys],
    copies,
    clock,
    pause: () => setImmediate(),
  };

  const { witnessUrl: url, retentionMs } = settings.audit;
  const witnesses = [createCheckpointCopier({ queue: queues.logs.queue, clock })];
  if (url !== undefined) witnesses.push(createWitness({ url, fetch }));
  const seal = createSealJob({ ...shared, signer, earlierKeys, witnesses, selfMetrics, logger });
  const intervalMs = Math.min(MINUTE_MS, settings.tickSeconds * 1000);
  scheduler.register({ name: 'audit-seal', intervalMs, run: seal });
  const upkeep = createDailyUpkeep({ ...shared, retentionMs, selfMetrics, logger });
  scheduler.register({ name: 'audit-upkeep', intervalMs: HOUR_MS, run: upkeep });

  return {
    ingestApp: createAuditApp({
      queue: auditQueue.queue,
      keys: { verifier: access.ingest.keys, required: access.ingest.keyRequired },
      limiter: access.ingest.limiter,
      gate: createTenantGate({ nowMs: () => clock.nowMs() }),
      limits: { maxWireBytes: settings.maxBodyBytes, maxInflatedBytes: settings.maxInflatedBytes },
      nowMs: () => clock.nowMs(),
      logger,
    }),
    takes: ({ url: target }) => AUDIT_PATH.test(new URL(target).pathname),
    api: {
      path: '/v1/audit',
      routes: createAuditRoutes({ ...shared, queue: auditQueue.queue, seal }),
      scopeOf: auditScopeOf,
    },
    guardLogs: (sinks) => [
      ...sinks.map(withoutAuditRecords),
      createAuditSink({ queue: auditQueue.queue, logger }),
    ],
    async startConsumer() {
      const { queue, deadLetter } = auditQueue;
      await queue.releaseInFlight();
      const copy = createAuditCopier({ queue: queues.logs.queue, keyring });
      const random = Math.random;
      const consumed = { queue, deadLetter, clock, logger };
      const handler = createRecordAuditHandler({ ...consumed, log, copy, random, selfMetrics });
      return startConsumer({ ...consumed, ...CONSUMER, handler });
    },
    close: copies.close,
  };
}

interface CheckpointLine {
  readonly tenant: string;
  readonly note: string;
}

/** @throws UsageError */
function openCheckpointFile(path: string): CheckpointCopies & { close(): void } {
  const file = (() => {
    try {
      return openLineFile<CheckpointLine>(path);
    } catch (cause) {
      throw new UsageError(`the file of audit checkpoints ${path} is damaged: put it back from a backup`, {
        cause,
      });
    }
  })();
  const notesOf = (tenant: TenantId): readonly string[] =>
    file.lines.filter((line) => line.tenant === tenant).map(({ note }) => note);
  const newest = new Map(file.lines.map(({ tenant, note }) => [tenant, note]));
  return {
    async append(tenant, note) {
      if (newest.get(tenant) === note) return;
      file.append({ tenant, note });
      newest.set(tenant, note);
    },
    last: async (tenant) => newest.get(tenant),
    notes: async (tenant) => notesOf(tenant),
    tenants: async () => [...newest.keys()].map((tenant) => parseTenantId(tenant)),
    close: file.close,
  };
}
