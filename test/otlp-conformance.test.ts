/** The conformance suite against the ingest app over real HTTP, without keys and with one. */

import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { silentLogger } from '@sluice/core/logger';
import { systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createIngestApp, type IngestDeps } from '@sluice/ingest/ingest-app';
import { toIngestLimits } from '@sluice/ingest/ingest-limits';
import { createMemoryQueue } from '@sluice/ingest/testing/memory-queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyStore } from '@sluice/platform/keys/key-store';
import { createKeyVerifier } from '@sluice/platform/keys/key-verifier';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { THEMES } from './conformance/otlp/all-cases.ts';
import { type CaseResult, runSuite } from './conformance/otlp/run-suite.ts';
import { openTarget, type TargetOptions } from './conformance/otlp/target.ts';

async function runAgainst(
  deps: Pick<IngestDeps, 'keys' | 'limits'>,
  options: TargetOptions = {},
): Promise<readonly CaseResult[]> {
  const app = createIngestApp({
    queues: {
      traces: createMemoryQueue('traces'),
      logs: createMemoryQueue('logs'),
      metrics: createMemoryQueue('metrics'),
    },
    clock: systemClock,
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
    ...deps,
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  const { port } = server.address() as AddressInfo;
  const target = await openTarget(new URL(`http://127.0.0.1:${port}`), options);
  try {
    return await runSuite(THEMES, target);
  } finally {
    target.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

const unlike = (results: readonly CaseResult[]): readonly string[] =>
  results
    .filter(({ status }) => status !== 'passed')
    .map(({ status, theme, name, reason }) => `${status}: ${theme}: ${name}: ${reason}`);

test('without keys, every case holds and none is skipped', { timeout: 120_000 }, async () => {
  const results = await runAgainst({});
  expect(unlike(results)).toEqual([]);
  expect(results.length).toBeGreaterThan(150);
});

test('with a key and other limits, every case holds and none is skipped', { timeout: 120_000 }, async () => {
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'keys', clock: systemClock });
  const { secret } = await createKeyStore({ table, clock: systemClock }).create({
    tenant: 'conformance',
    name: 'suite',
    scopes: ['ingest:write'],
  });
  // Smaller limits than the default: they are settings, and the suite is told them.
  const limits = { maxWireBytes: 512 * 1024, maxInflatedBytes: 12 * 1024 * 1024 };
  const keys = createKeyVerifier({ table, clock: systemClock });
  const results = await runAgainst({ keys, limits: toIngestLimits(limits) }, { ...limits, key: secret });
  expect(unlike(results)).toEqual([]);
  expect(results.some(({ name }) => name.includes('401'))).toBe(true);
});
