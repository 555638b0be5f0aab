import { createRandom } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import {
  createRollupWorld,
  HOUR_MS,
  MINUTE_MS,
  type RollupWorld,
  WORLD_START_MS as START,
} from '../testing/rollup-world.ts';

/** What was counted, by series and tick. */
function createLedger(): {
  note(series: string, tickMs: number, increase: number): void;
  between(series: string, fromMs: number, untilMs: number): number;
} {
  const rows: { series: string; tickMs: number; increase: number }[] = [];
  return {
    note: (series, tickMs, increase) => void rows.push({ series, tickMs, increase }),
    between: (series, fromMs, untilMs) =>
      rows
        .filter((row) => row.series === series && row.tickMs > fromMs && row.tickMs <= untilMs)
        .reduce((sum, { increase }) => sum + increase, 0),
  };
}

describe('increases equal the ledger', () => {
  const routes = ['a', 'b', 'c', 'd', 'e'];

  /** Counters that come, rest, restart and go, over a day and a half. */
  async function liveADay(
    seed: number,
  ): Promise<{ world: RollupWorld; ledger: ReturnType<typeof createLedger> }> {
    const world = createRollupWorld({ compactEveryMs: 20 * MINUTE_MS });
    const ledger = createLedger();
    const random = createRandom(seed);
    const bornAt = new Map(routes.map((route) => [route, START + random.below(5 * 60) * MINUTE_MS]));
    bornAt.set('a', START);
    await world.run(START + 31 * HOUR_MS + 7 * MINUTE_MS, (tickMs) => {
      for (const route of routes) {
        if (tickMs <= bornAt.get(route)! || random.chance(0.3)) continue;
        // Rests for longer than series are published.
        if (route === 'e' && Math.floor(tickMs / HOUR_MS) % 5 !== 0) continue;
        const labels = { __name__: 'hits_total', job: 'shop', route };
        if (route === 'c' && random.chance(0.02)) world.builder.restart(labels);
        const increase = random.below(1000);
        world.builder.count(labels, increase);
        ledger.note(route, tickMs, increase);
      }
    });
    return { world, ledger };
  }

  test.each([1, 2])(
    'over windows along slots, across hours, tiers and the open hour (seed %i)',
    async (seed) => {
      const { world, ledger } = await liveADay(seed);
      const nowMs = world.clock.nowMs();
      const ranges = [
        [5, 'm'],
        [7, 'm'],
        [1, 'h'],
        [3, 'h'],
        [90, 'm'],
        [24, 'h'],
        [30, 'h'],
      ] as const;
      for (const [count, unit] of ranges) {
        const rangeMs = count * (unit === 'h' ? HOUR_MS : MINUTE_MS);
        for (const timeMs of [nowMs, nowMs - 4 * MINUTE_MS, nowMs - 17 * MINUTE_MS, nowMs - 67 * MINUTE_MS]) {
          const result = await world.instant(`increase(hits_total[${count}${unit}])`, timeMs);
          for (const route of routes) {
            const expected = ledger.between(route, timeMs - rangeMs, timeMs);
            expect([count, unit, timeMs - START, route, result[`job=shop,route=${route}`] ?? 0]).toEqual([
              count,
              unit,
              timeMs - START,
              route,
              expected,
            ]);
          }
        }
      }
    },
  );

  test('in range queries along hours, from the coarse tier', async () => {
    const { world, ledger } = await liveADay(4);
    const startMs = START + 6 * HOUR_MS;
    const endMs = START + 30 * HOUR_MS;
    const { value } = await world.engine.range('sum(increase(hits_total[6h]))', {
      reader: world.reader,
      startMs,
      endMs,
      stepMs: HOUR_MS,
    });
    if (value.type !== 'matrix') throw new TypeError(value.type);
    const [sum] = value.series;
    const expected = Array.from({ length: 25 }, (_, hour) => {
      const timeMs = startMs + hour * HOUR_MS;
      return routes.reduce((total, route) => total + ledger.between(route, timeMs - 6 * HOUR_MS, timeMs), 0);
    });
    expect([...sum!.values]).toEqual(expected);
  });
});

test('what comes right after a question in vain is found by the next', async () => {
  const world = createRollupWorld({ tickMs: 10_000, compactEveryMs: 10_000 });
  expect(await world.instant('hits_total', START)).toEqual({});
  await world.run(START + 10_000, () => world.builder.count({ __name__: 'hits_total', job: 'shop' }, 3));
  expect(Object.values(await world.instant('hits_total', START + 10_000))).toEqual([3]);
});
