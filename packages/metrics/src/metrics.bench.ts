/**
 * CPU of collecting and reducing, and what both cost on DynamoDB, from counted calls: prices of us-east-1,
 * on demand, since November 2024.
 */

import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { deflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import type { Table } from '@sluice/core/ports/table';
import { type Bench, cpuMs, type Figure } from '@sluice/core/testing/bench';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createCountingTable } from '@sluice/platform/counting-table';
import { createCollectMemory } from './collect/collect-memory.ts';
import { collectMetrics } from './collect/collect-metrics.ts';
import { createMetricsSettings } from './metrics-settings.ts';
import { createReduceMemory } from './reduce/reduce-memory.ts';
import { reduceShard } from './reduce/reduce-shard.ts';
import { encodeMetrics, type RequestSpec } from './testing/encode-metrics.ts';
import { createLoadSource, type LoadShape } from './testing/load-source.ts';
import { createMapTable } from './testing/map-table.ts';
import type { MetricMessage } from './testing/metrics-world.ts';

const TENANT = parseTenantId('default');
const START_MS = Date.UTC(2026, 0, 1, 12);
const TICK_MS = 60_000;
const TICKS_A_MONTH = 43_800;
const DOLLARS_A_WRITE_UNIT = 0.625e-6;
const DOLLARS_A_READ_UNIT = 0.125e-6;
/** Batches of five seconds. */
const BATCHES_A_TICK = 12;

interface Scene extends LoadShape {
  readonly sources: number;
  readonly warmTicks: number;
  readonly ticks: number;
  /** Every message of a process of its own, so many a minute. */
  readonly isOneShot?: boolean;
}

export const bench: Bench = {
  name: 'metrics: collect and reduce',
  async run() {
    const figures: Figure[] = [];
    for (const temporality of ['delta', 'cumulative'] as const) {
      for (const points of [80, 320]) {
        const scene = { sources: 100, points, temporality, warmTicks: points === 80 ? 12 : 5, ticks: 6 };
        const { pointsPerCore } = await play(scene);
        figures.push({
          name: `collect + reduce, ${temporality}, posts of ${points}`,
          value: pointsPerCore,
          unit: 'points/s/core',
          limit: { kind: 'at least', value: 200_000 },
        });
      }
    }
    for (const temporality of ['delta', 'cumulative'] as const) {
      for (const sources of [1, 10, 1000]) {
        for (const points of [80, 320]) {
          const long = sources < 1000;
          const scene = { sources, points, temporality, warmTicks: long ? 62 : 2, ticks: long ? 10 : 1 };
          figures.push(...billFigures(scene, await play(scene)));
        }
      }
    }
    const oneShot = {
      sources: 3000,
      points: 8,
      temporality: 'delta',
      warmTicks: 4,
      ticks: 3,
      isOneShot: true,
    } as const;
    const { dollarsAMonth } = await play(oneShot);
    figures.push({
      name: 'DynamoDB, 50 one-shot processes a second, 8 points each',
      value: dollarsAMonth,
      unit: '$ a month',
      limit: { kind: 'at most', value: 60 },
    });
    return figures;
  },
};

interface Outcome {
  readonly pointsPerCore: number;
  readonly series: number;
  readonly dollarsAMonth: number;
  readonly writeDollarsPerMillion: number;
}

/** The part that grows with points is the blocks', the rest goes by series; a shard alone costs a base. */
function billFigures({ sources, points, temporality }: Scene, outcome: Outcome): readonly Figure[] {
  const name = `DynamoDB, ${sources} ${temporality} sources, posts of ${points}`;
  const millions = (sources * points * TICKS_A_MONTH) / 1e6;
  const allowed = 0.01 * millions + (5 * outcome.series) / 10_000;
  return [
    {
      name: `${name}: blocks`,
      value: outcome.writeDollarsPerMillion,
      unit: '$ per million points',
      limit: { kind: 'at most', value: 0.01 },
    },
    {
      name: `${name}: all (${outcome.series} series)`,
      value: outcome.dollarsAMonth,
      unit: '$ a month',
      limit: { kind: 'at most', value: allowed + BASE_DOLLARS },
    },
  ];
}

/** Of one busy shard with next to nothing in it: an object, a head and a block a minute, and looking for more. */
const BASE_DOLLARS = 0.15;

async function play(scene: Scene): Promise<Outcome> {
  const clock = createFakeClock(START_MS);
  const settings = createMetricsSettings({ targetInfo: false });
  const blocks = createCountingTable(createMapTable());
  const objects = createCountingTable(blocks);
  const collectDeps = { table: blocks as Table, clock, settings, memory: createCollectMemory() };
  const reduceDeps = { table: objects as Table, clock, settings, memory: createReduceMemory() };
  const makeSource = (number: number) => createLoadSource(number, scene, START_MS);
  let sources = Array.from({ length: scene.sources }, (_, number) => makeSource(number));
  let cpu = 0;
  let series = 0;
  let before = { all: blocks.counts(), reduce: objects.counts() };
  for (let tick = 1; tick <= scene.warmTicks + scene.ticks; tick++) {
    if (tick === scene.warmTicks + 1) before = { all: blocks.counts(), reduce: objects.counts() };
    const isMeasured = tick > scene.warmTicks;
    const tickMs = START_MS + tick * TICK_MS;
    if (scene.isOneShot === true)
      sources = sources.map((_, place) => makeSource(tick * scene.sources + place));
    for (let batch = 0; batch < BATCHES_A_TICK; batch++) {
      clock.set(tickMs - TICK_MS + (batch * TICK_MS) / BATCHES_A_TICK + 1000);
      const own = sources.filter((_, place) => place % BATCHES_A_TICK === batch);
      const messages = await Promise.all(
        own.map((source) => toMessage(source(clock.nowMs()), clock.nowMs())),
      );
      const ms = await cpuMs(async () => {
        for (let at = 0; at < messages.length; at += 100)
          await collect(messages.slice(at, at + 100), collectDeps);
      });
      if (isMeasured) cpu += ms;
    }
    clock.set(tickMs);
    const ms = await cpuMs(async () => {
      const result = await reduceShard({ tenant: TENANT, shard: 0, tickMs }, reduceDeps);
      if (result.status !== 'written') throw new Error(`the tick was not written: ${result.status}`);
      series = result.snapshot.series.length;
    });
    if (isMeasured) cpu += ms;
  }
  const all = {
    write: blocks.counts().writeUnits - before.all.writeUnits,
    read: blocks.counts().readUnits - before.all.readUnits,
  };
  const reduceWrites = objects.counts().writeUnits - before.reduce.writeUnits;
  const points = scene.sources * scene.points * scene.ticks;
  const dollars = all.write * DOLLARS_A_WRITE_UNIT + all.read * DOLLARS_A_READ_UNIT;
  return {
    pointsPerCore: points / (cpu / 1000),
    series,
    dollarsAMonth: (dollars / scene.ticks) * TICKS_A_MONTH,
    writeDollarsPerMillion: ((all.write - reduceWrites) * DOLLARS_A_WRITE_UNIT) / (points / 1e6),
  };
}

async function collect(
  messages: readonly MetricMessage[],
  deps: Parameters<typeof collectMetrics>[1],
): Promise<void> {
  for (const { status } of await collectMetrics(messages, deps)) {
    if (status !== 'stored') throw new Error(`a message of the bench is ${status}`);
  }
}

async function toMessage(request: RequestSpec, receivedAtMs: number): Promise<MetricMessage> {
  const raw = encodeMetrics(request);
  const id = messageIdOf(TENANT, 'metrics', raw);
  const gzip = await deflateGzip(raw);
  const envelope = { id, signal: 'metrics', tenant: TENANT, items: 1, receivedAtMs, gzip } as const;
  return { messageId: id, ...encodeEnvelope(envelope) };
}
