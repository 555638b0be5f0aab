/**
 * Seeded faults around queues, tables and any asynchronous function: what networks, throttling and
 * redelivery do, repeatable by seed. Each wrapped operation draws from a stream of its own, so that
 * the order in which others are called does not change what happens to it.
 */
import type { Clock } from '@sluice/core/ports/clock';
import { systemClock } from '@sluice/core/ports/clock';
import type { Queue, ReceivedMessage, SendOutcome } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import { createRandom, type Random } from '@sluice/core/testing/random';

export const FAULTS = [
  /** The call throws and had no effect. */
  'failBefore',
  /** The call had its effect, but the caller sees a throw. */
  'failAfter',
  /** Refused for load: `send` refuses a part of its messages, everything else throws. */
  'throttle',
  /** The call is held up for up to `maxDelayMs`. */
  'delay',
  /** A received message comes once more, with its old receipt, even after it was deleted. Not in FIFO groups. */
  'duplicate',
  /** A received batch comes in another order. Not in FIFO groups. */
  'reorder',
] as const;
export type Fault = (typeof FAULTS)[number];
/** Probability of each fault per call, 0-1; unset is 0. */
export type FaultRates = Readonly<Partial<Record<Fault, number>>>;
export type FaultCounts = Readonly<Record<Fault | 'outage' | 'crash', number>>;

export interface FaultInjectorOptions {
  readonly seed: number;
  readonly rates: FaultRates;
  /** For delays; give the fake clock of the test, or none for real ones. */
  readonly clock?: Clock;
  readonly maxDelayMs?: number;
}

export interface FaultInjector {
  wrapQueue(queue: Queue): Queue;
  wrapTable(table: Table): Table;
  /** Any asynchronous function, such as fetch. `name` tells the streams of different functions apart. */
  wrap<A extends readonly unknown[], R>(
    name: string,
    call: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R>;
  /** While on, every call throws without effect. */
  setOutage(isOn: boolean): void;
  /** From now on; `{}` ends all random faults, to see that everything heals. */
  setRates(rates: FaultRates): void;
  /**
   * The process "dies" at the n-th call from now (1 = the next), before or after its effect: that call
   * and all later ones throw until `revive`. Walk n from 1 to try a crash between every two steps.
   */
  crashAt(call: number, when: 'before' | 'after'): void;
  revive(): void;
  /** Calls since the start, faults included. */
  calls(): number;
  /** How often each fault was injected. A test should assert that the ones it is about did happen. */
  counts(): FaultCounts;
}

export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

type Draw = Readonly<Record<Fault, boolean>> & { readonly random: Random };

const NO_COUNTS: FaultCounts = {
  failBefore: 0,
  failAfter: 0,
  throttle: 0,
  delay: 0,
  duplicate: 0,
  reorder: 0,
  outage: 0,
  crash: 0,
};

export function createFaultInjector(options: FaultInjectorOptions): FaultInjector {
  const { seed, clock = systemClock, maxDelayMs = 20 } = options;
  const counts = { ...NO_COUNTS };
  const streams = new Map<string, Random>();
  let rates = options.rates;
  let isOut = false;
  let calls = 0;
  let crash: { readonly call: number; readonly when: 'before' | 'after' } | undefined;

  const streamOf = (name: string): Random => {
    const known = streams.get(name) ?? createRandom(seed ^ hashText(name));
    streams.set(name, known);
    return known;
  };
  /** Always as many numbers, whatever the rates: changing one fault's rate leaves the others in place. */
  const draw = (name: string): Draw => {
    const random = streamOf(name);
    const hits = Object.fromEntries(FAULTS.map((fault) => [fault, random.chance(rates[fault] ?? 0)]));
    return { ...(hits as Record<Fault, boolean>), random };
  };
  const hit = (fault: keyof FaultCounts, name: string): InjectedFault => {
    counts[fault] += 1;
    return new InjectedFault(`${fault} in ${name}`);
  };
  /** The fate that every kind of call shares; `effect` is the call itself. */
  const run = async <R>(name: string, drawn: Draw, effect: () => Promise<R>): Promise<R> => {
    calls += 1;
    const call = calls;
    const delayMs = Math.ceil(drawn.random.next() * maxDelayMs);
    if (crash !== undefined && (call > crash.call || (call === crash.call && crash.when === 'before'))) {
      throw hit('crash', name);
    }
    if (isOut) throw hit('outage', name);
    if (drawn.delay) {
      counts.delay += 1;
      await clock.sleep(delayMs);
    }
    if (drawn.failBefore) throw hit('failBefore', name);
    const result = await effect();
    if (crash !== undefined && call >= crash.call) throw hit('crash', name);
    if (drawn.failAfter) throw hit('failAfter', name);
    return result;
  };
  const wrap =
    <A extends readonly unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      const drawn = draw(name);
      return run(name, drawn, () => {
        if (drawn.throttle) throw hit('throttle', name);
        return call(...args);
      });
    };

  return {
    wrap,
    wrapTable: (table) => ({
      get: wrap('table.get', table.get),
      put: wrap('table.put', table.put),
      delete: wrap('table.delete', table.delete),
      add: wrap('table.add', table.add),
      query: wrap('table.query', table.query),
    }),
    wrapQueue(queue) {
      const label = `queue ${queue.name}`;
      let again: readonly ReceivedMessage[] = [];
      return {
        name: queue.name,
        send(messages) {
          const drawn = draw(`${label}.send`);
          return run(`${label}.send`, drawn, async () => {
            if (!drawn.throttle) return queue.send(messages);
            counts.throttle += 1;
            const refused = messages.map(() => drawn.random.chance(0.5));
            const sent = await queue.send(messages.filter((_, index) => !refused[index]));
            return mergeOutcomes(refused, sent);
          });
        },
        receive(receiveOptions) {
          const drawn = draw(`${label}.receive`);
          return run(`${label}.receive`, drawn, async () => {
            if (drawn.throttle) throw hit('throttle', `${label}.receive`);
            if (again.length > 0) {
              const repeated = again;
              again = [];
              return repeated;
            }
            const received = await queue.receive(receiveOptions);
            if (received.length === 0 || received.some(({ groupId }) => groupId !== undefined))
              return received;
            if (drawn.duplicate) {
              counts.duplicate += 1;
              again = [drawn.random.pick(received)];
            }
            if (!drawn.reorder || received.length < 2) return received;
            counts.reorder += 1;
            return shuffle(received, drawn.random);
          });
        },
        delete: wrap(`${label}.delete`, queue.delete),
        changeVisibility: wrap(`${label}.changeVisibility`, queue.changeVisibility),
        stats: wrap(`${label}.stats`, queue.stats),
      };
    },
    setOutage(isOn) {
      isOut = isOn;
    },
    setRates(next) {
      rates = next;
    },
    crashAt(call, when) {
      crash = { call: calls + call, when };
    },
    revive() {
      crash = undefined;
    },
    calls: () => calls,
    counts: () => ({ ...counts }),
  };
}

function mergeOutcomes(refused: readonly boolean[], sent: readonly SendOutcome[]): readonly SendOutcome[] {
  let next = 0;
  return refused.map((isRefused) =>
    isRefused ? { status: 'retryable', reason: 'throttle (injected)' } : sent[next++]!,
  );
}

/** Fisher-Yates. */
function shuffle<T>(values: readonly T[], random: Random): readonly T[] {
  const shuffled = [...values];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return hash >>> 0;
}
