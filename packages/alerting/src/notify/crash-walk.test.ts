/** A process that dies between any two steps of routing and notifying, and comes back: nobody misses anything. */
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { createAlertingWorld } from '../testing/alerting-world.ts';

const CONFIG = `
route: {receiver: team, group_by: [alertname], group_wait: 5s, group_interval: 20s, repeat_interval: 1h}
receivers: [{name: team, test_configs: [{}, {}]}]
`;
/** More by `SLUICE_CRASH_SEEDS=200`. */
const SEEDS = Array.from({ length: Number(process.env.SLUICE_CRASH_SEEDS ?? 6) }, (_, index) => index + 1);
const LABELS = { alertname: 'A', instance: '1' };

function makeWorld(seed: number) {
  const injector = createFaultInjector({ seed, rates: {} });
  const world = createAlertingWorld(CONFIG, {
    wrapTable: (table) => injector.wrapTable(table),
    wrapQueue: (queue) => injector.wrapQueue(queue),
  });
  return { injector, world };
}

/** Each step of each phase is a call to the table or the queue, or the message to the receiver between them. */
async function countSteps(phase: 'fire' | 'resolve'): Promise<number> {
  const { injector, world } = makeWorld(1);
  await world.fire(LABELS);
  await world.clock.advance(5_000);
  if (phase === 'resolve') {
    await world.tick();
    await world.resolve(LABELS);
    await world.clock.advance(20_000);
  }
  const before = injector.calls();
  await world.tick();
  return injector.calls() - before;
}

const steps = { fire: await countSteps('fire'), resolve: await countSteps('resolve') };
const places = (['fire', 'resolve'] as const).flatMap((phase) =>
  Array.from({ length: steps[phase] }, (_, index) =>
    (['before', 'after'] as const).map((when) => ({ phase, step: index + 1, when })),
  ).flat(),
);

describe('a crash', () => {
  test('can happen at a good number of places', () => {
    expect(places.length).toBeGreaterThan(40);
  });

  test.each(places)('$when step $step ($phase) loses nothing', async ({ phase, step, when }) => {
    const { injector, world } = makeWorld(step);
    const { clock, receiver } = world;
    await world.fire(LABELS);
    await clock.advance(5_000);
    if (phase === 'resolve') {
      await world.tick();
      expect(receiver.delivered).toHaveLength(2);
      await world.resolve(LABELS);
      await clock.advance(20_000);
    }
    injector.crashAt(step, when);
    await world.tick().catch(() => undefined);
    injector.revive();
    // The queue shows the message again when its visibility ends, the claim runs out after a lease.
    for (let second = 0; second < 120; second += 5) {
      await clock.advance(5_000);
      await world.tick();
    }
    const wanted = phase === 'fire' ? 'firing' : 'resolved';
    const told = receiver.delivered.filter(({ status }) => status === wanted);
    // One content for each of the two integrations, however often each was told.
    const keys = new Set(told.map(({ idempotencyKey }) => idempotencyKey));
    expect(keys.size).toBe(2);
    const numbers = new Set(told.map(({ sequence }) => sequence));
    expect([...numbers]).toEqual([phase === 'fire' ? 1 : 2]);
    // At most one integration was being told when the process died.
    expect(told.length).toBeLessThanOrEqual(3);
    if (phase === 'resolve') {
      expect(await world.state.alerts.all()).toEqual([]);
      expect(await world.state.groups.all()).toEqual([]);
    }
  });
});

test.each(SEEDS)(
  'seed %i: a table that throttles and two workers that tick twice tell every content under one number',
  async (seed) => {
    const { injector, world } = makeWorld(seed);
    const again = async (work: () => Promise<unknown>): Promise<void> => {
      for (;;) {
        try {
          await work();
          return;
        } catch {
          // Who posts alerts does so again.
        }
      }
    };
    const both = async (): Promise<void> => {
      await Promise.all([1, 2].map(() => world.tick().catch(() => undefined)));
    };
    injector.setRates({ throttle: 0.15, duplicate: 0.2 });
    await again(() => world.fire(LABELS));
    const told = (status: string): number =>
      new Set(
        world.receiver.delivered
          .filter((notification) => notification.status === status)
          .map(({ idempotencyKey }) => idempotencyKey),
      ).size;
    const until = async (isDone: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 400 && !isDone(); turn++) {
        await world.clock.advance(2_000);
        await both();
      }
    };
    // What has resolved before anyone could be told of it is told to nobody: both have to know first.
    await until(() => told('firing') === 2);
    await again(() => world.resolve(LABELS));
    await until(() => told('resolved') === 2);
    injector.setRates({});
    for (let turn = 0; turn < 60; turn++) {
      await world.clock.advance(2_000);
      await both();
    }
    const { counts } = injector;
    expect(counts().throttle).toBeGreaterThan(5);
    const byKey = new Map<string, Set<string>>();
    for (const { idempotencyKey, status } of world.receiver.delivered)
      byKey.set(idempotencyKey, (byKey.get(idempotencyKey) ?? new Set()).add(status));
    // Two integrations, told of the alert and of its end.
    expect([...byKey.values()].map((states) => [...states].join()).sort()).toEqual([
      'firing',
      'firing',
      'resolved',
      'resolved',
    ]);
    expect(await world.state.alerts.all()).toEqual([]);
  },
);
