import { labelValue } from '@sluice/promql/model/labels';
import { describe, expect, test } from 'vitest';
import { createGroupStore } from '../state/group-store.ts';
import { createRuleWorld, readGroups, WORLD_START_MS } from '../testing/rule-world.ts';
import { watchLag } from './lag-alert.ts';
import { forgetGoneGroups, runRuleTick } from './run-rule-tick.ts';

const RULES = `
groups:
  - name: api
    interval: 30s
    rules:
      - record: job:errors:sum
        expr: sum by (job) (errors)
      - alert: Errors
        expr: job:errors:sum > 5
        for: 1m
        labels: {severity: page}
        annotations: {summary: "{{ $labels.job }}: {{ $value }}"}
`;

const SETTINGS = { externalLabels: { region: 'eu', severity: 'none' }, externalUrl: 'http://sluice.test' };

test('an alert is pending, fires, and is resolved, each told once on its slot', async () => {
  const world = createRuleWorld(RULES, { settings: SETTINGS });
  const at = async (seconds: number, value: number): Promise<void> => {
    world.clock.set(WORLD_START_MS + seconds * 1_000);
    world.write('errors{job="a"}', value);
    await world.tick();
  };
  await at(0, 9);
  await at(31, 9);
  expect(world.reported).toEqual([]);
  await at(60, 9);
  expect(world.reported).toEqual([
    {
      labels: { alertname: 'Errors', job: 'a', severity: 'page', region: 'eu' },
      annotations: { summary: 'a: 9' },
      startsAtMs: WORLD_START_MS + 60_000,
      generatorUrl: 'http://sluice.test/graph?g0.expr=job%3Aerrors%3Asum+%3E+5&g0.tab=1',
    },
  ]);
  await at(90, 7);
  expect(world.reported).toHaveLength(1);
  // Told again after a minute, for those who want to know the value.
  await at(120, 8);
  expect(world.reported[1]).toMatchObject({ annotations: { summary: 'a: 8' } });
  await at(150, 1);
  expect(world.reported[2]).toMatchObject({ endsAtMs: WORLD_START_MS + 150_000 });
  await at(180, 1);
  expect(world.reported).toHaveLength(3);
  const states = world.recorded.map(({ timeMs, samples, stale }) => [
    (timeMs - WORLD_START_MS) / 1_000,
    samples.map(({ labels }) => labelValue(labels, 'alertstate') || labelValue(labels, '__name__')),
    stale.map((labels) => labelValue(labels, 'alertstate') || labelValue(labels, '__name__')),
  ]);
  const firing = ['job:errors:sum', 'firing', 'ALERTS_FOR_STATE'];
  const pending = ['job:errors:sum', 'pending', 'ALERTS_FOR_STATE'];
  expect(states).toEqual([
    [0, pending, []],
    [30, pending, []],
    [60, firing, ['pending']],
    [90, firing, []],
    [120, firing, []],
    [150, ['job:errors:sum'], ['firing', 'ALERTS_FOR_STATE']],
    [180, ['job:errors:sum'], []],
  ]);
});

test('a group is evaluated once a slot, on the slot, and passed-over slots are counted', async () => {
  const world = createRuleWorld(RULES);
  expect((await world.tick()).outcomes).toMatchObject([{ status: 'evaluated', timeMs: WORLD_START_MS }]);
  expect((await world.tick()).outcomes).toEqual([]);
  world.clock.set(WORLD_START_MS + 100_000);
  expect((await world.tick()).outcomes).toMatchObject([
    { status: 'evaluated', timeMs: WORLD_START_MS + 90_000, missed: 2 },
  ]);
});

test('nothing happens beyond what data is complete for', async () => {
  const world = createRuleWorld(RULES);
  await world.tick();
  world.clock.set(WORLD_START_MS + 600_000);
  const late = { readyThroughMs: () => Promise.resolve(WORLD_START_MS + 29_999) };
  expect(await world.tick(late)).toEqual({ outcomes: [], lagMs: 570_001 });
  const caughtUp = await world.tick({ readyThroughMs: () => Promise.resolve(WORLD_START_MS + 61_000) });
  expect(caughtUp.outcomes).toMatchObject([{ timeMs: WORLD_START_MS + 60_000 }]);
});

test('the lag is an alert of its own, told when it begins and when it is over', async () => {
  const world = createRuleWorld(RULES);
  const lag = (lagMs: number): Promise<void> => watchLag({ ...world.deps, lagMs });
  await lag(120_000);
  await lag(120_001);
  world.clock.set(WORLD_START_MS + 5_000);
  await lag(500_000);
  await lag(0);
  await lag(0);
  expect(world.reported).toMatchObject([
    { labels: { alertname: 'SluiceLagging', severity: 'warning' }, startsAtMs: WORLD_START_MS },
    { labels: { alertname: 'SluiceLagging' }, endsAtMs: WORLD_START_MS + 5_000 },
  ]);
  expect(world.reported).toHaveLength(2);
});

test('two workers evaluate a slot once, whoever loses the lease or the write', async () => {
  const world = createRuleWorld(RULES);
  world.write('errors{job="a"}', 9);
  const results = await Promise.all([world.tick(), world.tick(), world.tick()]);
  const statuses = results.flatMap(({ outcomes }) => outcomes.map(({ status }) => status)).sort();
  expect(statuses).toEqual(['busy', 'busy', 'evaluated']);
  expect(world.recorded).toHaveLength(1);
});

test('a worker whose lease ran out does not write over the one that came after it', async () => {
  const world = createRuleWorld(RULES);
  world.write('errors{job="a"}', 1);
  let release = (): void => {};
  const slow = world.tick({
    leaseMs: 1_000,
    recorded: { record: () => new Promise<void>((resolve) => (release = resolve)) },
  });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  world.clock.set(WORLD_START_MS + 60_000);
  expect((await world.tick()).outcomes).toMatchObject([{ status: 'evaluated' }]);
  release();
  expect((await slow).outcomes).toMatchObject([{ status: 'overtaken', timeMs: WORLD_START_MS }]);
  const [stored] = await createGroupStore(world.table, { tenant: 'default' }).list();
  expect(stored!.state.memory.evaluatedAtMs).toBe(WORLD_START_MS + 60_000);
});

describe('a crash', () => {
  /** Steps of one tick: every call that leaves the process. */
  const stepsOf = async (crashAt: number) => {
    let steps = 0;
    const step = (): void => {
      steps += 1;
      if (steps === crashAt) throw new Error('the process died');
    };
    const after =
      <A extends readonly unknown[], T>(call: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        step();
        return call(...args);
      };
    const world = createRuleWorld(RULES.replace('for: 1m', 'for: 0s'), {
      wrapTable: (table) => ({
        get: after((...args) => table.get(...args)),
        put: after((...args) => table.put(...args)),
        delete: after((...args) => table.delete(...args)),
        add: (...args) => table.add(...args),
        query: after((...args) => table.query(...args)),
      }),
    });
    world.write('errors{job="a"}', 9);
    const dying = {
      ...world.deps,
      report: async (alerts: Parameters<typeof world.deps.report>[0]) => {
        step();
        await world.deps.report(alerts);
        step();
      },
    };
    await runRuleTick(dying).catch(() => undefined);
    const happened = steps;
    steps = Number.NEGATIVE_INFINITY;
    // Beyond the lease of the dead one.
    for (let seconds = 30; seconds <= 240; seconds += 30) {
      world.clock.set(WORLD_START_MS + seconds * 1_000);
      world.write('errors{job="a"}', seconds < 180 ? 9 : 0);
      await world.tick();
    }
    return { happened, reported: world.reported };
  };

  test('anywhere in a tick loses no alert and leaves none behind', async () => {
    const { happened } = await stepsOf(0);
    expect(happened).toBeGreaterThan(6);
    for (let crashAt = 1; crashAt <= happened; crashAt++) {
      const { reported } = await stepsOf(crashAt);
      const last = reported.at(-1)!;
      expect(reported.length, `crash at ${crashAt}`).toBeGreaterThanOrEqual(2);
      expect(reported[0]!.endsAtMs, `crash at ${crashAt}`).toBeUndefined();
      expect(last.endsAtMs, `crash at ${crashAt}`).toBe(WORLD_START_MS + 180_000);
    }
  });

  test('a report that is refused is made again', async () => {
    const world = createRuleWorld(RULES.replace('for: 1m', 'for: 0s'));
    world.write('errors{job="a"}', 9);
    const refusing = { report: () => Promise.reject(new Error('throttled')) };
    expect((await world.tick(refusing)).outcomes).toMatchObject([{ status: 'failed' }]);
    await world.tick();
    expect(world.reported).toHaveLength(1);
  });
});

test('rules and groups that leave the files end their alerts and series', async () => {
  const two = `${RULES}
  - name: gone
    interval: 30s
    rules:
      - alert: Gone
        expr: errors > 5
`;
  const world = createRuleWorld(two.replace('for: 1m', 'for: 0s'));
  world.write('errors{job="a"}', 9);
  await world.tick();
  expect(world.reported).toHaveLength(2);
  const groups = readGroups(`
groups:
  - name: api
    interval: 30s
    rules: [{ record: x, expr: vector(1) }]
`);
  world.clock.set(WORLD_START_MS + 30_000);
  await forgetGoneGroups({ ...world.deps, groups });
  expect(world.reported.slice(2)).toMatchObject([
    { labels: { alertname: 'Gone' }, endsAtMs: expect.any(Number) },
  ]);
  await world.tick({ groups });
  expect(world.reported.slice(3)).toMatchObject([
    { labels: { alertname: 'Errors' }, endsAtMs: WORLD_START_MS + 30_000 },
  ]);
  const ended = world.recorded.slice(2).flatMap(({ stale }) => stale.map((l) => labelValue(l, '__name__')));
  expect(ended.sort()).toEqual([
    'ALERTS',
    'ALERTS',
    'ALERTS_FOR_STATE',
    'ALERTS_FOR_STATE',
    'job:errors:sum',
  ]);
  const stored = await createGroupStore(world.table, { tenant: 'default' }).list();
  expect(stored.map(({ state }) => state.name)).toEqual(['api']);
});

test('a fault of the store is told and tried again', async () => {
  let isBroken = true;
  const world = createRuleWorld(RULES, {
    wrapTable: (table) => ({
      ...table,
      get: (...args) => (isBroken ? Promise.reject(new Error('throttled')) : table.get(...args)),
    }),
  });
  expect((await world.tick()).outcomes).toMatchObject([{ status: 'failed', timeMs: WORLD_START_MS }]);
  isBroken = false;
  expect((await world.tick()).outcomes).toMatchObject([{ status: 'evaluated' }]);
});
