/** What compaction leaves behind when it is interrupted, doubled or late: whoever reads sees the ledger. */
import type { Table } from '@sluice/core/ports/table';
import { createRandom } from '@sluice/core/testing/random';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import {
  createRollupWorld,
  HOUR_MS,
  MINUTE_MS,
  type RollupWorld,
  WORLD_START_MS as START,
} from '../testing/rollup-world.ts';
import { compactShard } from './compact-shard.ts';
import { listOpenShards, loadHeaders } from './rollup-store.ts';

const SETTINGS = { pageBytes: 64 };
const seeds = Array.from({ length: Number(process.env.SLUICE_FAULT_SEEDS ?? 3) }, (_, i) => i + 1);

/** Three counters, one of which restarts; each tick adds 1, 10 and 100. */
function count(world: RollupWorld): (tickMs: number) => void {
  return (tickMs) => {
    for (const [name, increase] of [
      ['a', 1],
      ['b', 10],
      ['c', 100],
    ] as const) {
      const labels = { __name__: `${name}_total`, job: 'shop' };
      if (name === 'b' && (tickMs - START) % (25 * MINUTE_MS) === 0) world.builder.restart(labels);
      world.builder.count(labels, increase);
    }
  };
}

async function expectLedger(world: RollupWorld, fromMs = START): Promise<void> {
  const nowMs = world.clock.nowMs();
  const minutes = (nowMs - fromMs) / MINUTE_MS;
  // A reader without a cache: it sees what is in the table now.
  const reader = world.readerWith({});
  for (const [name, increase] of [
    ['a', 1],
    ['b', 10],
    ['c', 100],
  ] as const) {
    const one = await world.instant(`increase(${name}_total[${minutes}m])`, nowMs, reader);
    expect([minutes, name, one]).toEqual([minutes, name, { 'job=shop': increase * minutes }]);
  }
}

async function baseHeaders(world: RollupWorld) {
  return loadHeaders(
    world.table,
    { tenant: 'default', shard: 0, tier: '1m' },
    { fromMs: START, untilMs: world.clock.nowMs(), spanMs: HOUR_MS },
  );
}

describe('compaction', () => {
  test.each(['before', 'after'] as const)(
    'may die %s any call to the table, at the border of an hour',
    async (when) => {
      const startMs = START + 45 * MINUTE_MS;
      for (let call = 1; ; call++) {
        const faults = createFaultInjector({ seed: call, rates: {} });
        let faulty!: Table;
        const world = createRollupWorld({
          startMs,
          settings: SETTINGS,
          compactEveryMs: 0,
          table: (table) => {
            faulty = faults.wrapTable(table);
            return table;
          },
        });
        await world.run(START + 55 * MINUTE_MS, count(world));
        await world.compact();
        await world.run(START + 64 * MINUTE_MS, count(world));
        faults.crashAt(call, when);
        const job = { tenant: 'default', shard: 0, nowMs: world.clock.nowMs() };
        const outcome = await compactShard(job, { ...world, table: faulty }).then(
          () => 'done',
          () => 'died',
        );
        await expectLedger(world, startMs);
        await world.compact();
        await expectLedger(world, startMs);
        expect((await baseHeaders(world)).map(({ isComplete }) => isComplete)).toEqual([true, false]);
        if (outcome === 'done') {
          expect(call).toBeGreaterThan(20);
          return;
        }
      }
    },
  );

  test.each(seeds)(
    'may be done by three at once while the table fails and readers read (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      const faults = createFaultInjector({
        seed,
        rates: { failBefore: 0.05, failAfter: 0.05, throttle: 0.02, delay: 0.5 },
        maxDelayMs: 2,
      });
      let faulty!: Table;
      const world = createRollupWorld({
        settings: SETTINGS,
        compactEveryMs: 0,
        table: (table) => {
          faulty = faults.wrapTable(table);
          return table;
        },
      });
      let died = 0;
      while (world.clock.nowMs() < START + 3 * HOUR_MS) {
        await world.run(world.clock.nowMs() + (5 + random.below(30)) * MINUTE_MS, count(world));
        const job = { tenant: 'default', shard: 0, nowMs: world.clock.nowMs() };
        const compactors = [0, 1, 2].map(() =>
          compactShard(job, { ...world, table: faulty }).catch(() => {
            died += 1;
          }),
        );
        await expectLedger(world);
        await Promise.all(compactors);
        await expectLedger(world);
      }
      expect(died).toBeGreaterThan(0);
      await world.compact();
      await expectLedger(world);
      const headers = await baseHeaders(world);
      expect(headers.slice(0, 3).every(({ isComplete }) => isComplete)).toBe(true);
    },
  );

  test('of two that do the same, one is told that it was overtaken and changes nothing', async () => {
    const world = createRollupWorld({ compactEveryMs: 0 });
    await world.run(START + 30 * MINUTE_MS, count(world));
    const results = await Promise.all([world.compact(), world.compact()]);
    expect(results.map(({ isOvertaken }) => isOvertaken).sort()).toEqual([false, true]);
    const [header] = await baseHeaders(world);
    expect(results.flatMap(({ written }) => written)).toEqual([header]);
    await expectLedger(world);
  });

  test('catches up after hours without it, and skips what was never there', async () => {
    const world = createRollupWorld({ compactEveryMs: 0 });
    await world.run(START + 5 * HOUR_MS, count(world));
    // The machine is off for two hours: the next tick carries what came meanwhile.
    world.clock.set(START + 7 * HOUR_MS + 4 * MINUTE_MS);
    for (let missed = 0; missed < 124; missed++) count(world)(START + 5 * HOUR_MS + (missed + 1) * MINUTE_MS);
    await world.run(START + 7 * HOUR_MS + 5 * MINUTE_MS);
    const more = 124;
    await world.compact();
    const hours = (await baseHeaders(world)).map(({ spanStartMs, isComplete }) => [
      (spanStartMs - START) / HOUR_MS,
      isComplete,
    ]);
    expect(hours).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [3, true],
      [4, true],
      [7, false],
    ]);
    const result = await world.instant('increase(a_total[8h])', world.clock.nowMs());
    expect(result).toEqual({ 'job=shop': 5 * 60 + more });
  });

  test('completes the files of a shard that has fallen silent, in every tier, and then leaves it alone', async () => {
    const world = createRollupWorld();
    await world.run(START + 95 * MINUTE_MS, count(world));
    world.clock.set(START + 2 * HOUR_MS + 5 * MINUTE_MS);
    await world.compact();
    expect((await baseHeaders(world)).map(({ isComplete }) => isComplete)).toEqual([true, false]);
    expect(await listOpenShards(world.table)).toEqual([{ tenant: 'default', shard: 0 }]);
    world.clock.set(START + 2 * HOUR_MS + 10 * MINUTE_MS);
    await world.compact();
    expect((await baseHeaders(world)).map(({ isComplete }) => isComplete)).toEqual([true, true]);
    expect(await world.instant('increase(a_total[2h])', START + 2 * HOUR_MS)).toEqual({ 'job=shop': 95 });
    world.clock.set(START + 24 * HOUR_MS + 10 * MINUTE_MS);
    const { written } = await world.compact();
    expect(written.map(({ tier, isComplete }) => [tier, isComplete])).toEqual([
      ['5m', true],
      ['1h', true],
    ]);
    expect(await listOpenShards(world.table)).toEqual([]);
    expect(await world.compact()).toEqual({ written: [], isOvertaken: false });
  });

  test('loses nothing when snapshots expire before they were compacted', async () => {
    const world = createRollupWorld({ compactEveryMs: 0 });
    await world.run(START + 20 * MINUTE_MS, count(world));
    await world.compact();
    await world.run(START + 50 * MINUTE_MS, count(world));
    world.snapshots.expire(START + 45 * MINUTE_MS);
    await world.compact();
    const total = await world.instant('increase(c_total[1h])', START + 50 * MINUTE_MS);
    expect(total).toEqual({ 'job=shop': 5000 });
  });
});
