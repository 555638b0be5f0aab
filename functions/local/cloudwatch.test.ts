import { startFakeCloudWatchLogs } from '@sluice/backends/testing/fake-cloudwatch-logs';
import { makePart } from '@sluice/backends/testing/telemetry-part';
import { parseTenantId } from '@sluice/core/ids';
import { readLocalSettings } from '@sluice/core/local-settings';
import { DEFAULT_TENANT } from '@sluice/core/names';
import { systemClock } from '@sluice/core/ports/clock';
import { makeLogRequest } from '@sluice/otlp/testing/requests';
import { afterEach, expect, test, vi } from 'vitest';
import { createCloudWatchSinks } from './cloudwatch.ts';

afterEach(() => vi.unstubAllEnvs());

test('without its switch there is no CloudWatch', async () => {
  expect(await createCloudWatchSinks(readLocalSettings({}), systemClock)).toEqual([]);
});

test('with its switch, logs arrive in the group of the prefix', async () => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const fake = await startFakeCloudWatchLogs();
  try {
    const env = {
      SLUICE_CLOUDWATCH: 'on',
      SLUICE_CLOUDWATCH_PREFIX: 'demo-',
      SLUICE_CLOUDWATCH_ENDPOINT: fake.url,
    };
    const [sink] = await createCloudWatchSinks(readLocalSettings(env), systemClock);
    const part = makePart(makeLogRequest({ records: 20, nowMs: Date.now() }), {
      signal: 'logs',
      receivedAtMs: Date.now(),
    });
    const signal = new AbortController().signal;
    expect(await sink!.push(parseTenantId(DEFAULT_TENANT), [part], { signal })).toEqual({ status: 'ok' });
    expect(fake.events('demo-app')).toHaveLength(20);
  } finally {
    await fake.close();
  }
});
