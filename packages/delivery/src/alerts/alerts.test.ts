import { type AlertingSetup, loadAlertingSetup } from '@sluice/alerting/config/alerting-setup';
import { openAlertingState, postAlerts } from '@sluice/alerting/notify/alerting-state';
import { createRecordingReceiver } from '@sluice/alerting/testing/recording-receiver';
import { silentLogger } from '@sluice/core/logger';
import type { Queue } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { describe, expect, test } from 'vitest';
import { createNotifyHandler } from './notify-handler.ts';
import { createRouteAlerts } from './route-alerts.ts';
import { createSetupWatch } from './setup-watch.ts';

const CONFIG = `
route: {receiver: team, group_wait: 1s, group_interval: 10s}
receivers: [{name: team, test_configs: [{}]}]
`;
const FOLDER = { read: () => undefined, glob: () => [] };

function makeWorld({ deadLetterFails = false } = {}) {
  const clock = createFakeClock();
  const database = createMemoryDatabase();
  const table = createEmbeddedTable({ database, name: 'alerting', clock });
  const queue = createEmbeddedQueue({ database, name: 'notifications', clock, maxReceiveCount: 100 });
  const dead = createEmbeddedQueue({ database, name: 'notifications-dead', clock });
  const deadLetter: Queue = deadLetterFails
    ? { ...dead, send: async () => [{ status: 'retryable', reason: 'full' }] }
    : dead;
  const receiver = createRecordingReceiver();
  const { setup } = loadAlertingSetup(CONFIG, FOLDER, {
    references: { env: {}, secrets: new Map() },
    fetch,
    random: () => 0,
    kinds: [receiver.kind],
  });
  let current: AlertingSetup | undefined = setup;
  const selfMetrics = createSelfMetrics();
  const shared = {
    stateOf: (tenant: string) => openAlertingState(table, tenant),
    setup: () => current,
    clock,
    selfMetrics,
    logger: silentLogger,
  };
  const handler = createNotifyHandler({
    ...shared,
    externalUrl: () => 'http://sluice.test/alertmanager',
    queue,
    deadLetter,
  });
  return {
    clock,
    queue,
    dead,
    receiver,
    selfMetrics,
    routing: createRouteAlerts({ ...shared, table, queue }),
    useSetup: (next: AlertingSetup | undefined) => {
      current = next;
    },
    setup,
    post: (tenant: string) =>
      postAlerts(
        shared.stateOf(tenant),
        [{ labels: { alertname: 'A', tenant }, annotations: {}, generatorUrl: '' }],
        { nowMs: clock.nowMs(), resolveTimeoutMs: 300_000 },
      ),
    async work() {
      const messages = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 0 });
      const context = { softDeadlineMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
      const { failures } = await handler(messages, context);
      const failed = new Map(failures.map(({ messageId, retryAfterMs }) => [messageId, retryAfterMs]));
      for (const { messageId, receiptHandle } of messages) {
        if (failed.has(messageId)) await queue.changeVisibility(receiptHandle, failed.get(messageId) ?? 0);
        else await queue.delete([receiptHandle]);
      }
      return { taken: messages.length, failures };
    },
  };
}

describe('routing and notifying', () => {
  test('tell each tenant of its own alerts', async () => {
    const world = makeWorld();
    await world.post('acme');
    await world.post('beta');
    expect(world.routing.lastTickMs()).toBeUndefined();
    await world.routing.run();
    expect(await world.work()).toEqual({ taken: 0, failures: [] });
    await world.clock.advance(1_000);
    await world.routing.run();
    expect(world.routing.lastTickMs()).toBe(world.clock.nowMs());
    expect(await world.work()).toEqual({ taken: 2, failures: [] });
    expect(world.receiver.delivered.map(({ commonLabels }) => commonLabels.tenant).sort()).toEqual([
      'acme',
      'beta',
    ]);
    expect(world.receiver.delivered[0]).toMatchObject({ externalUrl: 'http://sluice.test/alertmanager' });
    expect(await world.selfMetrics.render()).toContain(
      'sluice_alerting_notifications_total{receiver="team",kind="test",outcome="delivered"} 2',
    );
  });

  test('try again what the other side cannot take', async () => {
    const world = makeWorld();
    world.receiver.answers.push({ status: 'retryable', reason: '503', retryAfterMs: 3_000 });
    await world.post('acme');
    await world.clock.advance(1_000);
    await world.routing.run();
    expect((await world.work()).failures).toMatchObject([{ retryAfterMs: 3_000 }]);
    expect((await world.work()).taken).toBe(0);
    await world.clock.advance(3_000);
    expect(await world.work()).toEqual({ taken: 1, failures: [] });
    expect(world.receiver.delivered).toHaveLength(1);
  });

  test('leave to the next flush what the other side refuses', async () => {
    const world = makeWorld();
    world.receiver.answers.push({ status: 'permanent', reason: '400' });
    await world.post('acme');
    await world.clock.advance(1_000);
    await world.routing.run();
    expect((await world.work()).failures).toEqual([]);
    await world.clock.advance(10_000);
    await world.routing.run();
    await world.work();
    expect(world.receiver.delivered).toHaveLength(1);
  });

  test('keep alerts while there is no configuration, and tell of them when there is one', async () => {
    const world = makeWorld();
    world.useSetup(undefined);
    await world.post('acme');
    await world.clock.advance(5_000);
    await world.routing.run();
    expect(world.routing.lastTickMs()).toBeUndefined();
    world.useSetup(world.setup);
    await world.routing.run();
    // A job that meets no configuration waits until its deadline.
    world.useSetup(undefined);
    expect((await world.work()).failures).toHaveLength(1);
    world.useSetup(world.setup);
    await world.clock.advance(5_000);
    await world.work();
    expect(world.receiver.delivered).toHaveLength(1);
  });

  test('drop a job whose deadline has passed without a configuration', async () => {
    const world = makeWorld();
    await world.post('acme');
    await world.clock.advance(1_000);
    await world.routing.run();
    world.useSetup(undefined);
    await world.clock.advance(60_000);
    expect(await world.work()).toEqual({ taken: 1, failures: [] });
    expect(world.receiver.attempts).toBe(0);
  });

  test('bury what is no job, and hold on to it while that fails', async () => {
    const broken = { body: '{"no":"job"}', attributes: {} };
    const world = makeWorld();
    await world.queue.send([broken]);
    expect((await world.work()).failures).toEqual([]);
    expect(await world.dead.stats()).toMatchObject({ visible: 1 });
    const full = makeWorld({ deadLetterFails: true });
    await full.queue.send([broken]);
    expect((await full.work()).failures).toHaveLength(1);
  });
});

describe('the configuration', () => {
  const good = { config: { receivers: new Map() } } as unknown as AlertingSetup;
  const problem = { file: 'f', line: 1, column: 2, path: '', message: 'wrong', severity: 'error' } as const;

  test('is read when its files change, and stays as it was when they are wrong', async () => {
    let signature: string | undefined;
    let answer: () => { setup: AlertingSetup | undefined; problems: readonly (typeof problem)[] };
    let loads = 0;
    const selfMetrics = createSelfMetrics();
    const watch = createSetupWatch({
      signature: () => signature,
      load: async () => {
        loads += 1;
        return answer();
      },
      selfMetrics,
      logger: silentLogger,
    });
    await watch.refresh();
    expect([watch.current(), loads]).toEqual([undefined, 0]);

    signature = '1';
    answer = () => ({ setup: good, problems: [] });
    await watch.refresh();
    await watch.refresh();
    expect([watch.current(), loads, watch.problems()]).toEqual([good, 1, []]);

    signature = '2';
    answer = () => ({ setup: undefined, problems: [problem] });
    await watch.refresh();
    expect([watch.current(), watch.problems()]).toEqual([good, ['f:1:2: wrong']]);
    expect(await selfMetrics.render()).toContain('sluice_alerting_config_last_reload_successful 0');

    signature = '3';
    answer = () => {
      throw new Error('cannot read it');
    };
    await watch.refresh();
    expect([watch.current(), watch.problems()]).toEqual([good, ['cannot read it']]);

    signature = undefined;
    await watch.refresh();
    expect([watch.current(), watch.problems()]).toEqual([undefined, []]);
  });
});
