/** The same records in the embedded store and in CloudWatch Logs: the same query answers the same rows. */
import { createCloudWatchClient } from '@sluice/backends/cloudwatch/cloudwatch-client';
import { createCloudWatchSink } from '@sluice/backends/cloudwatch/cloudwatch-sink';
import { createLogGroups } from '@sluice/backends/cloudwatch/log-groups';
import { createAwsInsightsClient } from '@sluice/backends/logs-insights/aws-insights-client';
import { startFakeCloudWatchLogs } from '@sluice/backends/testing/fake-cloudwatch-logs';
import { encodeLogs } from '@sluice/backends/testing/log-requests';
import { makePart } from '@sluice/backends/testing/telemetry-part';
import type { TenantId } from '@sluice/core/ids';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runInsightsOverEvents } from '../testing/cloudwatch-engine.ts';
import { makeDemoFacts, toPlainLogs } from '../testing/demo-logs.ts';
import { createTestLogStore, TEST_NOW_MS, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { SOURCE_INSIGHTS_QUERIES } from '../testing/source-insights-queries.ts';
import { createCloudWatchInsights } from './cloudwatch-insights.ts';
import { createEmbeddedInsights } from './embedded-insights.ts';
import { type InsightsResult, LOG_GROUPS, type LogInsightsBackend } from './log-insights-backend.ts';

const signal = new AbortController().signal;
const groups = createLogGroups({ prefix: '/sluice/' });
let local: LogInsightsBackend;
let cloud: LogInsightsBackend;
let close: () => Promise<void>;

beforeAll(async () => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const fake = await startFakeCloudWatchLogs({ nowMs: () => TEST_NOW_MS, runQuery: runInsightsOverEvents });
  const client = createCloudWatchClient({ endpoint: fake.url });
  close = async () => {
    client.destroy();
    await fake.close();
  };
  const { store, clock } = createTestLogStore();
  const sink = createCloudWatchSink({ client, groups, consumer: 'one', clock });
  const push = async (seed: number, tenant: TenantId): Promise<void> => {
    const facts = makeDemoFacts({ count: 300, seed, endNs: TEST_NOW_NS });
    const part = makePart(encodeLogs(toPlainLogs(facts)), { signal: 'logs', receivedAtMs: TEST_NOW_MS });
    for (const target of [sink, store])
      expect(await target.push(tenant, [part], { signal })).toMatchObject({ status: 'ok' });
  };
  await push(5, TEST_TENANT);
  // They share the groups, and must not show.
  await push(6, 'another' as TenantId);
  local = createEmbeddedInsights(store, { clock });
  cloud = createCloudWatchInsights({
    client: createAwsInsightsClient(client),
    clock: createHurriedClock(TEST_NOW_MS),
    groups,
  });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await close();
});

/** What both must agree on: @message is the record itself, which says whose it is in the cloud alone. */
function comparable({ rows }: InsightsResult): readonly string[] {
  return rows
    .map((row) =>
      row.map(({ field, value }) =>
        field === '@message' ? [field, JSON.parse(value).message] : [field, value],
      ),
    )
    .map((row) => JSON.stringify(row))
    .sort();
}

test.each([
  ...Object.entries(SOURCE_INSIGHTS_QUERIES),
  ['fields @level', 'fields @level, message | sort @timestamp desc | limit 20'],
  ['stats by @level', 'stats count() as c by @level'],
  ['filter @level', 'filter @level in ["AUDIT", "SECURITY"] | stats count_distinct(tracking_id) as ids'],
])('%s', async (_name, query) => {
  const request = {
    query,
    startNs: TEST_NOW_NS - 3_600_000_000_000n,
    endNs: TEST_NOW_NS,
    limit: 10_000,
    groups: LOG_GROUPS,
  };
  const here = await local.run(request, { tenant: TEST_TENANT, signal });
  const there = await cloud.run(request, { tenant: TEST_TENANT, signal });
  expect(here.rows.length).toBeGreaterThan(0);
  expect(comparable(there)).toEqual(comparable(here));
  expect([...there.columns].sort()).toEqual([...here.columns].sort());
});
