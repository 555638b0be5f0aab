/** One tick over a thousand SLOs whose month is in memory, as a worker that lives on does it each minute. */
import { silentLogger } from '@sluice/core/logger';
import type { Table } from '@sluice/core/ports/table';
import { type Bench, cpuMs, neededMiB } from '@sluice/core/testing/bench';
import { toLabels } from '@sluice/promql/model/labels';
import { createMemoryReader } from '@sluice/promql/testing/memory-series';
import { runSloTick } from './ledger/run-slo-tick.ts';
import { createSlotStore } from './ledger/slot-store.ts';
import { createSloWorld, WORLD_START_MS } from './testing/slo-world.ts';

const SLOS = 1_000;
const MINUTE_MS = 60_000;
const START_MS = WORLD_START_MS + 30 * 86_400_000;

/** A minute's increase in each sample, for as long as late data reaches back. */
function series(status: string, value: number) {
  const times = Float64Array.from({ length: 60 }, (_, i) => START_MS + (i - 30) * MINUTE_MS);
  return {
    labels: toLabels({ __name__: 'requests_total', status }),
    times,
    values: times.map(() => value),
    startTimes: times.map((timeMs) => timeMs - MINUTE_MS + 1),
  };
}

export const bench: Bench = {
  name: 'slo: a tick over 1,000 SLOs',
  async run() {
    const world = createSloWorld();
    let reads = 0;
    let writes = 0;
    const table: Table = {
      ...world.table,
      get: (...args) => {
        reads += 1;
        return world.table.get(...args);
      },
      query: (...args) => {
        reads += 1;
        return world.table.query(...args);
      },
      put: (...args) => {
        writes += 1;
        return world.table.put(...args);
      },
    };
    const plans = Array.from({ length: SLOS }, (_, i) => ({
      ...world.plan,
      slo: { ...world.plan.slo, id: `slo-${i}` },
    }));
    const reader = createMemoryReader([series('200', 50), series('500', 1)]);
    const memory = new Map();
    const tick = async (minute: number): Promise<void> => {
      const deps = {
        ...world.depsAt(START_MS),
        reader,
        tenant: 'default',
        plans,
        store: createSlotStore(table, { tenant: 'default' }),
        memory,
        recorded: { record: async () => {} },
        updateIntervalMs: MINUTE_MS,
        version: '0',
        logger: silentLogger,
      };
      await runSloTick(deps, START_MS + minute * MINUTE_MS);
    };
    await tick(1);
    // As if the past, which is read three days at a time, had been read whole.
    const store = createSlotStore(table, { tenant: 'default' });
    for (const { slo } of plans) {
      const { head, version } = (await store.head(slo.id))!;
      await store.saveHead(slo.id, { ...head, fromMs: START_MS - 40 * 86_400_000 }, version);
    }
    await tick(2);
    [reads, writes] = [0, 0];
    const ms = await cpuMs(() => tick(3));
    const perSlo = { reads: reads / SLOS, writes: writes / SLOS };
    const memoryMiB = await neededMiB(() => tick(4));
    return [
      { name: 'CPU of a tick', value: ms / 1000, unit: 's', limit: { kind: 'at most', value: 10 } },
      { name: 'reads an SLO', value: perSlo.reads, unit: 'items', limit: { kind: 'at most', value: 2 } },
      { name: 'writes an SLO', value: perSlo.writes, unit: 'items', limit: { kind: 'at most', value: 3 } },
      {
        name: 'memory that a tick needs',
        value: memoryMiB,
        unit: 'MiB',
        limit: { kind: 'at most', value: 512 },
      },
    ];
  },
};
