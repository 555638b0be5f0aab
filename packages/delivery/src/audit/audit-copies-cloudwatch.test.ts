import { parseAuditEvent } from '@sluice/audit/parse-event';
import { createCloudWatchClient } from '@sluice/backends/cloudwatch/cloudwatch-client';
import { createCloudWatchSink } from '@sluice/backends/cloudwatch/cloudwatch-sink';
import { createLogGroups } from '@sluice/backends/cloudwatch/log-groups';
import { startFakeCloudWatchLogs } from '@sluice/backends/testing/fake-cloudwatch-logs';
import { parseTenantId } from '@sluice/core/ids';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { afterEach, expect, test, vi } from 'vitest';
import { createDeliveryWorld } from '../testing/delivery-world.ts';
import { createAuditCopier } from './audit-copies.ts';

afterEach(() => vi.unstubAllEnvs());

test('copies of audit events end in the groups audit and security, without a name', async () => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const tenant = parseTenantId('acme');
  const clock = createFakeClock();
  const nowMs = clock.nowMs();
  const fake = await startFakeCloudWatchLogs({ nowMs: () => nowMs });
  try {
    const client = createCloudWatchClient({ endpoint: fake.url });
    const groups = createLogGroups({ prefix: '/t/' });
    const sink = createCloudWatchSink({ client, groups, consumer: 'one', clock });
    const world = createDeliveryWorld({ sinks: [sink], signal: 'logs' });
    const events = [
      { type: 'document.read', category: 'data' },
      { type: 'login.failed', category: 'security' },
    ].map((input, i) => {
      const parsed = parseAuditEvent(
        { ...input, action: 'x', result: 'success', actor: { id: 'ann@mail.test' } },
        { tenant, nowMs, idempotencyKey: `k${i}` },
      );
      if (parsed.status !== 'ok') throw new Error(parsed.reason);
      return parsed.event;
    });
    const copy = createAuditCopier({
      queue: world.queue,
      keyring: { pseudonymizer: async () => () => 'person-1' },
    });
    await copy(
      { tenant, events },
      events.map(({ id }) => ({ status: 'recorded', id }) as never),
    );
    await world.step(world.makeHandler());
    const messages = ['audit', 'security', 'app'].map((kind) =>
      fake.events(`/t/${kind}`).map(({ message }) => message),
    );
    expect(messages.map((own) => own.map((message) => JSON.parse(message).event_type))).toEqual([
      ['document.read'],
      ['login.failed'],
      [],
    ]);
    expect(messages.flat().every((message) => message.includes('"actor_ref":"person-1"'))).toBe(true);
    expect(messages.flat().some((message) => message.includes('ann@mail.test'))).toBe(false);
  } finally {
    await fake.close();
  }
});
