import { createRandom } from '@sluice/core/testing/random';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { createAlertingWorld, WORLD_START_MS } from '../testing/alerting-world.ts';
import { expireSilence, putSilence } from './alerting-state.ts';
import { LEASE_MS } from './notification-log.ts';
import { runRouteTick } from './route-tick.ts';

const BASIC = `
route:
  receiver: team
  group_by: [alertname]
  group_wait: 10s
  group_interval: 60s
  repeat_interval: 10m
receivers:
- name: team
  test_configs: [{}]
`;
const A = { alertname: 'A', instance: '1' };
const B = { alertname: 'A', instance: '2' };

const world = (source = BASIC) => createAlertingWorld(source);
const told = (w: ReturnType<typeof world>) =>
  w.receiver.delivered.map(({ nowMs, alerts, sequence }) => ({
    at: (nowMs - WORLD_START_MS) / 1_000,
    firing: alerts.filter(({ status }) => status === 'firing').map(({ labels }) => labels.instance),
    resolved: alerts.filter(({ status }) => status === 'resolved').map(({ labels }) => labels.instance),
    sequence,
  }));

describe('a group', () => {
  test('waits, tells what fires, then tells changes at its interval and nothing in between', async () => {
    const w = world();
    await w.fire(A);
    await w.run(20_000);
    await w.fire(B);
    await w.run(60_000);
    await w.resolve(A);
    await w.run(60_000);
    await w.resolve(B);
    await w.run(120_000);
    expect(told(w)).toEqual([
      { at: 10, firing: ['1'], resolved: [], sequence: 1 },
      { at: 70, firing: ['1', '2'], resolved: [], sequence: 2 },
      { at: 130, firing: ['2'], resolved: ['1'], sequence: 3 },
      { at: 190, firing: [], resolved: ['2'], sequence: 4 },
    ]);
    expect(await w.state.alerts.all()).toEqual([]);
    expect(await w.state.groups.all()).toEqual([]);
  });

  test('is told again after the repeat interval, at the flush after it', async () => {
    const w = world();
    await w.fire(A);
    await w.run(1_300_000, 5_000);
    expect(told(w).map(({ at }) => at)).toEqual([10, 670, 1330].filter((at) => at <= 1_300));
  });

  test('whose alert has fired for longer than the wait is told at once', async () => {
    const w = world();
    await w.fire(A, { startsAtMs: WORLD_START_MS - 60_000 });
    await w.tick();
    expect(told(w)).toMatchObject([{ at: 0, firing: ['1'] }]);
  });

  test('whose alert resolves before the first flush tells nobody', async () => {
    const w = world();
    await w.fire(A);
    await w.run(5_000);
    await w.resolve(A);
    await w.run(120_000);
    expect(told(w)).toEqual([]);
    expect(await w.state.alerts.all()).toEqual([]);
  });

  test('whose alert comes back is told again', async () => {
    const w = world();
    await w.fire(A);
    await w.run(20_000);
    await w.resolve(A);
    await w.run(60_000);
    await w.fire(A);
    await w.run(120_000);
    expect(told(w).map(({ firing, resolved }) => [firing, resolved])).toEqual([
      [['1'], []],
      [[], ['1']],
      [['1'], []],
    ]);
  });

  test('an alert that nobody reports any more ends with its time-out', async () => {
    const w = world(`global: {resolve_timeout: 2m}${BASIC}`);
    await w.fire(A, { endsAtMs: WORLD_START_MS + 120_000 });
    await w.run(200_000);
    expect(told(w).map(({ at, firing }) => [at, firing])).toEqual([
      [10, ['1']],
      [130, []],
    ]);
  });

  test('a receiver that wants no resolved ones is told of what fires only', async () => {
    const w = world(BASIC.replace('[{}]', '[{send_resolved: false}]'));
    await w.fire(A);
    await w.fire(B);
    await w.run(20_000);
    await w.resolve(A);
    await w.run(60_000);
    await w.resolve(B);
    await w.run(120_000);
    await w.fire(A);
    await w.run(120_000);
    expect(told(w).map(({ firing, resolved }) => [firing, resolved])).toEqual([
      [['1', '2'], []],
      [['1'], []],
    ]);
  });
});

describe('muting', () => {
  test('inhibits the target while the source fires, and no longer', async () => {
    const w = world(`${BASIC}
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [service]
`);
    const critical = { alertname: 'C', severity: 'critical', service: 'x', instance: 'c' };
    const warning = { alertname: 'W', severity: 'warning', service: 'x', instance: 'w' };
    const other = { alertname: 'O', severity: 'warning', service: 'y', instance: 'o' };
    for (const labels of [critical, warning, other]) await w.fire(labels);
    await w.run(30_000);
    expect(
      told(w)
        .map(({ firing }) => firing)
        .sort(),
    ).toEqual([['c'], ['o']]);
    await w.resolve(critical);
    await w.run(60_000);
    expect(told(w).map(({ firing }) => firing)).toContainEqual(['w']);
  });

  test('silences until the silence expires', async () => {
    const w = world();
    const matchers = [{ name: 'instance', value: '1|3', isRegex: true, isEqual: true }];
    const times = { startsAtMs: WORLD_START_MS, endsAtMs: WORLD_START_MS + 3_600_000 };
    const id = await putSilence(
      w.state,
      { matchers, ...times, createdBy: 'me', comment: '' },
      { clock: w.clock },
    );
    await w.fire(A);
    await w.run(30_000);
    expect(told(w)).toEqual([]);
    await expireSilence(w.state, id, { clock: w.clock });
    await w.run(60_000);
    expect(told(w)).toMatchObject([{ firing: ['1'] }]);
  });

  test('an acknowledgement ends by itself when what it covers has resolved', async () => {
    const w = world();
    await w.fire(A);
    await w.run(20_000);
    const matchers = [{ name: 'alertname', value: 'A', isRegex: false, isEqual: true }];
    const times = { startsAtMs: w.clock.nowMs(), endsAtMs: w.clock.nowMs() + 86_400_000 };
    const silence = { matchers, ...times, createdBy: 'me', comment: 'on it', endsWithAlerts: true };
    const id = await putSilence(w.state, silence, { clock: w.clock });
    await w.run(700_000, 5_000);
    expect(told(w)).toHaveLength(1);
    await w.resolve(A);
    await w.run(5_000);
    expect((await w.state.silences.get(id))?.value.endsAtMs).toBeLessThanOrEqual(w.clock.nowMs());
  });

  test('a route outside its active hours tells nobody', async () => {
    const w = world(`
route: {receiver: team, routes: [{matchers: [alertname="A"], active_time_intervals: [late], group_wait: 10s, group_interval: 60s}]}
receivers: [{name: team, test_configs: [{}]}]
time_intervals: [{name: late, time_intervals: [{times: [{start_time: "00:05", end_time: "24:00"}]}]}]
`);
    await w.fire(A);
    await w.run(240_000, 5_000);
    expect(told(w)).toEqual([]);
    await w.run(120_000, 5_000);
    expect(told(w)).toHaveLength(1);
  });
});

describe('delivery', () => {
  test('is tried again while the other side cannot, with one sequence number', async () => {
    const w = world();
    w.receiver.answers.push(
      { status: 'retryable', reason: '503' },
      { status: 'retryable', reason: '429', retryAfterMs: 5_000 },
    );
    await w.fire(A);
    await w.run(30_000);
    expect(w.receiver.attempts).toBe(3);
    expect(told(w)).toMatchObject([{ sequence: 1, firing: ['1'] }]);
  });

  test('that is refused is decided anew at the next flush', async () => {
    const w = world();
    w.receiver.answers.push({ status: 'permanent', reason: '400' });
    await w.fire(A);
    await w.run(100_000);
    expect(told(w)).toMatchObject([{ at: 70, sequence: 1, firing: ['1'] }]);
  });

  test('a resolved alert is kept until everyone was told of it', async () => {
    const w = world();
    await w.fire(A);
    await w.run(20_000);
    await w.resolve(A);
    w.receiver.answers.push({ status: 'permanent', reason: '400' });
    await w.run(150_000);
    expect(told(w).map(({ at, resolved }) => [at, resolved])).toEqual([
      [10, []],
      [130, ['1']],
    ]);
    expect(await w.state.alerts.all()).toEqual([]);
  });

  test('a job that was lost is made again when its claim runs out, with the same number', async () => {
    const w = world();
    await w.fire(A);
    await w.clock.advance(10_000);
    await runRouteTick({ state: w.state, config: w.config, queue: w.queue, nowMs: w.clock.nowMs() });
    const [lost] = await w.queue.receive({ maxMessages: 1, visibilityTimeoutMs: 30_000, waitMs: 0 });
    await w.queue.delete([lost!.receiptHandle]);
    await w.run(LEASE_MS + 5_000);
    expect(told(w)).toMatchObject([{ sequence: 1, firing: ['1'] }]);
  });

  test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
    'seed %i: two workers, doubled ticks and crashes between any two steps lose nothing and number every content once',
    async (seed) => {
      const random = createRandom(seed);
      const injector = createFaultInjector({ seed, rates: { failBefore: 0.05, failAfter: 0.05 } });
      const w = createAlertingWorld(BASIC.replaceAll('60s', '30s'), {
        wrapTable: (table) => injector.wrapTable(table),
        wrapQueue: (queue) => injector.wrapQueue(queue),
      });
      const tryTo = async (work: () => Promise<unknown>): Promise<void> => {
        for (let attempt = 0; attempt < 30; attempt++) {
          try {
            await work();
            return;
          } catch {
            // The caller posts again, as Prometheus does.
          }
        }
        throw new Error('never succeeded');
      };
      const crashy = (work: () => Promise<unknown>): Promise<unknown> => work().catch(() => undefined);
      const firing = new Set<string>();
      for (let step = 0; step < 120; step++) {
        const instance = String(random.below(3));
        if (random.chance(0.1)) {
          const labels = { alertname: 'A', instance };
          if (firing.delete(instance)) await tryTo(() => w.resolve(labels));
          else {
            firing.add(instance);
            await tryTo(() => w.fire(labels));
          }
        }
        await w.clock.advance(5_000);
        await Promise.all([crashy(() => w.tick()), crashy(() => w.tick())]);
      }
      injector.setRates({});
      for (let step = 0; step < 60; step++) {
        await w.clock.advance(5_000);
        await w.tick();
      }
      // What the receiver knows in the end is what is true in the end.
      const latest = w.receiver.delivered.at(-1);
      const known = (latest?.alerts ?? [])
        .filter(({ status }) => status === 'firing')
        .map(({ labels }) => labels.instance);
      expect(new Set(known)).toEqual(firing);
      // One content to each sequence number, so that a receiver that can tell sees each once.
      const contents = new Map<number, string>();
      for (const { sequence, alerts } of w.receiver.delivered) {
        const content = JSON.stringify(alerts.map(({ fingerprint, status }) => [fingerprint, status]));
        expect(contents.get(sequence) ?? content).toBe(content);
        contents.set(sequence, content);
      }
    },
  );
});
