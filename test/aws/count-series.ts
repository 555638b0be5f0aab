/**
 * What series ask for over time, tick by tick and by compaction, over a whole hour after a first one. The clock of
 * functions cannot be turned, so the rooms that they consist of run here, over a table that counts.
 */
import { createRemoteWriter } from '@sluice/backends/mimir/remote-writer';
import type { SeriesWork } from '@sluice/cli/cost/counted-work';
import { addWork, NO_WORK, type Work } from '@sluice/cli/cost/work';
import { createLogger } from '@sluice/core/logger';
import type { Item, Table } from '@sluice/core/ports/table';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createSnapshotPusher } from '@sluice/delivery/metrics/push-snapshot';
import { createCollectMemory } from '@sluice/metrics/collect/collect-memory';
import { collectMetrics } from '@sluice/metrics/collect/collect-metrics';
import { createMetricsSettings } from '@sluice/metrics/metrics-settings';
import { createReduceMemory } from '@sluice/metrics/reduce/reduce-memory';
import { reduceShard } from '@sluice/metrics/reduce/reduce-shard';
import { createSnapshotReader } from '@sluice/metrics/reduce/snapshot-store';
import { compactShard } from '@sluice/metrics/rollup/compact-shard';
import { DEFAULT_ROLLUP_SETTINGS } from '@sluice/metrics/rollup/rollup-settings';
import { createLoad, LOAD_START_MS, loadTickMs } from '@sluice/metrics/testing/load-messages';
import { createMapTable } from '@sluice/metrics/testing/map-table';
import { createCountingTable } from '@sluice/platform/counting-table';
import { itemBytes } from '@sluice/platform/table/item-rules';

const POINTS = 80;
/** As Prometheus counts a source of 80 points: of five metrics of 16 one is a gauge, and one a histogram of 17 series. */
const SERIES_A_SOURCE = 16 * 4 + 16 * 17;
const SOURCES = { few: 1, many: 5 };
const HOUR_TICKS = 60;
const COMPACT_EVERY_TICKS = 10;
const SHARD = { tenant: 'default', shard: 0 };

interface Hour {
  /** Of one tick. */
  readonly tick: Work;
  /** Of one compaction. */
  readonly compact: Work;
  /** Bytes times hours until they expire, of what one hour puts. */
  readonly storedByteHours: number;
}

export async function countSeries(): Promise<SeriesWork> {
  const few = await countHour(SOURCES.few);
  const many = await countHour(SOURCES.many);
  const firstSeries = SOURCES.few * SERIES_A_SOURCE;
  const between = (SOURCES.many - SOURCES.few) * SERIES_A_SOURCE;
  const slope = (a: Work, b: Work): Work => addWork([1 / between, b], [-1 / between, a]);
  return {
    firstSeries,
    tick: { first: few.tick, further: slope(few.tick, many.tick) },
    compact: { first: few.compact, further: slope(few.compact, many.compact) },
    storedBytes: {
      first: few.storedByteHours,
      further: (many.storedByteHours - few.storedByteHours) / between,
    },
  };
}

async function countHour(sources: number): Promise<Hour> {
  const clock = createFakeClock(LOAD_START_MS);
  const settings = createMetricsSettings({ targetInfo: false });
  const ledger = createByteLedger(createMapTable(), () => clock.nowMs());
  const collecting = {
    table: ledger.table,
    clock,
    settings,
    memory: createCollectMemory(),
  };
  const tickTable = createCountingTable(ledger.table);
  const compactTable = createCountingTable(ledger.table);
  const memory = createReduceMemory();
  const reader = (table: Table) => createSnapshotReader(table, { settings, segments: memory.segments });
  let sent = { bytes: 0, pushes: 0 };
  const writer = createRemoteWriter({
    url: 'http://mimir.invalid/api/v1/push',
    protocol: '1.0',
    clock,
    random: () => 0.5,
    fetch: async (_url, { body } = {}) => {
      sent = { bytes: sent.bytes + (body as Uint8Array).byteLength, pushes: sent.pushes + 1 };
      return new Response(null, { status: 204 });
    },
  });
  const pusher = createSnapshotPusher({
    writer,
    table: tickTable,
    snapshots: reader(tickTable),
    clock,
    selfMetrics: createSelfMetrics(),
    logger: createLogger({ level: 'error', write: () => {}, nowMs: clock.nowMs }),
  });
  const load = createLoad({ sources, points: POINTS, temporality: 'cumulative' });
  const cpu = { tick: 0, compact: 0 };
  const timed = async <T>(part: 'tick' | 'compact', job: () => Promise<T>): Promise<T> => {
    const before = process.cpuUsage();
    const done = await job();
    const { user, system } = process.cpuUsage(before);
    cpu[part] += (user + system) / 1000;
    return done;
  };

  async function play(tick: number): Promise<void> {
    for (const { atMs, messages } of await load(tick)) {
      clock.set(atMs);
      if (messages.length > 0) await collectMetrics(messages, collecting);
    }
    clock.set(loadTickMs(tick));
    await timed('tick', async () => {
      const deps = { table: tickTable, clock, settings, memory };
      const result = await reduceShard({ ...SHARD, tickMs: loadTickMs(tick) }, deps);
      if (result.status !== 'written') throw new Error(`the tick was not written: ${result.status}`);
      await pusher.push(result.snapshot, { signal: AbortSignal.timeout(60_000) });
    });
    if (tick % COMPACT_EVERY_TICKS !== 1) return;
    const job = { ...SHARD, nowMs: clock.nowMs() };
    const deps = { table: compactTable, snapshots: reader(compactTable), settings: DEFAULT_ROLLUP_SETTINGS };
    await timed('compact', () => compactShard(job, deps));
  }

  for (let tick = 1; tick <= HOUR_TICKS + 2; tick++) await play(tick);
  const before = { tick: tickTable.counts(), compact: compactTable.counts() };
  const sentBefore = sent;
  Object.assign(cpu, { tick: 0, compact: 0 });
  ledger.start();
  for (let tick = HOUR_TICKS + 3; tick <= 2 * HOUR_TICKS + 2; tick++) await play(tick);
  const unitsOf = (table: typeof tickTable, { reads, writes, readUnits, writeUnits }: TableCounts): Work => {
    const after = table.counts();
    return {
      ...NO_WORK,
      readUnits: after.readUnits - readUnits,
      writeUnits: after.writeUnits - writeUnits,
      tableCalls: after.reads + after.writes - reads - writes,
    };
  };
  const ticks: Work = {
    ...unitsOf(tickTable, before.tick),
    invocations: HOUR_TICKS,
    cpuMs: cpu.tick,
    sentBytes: sent.bytes - sentBefore.bytes,
    pushes: sent.pushes - sentBefore.pushes,
  };
  const compactions = HOUR_TICKS / COMPACT_EVERY_TICKS;
  // One invocation compacts all shards: it is counted with the schedule.
  const compacted: Work = { ...unitsOf(compactTable, before.compact), cpuMs: cpu.compact };
  return {
    tick: addWork([1 / HOUR_TICKS, ticks]),
    compact: addWork([1 / compactions, compacted]),
    storedByteHours: ledger.byteHours(),
  };
}

type TableCounts = ReturnType<ReturnType<typeof createCountingTable>['counts']>;

/** Adds up how long bytes stay: until they are replaced or deleted, else until they expire. */
function createByteLedger(table: Table, nowMs: () => number) {
  const kept = new Map<
    string,
    { readonly bytes: number; readonly sinceMs: number; readonly untilMs: number }
  >();
  let isOn = false;
  let byteMs = 0;
  const end = (item: Pick<Item, 'pk' | 'sk'>): void => {
    const key = `${item.pk}\n${item.sk}`;
    const old = kept.get(key);
    kept.delete(key);
    if (old !== undefined) byteMs += old.bytes * (Math.min(nowMs(), old.untilMs) - old.sinceMs);
  };
  const counted: Table = {
    ...table,
    async put(item, options) {
      const outcome = await table.put(item, options);
      if (outcome !== 'ok' || !isOn) return outcome;
      end(item);
      const untilMs = item.expiresAt === undefined ? nowMs() : item.expiresAt * 1000;
      kept.set(`${item.pk}\n${item.sk}`, { bytes: itemBytes(item), sinceMs: nowMs(), untilMs });
      return outcome;
    },
    async delete(key, options) {
      if (isOn) end(key);
      return table.delete(key, options);
    },
  };
  return {
    table: counted,
    start: () => {
      isOn = true;
    },
    byteHours(): number {
      const left = [...kept.values()].reduce(
        (sum, { bytes, sinceMs, untilMs }) => sum + bytes * (untilMs - sinceMs),
        0,
      );
      return (byteMs + left) / 3_600_000;
    },
  };
}
