/**
 * A quarter of an hour of a pipeline in which everything goes wrong that can: the same for the same seed. Answers
 * the ledger of what sources counted and what readers of the snapshots would have seen.
 */

import type { Table } from '@sluice/core/ports/table';
import { createRandom, type Random } from '@sluice/core/testing/random';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { listActiveShards } from '../collect/active-shards.ts';
import { createCollectMemory } from '../collect/collect-memory.ts';
import { collectMetrics } from '../collect/collect-metrics.ts';
import { announceShards } from '../collect/shard-plan.ts';
import { createReduceMemory } from '../reduce/reduce-memory.ts';
import { reduceShard } from '../reduce/reduce-shard.ts';
import { createSnapshotReader } from '../reduce/snapshot-store.ts';
import { createFaultSource, type FaultSource, type Ledger } from './fault-sources.ts';
import {
  createMetricsWorld,
  type MetricMessage,
  type MetricsWorld,
  TENANT,
  WORLD_START_MS,
} from './metrics-world.ts';
import { countIncreases, type Increases } from './snapshot-increases.ts';

export interface FaultModelResult extends Increases {
  readonly ledger: Ledger;
  /** What happened, so that a test can see that it was put to the test. */
  readonly events: Readonly<Record<string, number>>;
}

const STEP_MS = 5_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const RATES = { failBefore: 0.02, failAfter: 0.02 };
const VISIBILITY_MS = 45_000;

interface Queued {
  readonly message: MetricMessage;
  visibleAtMs: number;
}

export async function runFaultModel(seed: number, { minutes = 16 } = {}): Promise<FaultModelResult> {
  const random = createRandom(seed);
  const world = createMetricsWorld({ shards: 1 + random.below(3), targetInfo: false });
  const { clock } = world;
  const ledger: Ledger = new Map();
  const events: Record<string, number> = {};
  const count = (event: string): void => {
    events[event] = (events[event] ?? 0) + 1;
  };
  const faults = createFaultInjector({ seed, rates: RATES, clock });
  const table = faults.wrapTable(world.table);
  const sources = createSources(random, ledger);
  const queue: Queued[] = [];
  const failures: unknown[] = [];
  let frozen: Frozen = [];
  let isCalm = false;
  const running = new Set<Launch>();
  let { settings } = world;
  const reshardAtMs = WORLD_START_MS + (1 + random.below(3)) * MINUTE_MS;
  const outageFromMs = WORLD_START_MS + (4 + random.below(8)) * MINUTE_MS;
  const outageUntilMs = outageFromMs + (1 + random.below(4)) * MINUTE_MS;
  const endMs = WORLD_START_MS + minutes * MINUTE_MS;
  const memories = { collect: [createCollectMemory(), createCollectMemory()], reduce: createReduceMemory() };

  const enqueue = async (source: FaultSource): Promise<void> => {
    const message = await world.message([source.request(clock.nowMs())]);
    const holdMs = random.chance(0.15) ? random.below(4 * MINUTE_MS) : random.below(4_000);
    queue.push({ message, visibleAtMs: clock.nowMs() + holdMs });
    if (!random.chance(0.12)) return;
    count('resent');
    const again = await resend(message, random.below(3 * MINUTE_MS), world);
    queue.push({ message: again, visibleAtMs: clock.nowMs() + random.below(8 * MINUTE_MS) });
  };

  const consume = (): void => {
    const visible = queue.filter(({ visibleAtMs }) => visibleAtMs <= clock.nowMs());
    if (visible.length === 0) return;
    const batch = Array.from({ length: Math.min(visible.length, 1 + random.below(8)) }, () =>
      random.pick(visible),
    );
    const own = [...new Set(batch)];
    for (const queued of own) queued.visibleAtMs = clock.nowMs() + VISIBILITY_MS;
    const copies = !isCalm && random.chance(0.1) ? 2 : 1;
    if (copies === 2) count('racing collectors');
    for (let copy = 0; copy < copies; copy++) {
      const isFrozen = !isCalm && random.chance(0.08);
      if (isFrozen) count('frozen collectors');
      const memory = random.chance(0.2) ? createCollectMemory() : random.pick(memories.collect);
      launch(async (launched) => {
        const target = isFrozen ? freezing(table, launched) : table;
        const outcomes = await collectMetrics(
          own.map(({ message }) => message),
          { table: target, clock, settings, memory },
        );
        if (!isCalm && random.chance(0.06)) return count('crashed before the acknowledgement');
        outcomes.forEach(({ status }, place) => {
          if (status === 'dead') throw new Error('no message of the model is dead');
          if (status === 'stored' && queue.includes(own[place]!)) queue.splice(queue.indexOf(own[place]!), 1);
        });
      });
    }
  };
  /** Its puts take minutes: with their effect at once, or only at the end. */
  const freezing = (target: Table, own: Launch): Table => ({
    ...target,
    async put(item, options) {
      if (isCalm) return target.put(item, options);
      const untilMs = clock.nowMs() + 20_000 + random.below(7 * MINUTE_MS);
      const wait = async (): Promise<void> => {
        own.parked += 1;
        await new Promise<void>((release) => {
          frozen = [...frozen, { untilMs, release }];
        });
        own.parked -= 1;
      };
      const isEffectFirst = random.chance(0.5);
      if (!isEffectFirst) await wait();
      const answer = await target.put(item, options);
      if (isEffectFirst) await wait();
      return answer;
    },
  });
  const launch = (work: (own: Launch) => Promise<void>): void => {
    const own = { parked: 0 };
    running.add(own);
    void work(own)
      .catch((error: unknown) => {
        if (error instanceof Error && error.name === 'InjectedFault') count('crashed on a fault');
        else failures.push(error);
      })
      .finally(() => running.delete(own));
  };

  const reduce = async (tickMs: number): Promise<void> => {
    const memory = random.chance(0.5) ? memories.reduce : createReduceMemory();
    const deps = { table, clock, settings, memory };
    for (const shard of await listActiveShards(world.table, { tickMs })) {
      try {
        const result = await reduceShard({ ...shard, tickMs }, deps);
        count(result.status === 'unchanged' ? `unchanged: ${result.reason}` : result.status);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'InjectedFault') throw error;
        count('crashed reducers');
      }
    }
  };
  const tick = async (tickMs: number): Promise<void> => {
    if (random.chance(0.12)) return count('skipped ticks');
    const ticks = [tickMs];
    if (random.chance(0.15)) ticks.push(tickMs);
    if (random.chance(0.15)) ticks.push(tickMs - MINUTE_MS);
    if (ticks.length > 1) count('overlapping ticks');
    await Promise.all(ticks.map(reduce));
  };

  for (let nowMs = WORLD_START_MS; nowMs < endMs; nowMs += STEP_MS) {
    clock.set(nowMs);
    for (const source of sources) {
      source.live(nowMs);
      if (random.chance(0.07)) await enqueue(source);
      if (random.chance(0.006)) {
        count('restarts');
        await enqueue(source);
        source.restart(nowMs);
      }
    }
    faults.setOutage(nowMs >= outageFromMs && nowMs < outageUntilMs);
    if (nowMs >= reshardAtMs && settings === world.settings) {
      settings = { ...settings, shards: settings.shards + 1 + random.below(2) };
      count(await announceShards(world.table, settings, { nowMs }));
    }
    frozen = thaw(frozen, nowMs);
    consume();
    await settle(running);
    if (nowMs % MINUTE_MS === 0) await tick(nowMs);
  }
  for (const source of sources) await enqueue(source);
  await drain();
  const { totals, falls, warnings } = await countIncreases(
    createSnapshotReader(world.table, { settings }),
    TENANT,
  );
  return { ledger, totals, falls, warnings, events };

  /** Everything heals: what waits is collected, and ticks go on for as long as reducers look back. */
  async function drain(): Promise<void> {
    faults.setOutage(false);
    faults.setRates({});
    isCalm = true;
    let nowMs = endMs;
    for (let left = 9 * MINUTE_MS; left > 0; left -= 20_000) {
      clock.set(nowMs);
      frozen = thaw(frozen, nowMs);
      while (queue.some(({ visibleAtMs }) => visibleAtMs <= clock.nowMs())) {
        consume();
        await settle(running);
      }
      if (nowMs % MINUTE_MS === 0) await reduce(nowMs);
      nowMs += 20_000;
    }
    if (failures.length > 0) throw failures[0];
    if (queue.length > 0 || running.size > 0) throw new Error('the model did not come to rest');
  }
}

function createSources(random: Random, ledger: Ledger): readonly FaultSource[] {
  const shapes = [
    { name: 'shop', temporality: 'delta', skewMs: 0 },
    { name: 'shop', temporality: 'delta', skewMs: 0 },
    { name: 'shop', temporality: 'delta', skewMs: DAY_MS },
    { name: 'cart', temporality: 'cumulative', skewMs: 0 },
    { name: 'cart', temporality: 'cumulative', skewMs: 0 },
    { name: 'cart', temporality: 'cumulative', skewMs: DAY_MS },
    { name: 'mail', temporality: 'cumulative', skewMs: -DAY_MS },
    { name: 'mail', temporality: 'cumulative', skewMs: 0 },
    { name: 'edge', temporality: 'delta', skewMs: -DAY_MS },
    { name: 'edge', temporality: 'delta', skewMs: 0 },
  ] as const;
  return shapes.map((shape, place) =>
    createFaultSource(
      { ...shape, instance: `i${place}`, random: createRandom(random.below(2 ** 31)), ledger },
      WORLD_START_MS,
    ),
  );
}

/** The client did not see the answer and sends the same bytes again: another arrival, the same id. */
async function resend(
  message: MetricMessage,
  delayMs: number,
  { clock }: MetricsWorld,
): Promise<MetricMessage> {
  const attributes = { ...message.attributes, received_at_ms: String(clock.nowMs() + delayMs) };
  return { ...message, messageId: `${message.messageId}-again`, attributes };
}

type Frozen = readonly { readonly untilMs: number; readonly release: () => void }[];

interface Launch {
  /** Puts that are frozen. */
  parked: number;
}

function thaw(frozen: Frozen, nowMs: number): Frozen {
  for (const { untilMs, release } of frozen) if (untilMs <= nowMs) release();
  return frozen.filter(({ untilMs }) => untilMs > nowMs);
}

/** Lets everything run that is not frozen. */
async function settle(running: ReadonlySet<Launch>): Promise<void> {
  while ([...running].some(({ parked }) => parked === 0)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
