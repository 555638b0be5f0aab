/**
 * What rollups cost: processor time of compaction and of reading, read units of the queries that people
 * and rules ask, write units a month. Over the real reducer, with a thousand counters that each grow by a
 * random number a minute, which no codec can shorten.
 */
import type { Table } from '@sluice/core/ports/table';
import { type Bench, cpuMs, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { createRandom } from '@sluice/core/testing/random';
import { createCountingTable } from '@sluice/platform/counting-table';
import { createEngine } from '@sluice/promql/engine';
import { createMatcher } from '@sluice/promql/model/matcher';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { readFromReplicas } from '../read/read-from-replicas.ts';
import { createRollupSeriesReader } from '../read/rollup-series-reader.ts';
import { createReduceMemory } from '../reduce/reduce-memory.ts';
import { createSnapshotReader } from '../reduce/snapshot-store.ts';
import { createMetricsWorld, type MetricsWorld, TENANT } from '../testing/metrics-world.ts';
import { compactShard } from './compact-shard.ts';
import { DEFAULT_ROLLUP_SETTINGS as SETTINGS } from './rollup-settings.ts';

const SERIES = 1000;
const SLO_SERIES = 20;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** DynamoDB on demand, us-east-1, US dollars. */
const DOLLARS_PER_WRITE = 0.625 / 1e6;
const DOLLARS_PER_READ = 0.125 / 1e6;
const HOURS_PER_MONTH = 730;

export const bench: Bench = {
  name: 'rollup',
  async run() {
    return [...(await runDashboard()), ...(await runSlo())];
  },
};

/** 1,000 series over two hours and a bit, compacted every ten minutes. */
async function runDashboard(): Promise<readonly Figure[]> {
  const world = createMetricsWorld({ targetInfo: false });
  const random = createRandom(1);
  const memory = createReduceMemory();
  const counting = createCountingTable(world.table);
  const snapshots = createSnapshotReader(readFromReplicas(counting), {
    settings: world.settings,
    segments: memory.segments,
  });
  let compactMs = Number.POSITIVE_INFINITY;
  let secondHour = counting.counts();
  const startMs = world.clock.nowMs();
  for (let minute = 1; minute <= 130; minute++) {
    await world.send(requests(world.clock.nowMs(), SERIES, () => random.below(30)));
    await world.tick({ deps: { memory } });
    if (minute % 10 !== 1) continue;
    const job = { tenant: TENANT, shard: 0, nowMs: world.clock.nowMs() };
    const ms = await cpuMs(
      async () => void (await compactShard(job, { table: counting, snapshots, settings: SETTINGS })),
    );
    if (minute > 70) compactMs = Math.min(compactMs, ms);
    if (minute === 61) secondHour = counting.counts();
    if (minute === 121) break;
  }
  const after = counting.counts();
  const perHour =
    (after.writeUnits - secondHour.writeUnits) * DOLLARS_PER_WRITE +
    (after.readUnits - secondHour.readUnits) * DOLLARS_PER_READ;
  // As long after a compaction as can be.
  for (let minute = 122; minute <= 130; minute++) {
    await world.send(requests(world.clock.nowMs(), SERIES, () => random.below(30)));
    await world.tick({ deps: { memory } });
  }
  const endMs = world.clock.nowMs();
  const range = { startMs: endMs - HOUR_MS, endMs, stepMs: MINUTE_MS };
  const units = await readUnits(world, (reader) =>
    createEngine({ clock: world.clock }).range('sum by (status) (rate(http_requests_total[5m]))', {
      ...range,
      reader,
    }),
  );
  const reader = readerOf(world, world.table);
  let samples = 0;
  const select = async (): Promise<void> => {
    const { series } = await reader.select([createMatcher('__name__', '=', 'http_requests_total')], {
      startMs,
      endMs: startMs + 2 * HOUR_MS,
      stepMs: MINUTE_MS,
      rangeMs: 5 * MINUTE_MS,
      lookbackMs: 5 * MINUTE_MS,
      hints: { func: 'rate', grouping: [], by: false },
      limits: { maxSeries: 1e6, maxSamples: 1e9 },
    });
    samples = series.reduce((sum, { times }) => sum + times.length, 0);
  };
  const selectMs = await leastCpuMs(select);
  return [
    {
      name: 'compaction of 10 minutes, 1,000 series',
      value: compactMs,
      unit: 'cpu-ms',
      limit: { kind: 'at most', value: 100 },
    },
    {
      name: 'compaction a month, 10,000 series',
      value: perHour * HOURS_PER_MONTH * (10_000 / SERIES),
      unit: '$',
      limit: { kind: 'at most', value: 1.5 },
    },
    {
      name: 'read from decoded pages',
      value: samples / (selectMs / 1000) / 1e6,
      unit: 'M samples/s',
      limit: { kind: 'at least', value: 2 },
    },
    {
      name: 'sum by (status) (rate(x[5m])), 1,000 series x 1 h, nothing cached',
      value: units,
      unit: 'read units',
      limit: { kind: 'at most', value: 20 },
    },
  ];
}

/** A ratio of 20 series over 30 days, beside 20 other families; a tick every half hour suffices to fill the files. */
async function runSlo(): Promise<readonly Figure[]> {
  const world = createMetricsWorld({ targetInfo: false });
  const random = createRandom(2);
  const memory = createReduceMemory();
  const snapshots = createSnapshotReader(world.table, {
    settings: world.settings,
    segments: memory.segments,
  });
  const endMs = world.clock.nowMs() + 30 * DAY_MS + 7 * HOUR_MS + 50 * MINUTE_MS;
  const fineMs = endMs - 70 * MINUTE_MS;
  for (
    let nowMs = world.clock.nowMs();
    nowMs <= endMs;
    nowMs += nowMs < fineMs ? 30 * MINUTE_MS : MINUTE_MS
  ) {
    world.clock.set(nowMs);
    const families = nowMs < fineMs || nowMs % HOUR_MS === 0 ? 5 : 1;
    for (let other = 0; other < families; other++) {
      const name = other === 0 ? 'http.requests' : `other.${other}`;
      await world.send(requests(nowMs, SLO_SERIES, () => random.below(3000), name));
    }
    await world.reduce(nowMs, { deps: { memory } });
    if (nowMs % (30 * MINUTE_MS) === 0) {
      await compactShard(
        { tenant: TENANT, shard: 0, nowMs },
        { table: world.table, snapshots, settings: SETTINGS },
      );
    }
  }
  const timeMs = world.clock.nowMs();
  const ratio =
    'sum(increase(http_requests_total{status="500"}[30d])) / sum(increase(http_requests_total[30d]))';
  const units = await readUnits(world, (reader) =>
    createEngine({ clock: world.clock }).instant(ratio, { reader, timeMs }),
  );
  return [
    {
      name: 'ratio over 30 days, 20 series, nothing cached',
      value: units,
      unit: 'read units',
      limit: { kind: 'at most', value: 50 },
    },
  ];
}

function requests(nowMs: number, count: number, grow: () => number, name = 'http.requests') {
  const points = Array.from({ length: count }, (_, i) => ({
    timeMs: nowMs,
    startMs: nowMs - MINUTE_MS + 1,
    value: BigInt(grow()),
    attributes: { route: `/api/v1/resource/${i >> 2}`, status: ['200', '404', '500', '503'][i & 3]! },
  }));
  return {
    resource: { 'service.name': 'shop', 'service.instance.id': 'a' },
    metrics: [{ name, type: 'sum' as const, temporality: 1, isMonotonic: true, points }],
  };
}

function readerOf(world: MetricsWorld, table: Table): SeriesReader {
  const { clock, settings } = world;
  const snapshots = createSnapshotReader(readFromReplicas(table), { settings });
  return createRollupSeriesReader({ table, snapshots, clock, settings: SETTINGS, tenant: TENANT });
}

async function readUnits(
  world: MetricsWorld,
  ask: (reader: SeriesReader) => Promise<unknown>,
): Promise<number> {
  const counting = createCountingTable(world.table);
  await ask(readerOf(world, counting));
  return counting.counts().readUnits;
}
