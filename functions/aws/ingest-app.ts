/** Everything that is sent to the pipeline, behind one address: OTLP, remote write and audit events. */
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { type Environment, readList } from '@sluice/core/settings';
import { createAuditApp } from '@sluice/ingest/audit/audit-app';
import { createTenantGate } from '@sluice/ingest/audit/tenant-gate';
import { createIngestApp } from '@sluice/ingest/ingest-app';
import { toIngestLimits } from '@sluice/ingest/ingest-limits';
import { createWriteApp, isRemoteWrite } from '@sluice/ingest/remote-write/write-app';
import { createKeyVerifier } from '@sluice/platform/keys/key-verifier';
import { createRateLimiter } from '@sluice/platform/limits/rate-limiter';
import type { CloudProcess } from './process.ts';
import { openQueues } from './queues.ts';
import { createCloudRedaction } from './redaction.ts';
import { openTables } from './tables.ts';

/** 6 MB is what Lambda takes of a request in base64; inflated, what the memory of the function has room for. */
const LIMITS = { maxWireBytes: 4 * 1024 * 1024, maxInflatedBytes: 16 * 1024 * 1024 };
const AUDIT_PATH = /^\/v1\/audit(\/|$)/;

export interface CloudIngest {
  fetch(request: Request): Response | Promise<Response>;
  /** Writes the counts of daily quotas. */
  flush(): Promise<void>;
}

export function createCloudIngest(process: CloudProcess, secrets: Environment): CloudIngest {
  const { env, clock, logger, selfMetrics } = process;
  const { queue } = openQueues(process);
  const table = openTables(process).table(CLOUD_ENV.keysTable);
  const verifier = createKeyVerifier({ table, clock });
  const limiter = createRateLimiter({ table, clock });
  const queues = {
    traces: queue(CLOUD_ENV.tracesQueue),
    logs: queue(CLOUD_ENV.logsQueue),
    metrics: queue(CLOUD_ENV.metricsQueue),
  };
  const keys = { verifier, required: true };
  const shared = { limiter, selfMetrics, logger, nowMs: () => clock.nowMs() };
  const otlp = createIngestApp({
    queues,
    keys: verifier,
    limiter,
    clock,
    selfMetrics,
    logger,
    limits: toIngestLimits(LIMITS),
    cors: { origins: readList(env, ENV.corsOrigins) },
    ...createCloudRedaction({ env, secrets }, selfMetrics),
  });
  const write = createWriteApp({ ...shared, queue: queues.metrics, keys, limits: LIMITS });
  const audit = createAuditApp({
    ...shared,
    queue: queue(CLOUD_ENV.auditQueue),
    keys,
    gate: createTenantGate({ nowMs: () => clock.nowMs() }),
    limits: LIMITS,
  });
  return {
    fetch(request) {
      if (AUDIT_PATH.test(new URL(request.url).pathname)) return audit.fetch(request);
      return (isRemoteWrite(request) ? write : otlp).fetch(request);
    },
    flush: limiter.flush,
  };
}
