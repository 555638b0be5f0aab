import { silentLogger } from '@sluice/core/logger';
import { labelValue, METRIC_NAME, toRecord } from '@sluice/promql/model/labels';
import { expect, test } from 'vitest';
import type { RecordedBatch } from '../../tick/recorded-series.ts';
import { createSloWorld, WORLD_START_MS } from '../testing/slo-world.ts';
import { runSloTick } from './run-slo-tick.ts';
import { readSloHistory } from './slo-history.ts';

const MINUTE_MS = 60_000;
const at = (minutes: number): number => WORLD_START_MS + minutes * MINUTE_MS;
const burst = (count: number, minute: number, isBad: boolean) =>
  Array.from({ length: count }, (_, i) => ({ timeMs: at(minute) + 1 + i, isBad }));

function setUp() {
  const world = createSloWorld({ settings: 'slo: {min_events: 10}' });
  const batches: RecordedBatch[] = [];
  const memory = new Map();
  const tick = (minutes: number, changes = {}) =>
    runSloTick(
      {
        ...world.depsAt(at(minutes)),
        tenant: 'default',
        plans: [world.plan],
        memory,
        recorded: { record: async (batch) => void batches.push(batch) },
        updateIntervalMs: MINUTE_MS,
        version: '1.2.3',
        logger: silentLogger,
        ...changes,
      },
      at(minutes) + 17,
    );
  return { world, batches, tick };
}

test('a tick records the ledger under the names of Sloth', async () => {
  const { world, batches, tick } = setUp();
  world.events.events.push(...burst(90, 1, false), ...burst(10, 2, true));
  expect(await tick(4)).toEqual({ updated: 1, failed: 0, timeMs: at(4) });
  const [batch] = batches;
  expect(batch).toMatchObject({ tenant: 'default', evaluatedAtMs: at(4), timeMs: at(4), stale: [] });
  const values = Object.fromEntries(
    batch!.samples.map(({ labels, value }) => [labelValue(labels, METRIC_NAME), value]),
  );
  expect(values).toEqual({
    ...Object.fromEntries(
      ['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d'].map((window) => [
        `slo:sli_error:ratio_rate${window}`,
        0.1,
      ]),
    ),
    'slo:objective:ratio': 0.99,
    'slo:error_budget:ratio': 1 - 0.99,
    'slo:time_period:days': 30,
    'slo:current_burn_rate:ratio': expect.closeTo(10),
    'slo:period_burn_rate:ratio': expect.closeTo(10),
    'slo:period_error_budget_remaining:ratio': expect.closeTo(-9),
    sloth_slo_info: 1,
  });
  expect(batch!.samples.map(({ labels }) => toRecord(labels))).toContainEqual({
    __name__: 'slo:sli_error:ratio_rate5m',
    sloth_id: 'shop-availability',
    sloth_service: 'shop',
    sloth_slo: 'availability',
    sloth_window: '5m',
  });
});

test('a window that falls below its guard is not a number, which no alert compares with', async () => {
  const { world, batches, tick } = setUp();
  world.events.events.push(...burst(90, 1, false));
  await tick(4);
  await tick(12);
  const unknown = batches[1]!.samples.filter(({ value }) => Number.isNaN(value));
  expect(unknown.map(({ labels }) => labelValue(labels, METRIC_NAME))).toEqual([
    'slo:sli_error:ratio_rate5m',
  ]);
});

test('an SLO that cannot be computed does not keep the others back; one in quarantine is not computed', async () => {
  const { world, batches, tick } = setUp();
  const bad = {
    ...world.plan,
    slo: { ...world.plan.slo, id: 'bad' },
    sli: { unit: 'seconds', badRatio: 'sum(' },
  };
  const quarantined = {
    ...world.plan,
    slo: { ...world.plan.slo, id: 'q', quarantine: 'it counts good events' },
  };
  expect(await tick(4, { plans: [bad, quarantined, world.plan] })).toMatchObject({ updated: 1, failed: 1 });
  expect(batches).toHaveLength(1);
  expect((await world.store.heads()).map(({ status }) => status.id)).toEqual(['shop-availability']);
});

test('a batch that was not taken is made again by the next try', async () => {
  const { world, batches, tick } = setUp();
  world.events.events.push(...burst(20, 1, true));
  const refuse = { recorded: { record: () => Promise.reject(new Error('the queue is full')) } };
  await expect(tick(4, refuse)).rejects.toThrow('the queue is full');
  await tick(4);
  expect(batches[0]!.samples.length).toBe(15);
});

test('history tells burn and budget step by step, the open slot last', async () => {
  const { world, tick } = setUp();
  world.events.events.push(...burst(99, 1, false), ...burst(1, 6, true), ...burst(100, 11, false));
  await tick(13);
  const points = await readSloHistory(
    world.plan,
    { fromMs: at(0), untilMs: at(13), stepMs: 1 },
    { store: world.store },
  );
  expect(points.map(({ timeMs, bad, total }) => [(timeMs - WORLD_START_MS) / MINUTE_MS, bad, total])).toEqual(
    [
      [5, 0, 99],
      [10, 1, 1],
      [13, 0, 100],
    ],
  );
  expect(points.map(({ burnRate }) => burnRate)).toEqual([0, expect.closeTo(100), 0]);
  expect(points.map(({ budgetRemaining }) => budgetRemaining)).toEqual([
    1,
    expect.closeTo(0),
    expect.closeTo(0.5),
  ]);
});
