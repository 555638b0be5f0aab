import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEmbeddedQueue } from '../embedded/queue.ts';
import { createEmbeddedTable } from '../embedded/table.ts';
import { createFaultInjector, type FaultRates, InjectedFault } from './fault-injector.ts';
import { createMemoryDatabase } from './memory-database.ts';

function make(rates: FaultRates, seed = 1) {
  const database = createMemoryDatabase();
  onTestFinished(() => database.close());
  const clock = createFakeClock();
  const faults = createFaultInjector({ seed, rates, clock, maxDelayMs: 1000 });
  const queue = createEmbeddedQueue({ database, name: 'work', clock });
  const fifo = createEmbeddedQueue({ database, name: 'work.fifo', clock });
  const table = createEmbeddedTable({ database, name: 't', clock });
  return {
    clock,
    faults,
    queue,
    table,
    wrapped: faults.wrapQueue(queue),
    wrappedFifo: faults.wrapQueue(fifo),
    wrappedTable: faults.wrapTable(table),
  };
}

const now = { maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 0 };
const message = (body: string) => ({ body, attributes: {} });
const three = ['a', 'b', 'c'].map(message);

test('the same seed injects the same faults, another seed others', async () => {
  const run = async (seed: number): Promise<string> => {
    const faults = createFaultInjector({ seed, rates: { failBefore: 0.3, failAfter: 0.3 } });
    const call = faults.wrap('call', async () => 'ok');
    const results = await Promise.allSettled(Array.from({ length: 50 }, call));
    return results
      .map((result) => (result.status === 'fulfilled' ? '.' : String(result.reason.message)))
      .join();
  };
  expect(await run(1)).toBe(await run(1));
  expect(await run(1)).not.toBe(await run(2));
});

test('what happens to one operation does not depend on calls of others', async () => {
  const run = async (others: number): Promise<readonly string[]> => {
    const faults = createFaultInjector({ seed: 3, rates: { failBefore: 0.5 } });
    const watched = faults.wrap('watched', async () => 'ok');
    const other = faults.wrap('other', async () => 'ok');
    const seen: string[] = [];
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < others; j++) await other().catch(() => {});
      seen.push(await watched().catch(() => 'fault'));
    }
    return seen;
  };
  expect(await run(0)).toEqual(await run(3));
});

describe('of a queue', () => {
  test('failBefore has no effect, failAfter has, and both are thrown and counted', async () => {
    const { faults, queue, wrapped } = make({ failBefore: 1 });
    await expect(wrapped.send(three)).rejects.toThrow(InjectedFault);
    expect(await queue.stats()).toMatchObject({ visible: 0 });
    faults.setRates({ failAfter: 1 });
    await expect(wrapped.send(three)).rejects.toThrow('failAfter in queue work.send');
    expect(await queue.stats()).toMatchObject({ visible: 3 });
    expect(faults.counts()).toMatchObject({ failBefore: 1, failAfter: 1 });
  });

  test('throttle refuses a part of what is sent, and says which', async () => {
    const { queue, wrapped } = make({ throttle: 1 });
    const outcomes = await wrapped.send(Array.from({ length: 40 }, (_, n) => message(`m${n}`)));
    const sent = outcomes.filter(({ status }) => status === 'ok').length;
    expect(outcomes.filter(({ status }) => status === 'retryable')).toHaveLength(40 - sent);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(40);
    expect(await queue.stats()).toMatchObject({ visible: sent });
    await expect(wrapped.receive(now)).rejects.toThrow('throttle');
  });

  test('duplicate delivers a message once more, even when it was deleted', async () => {
    const { faults, wrapped } = make({ duplicate: 1 });
    await wrapped.send([message('a')]);
    const first = await wrapped.receive(now);
    await wrapped.delete([first[0]!.receiptHandle]);
    expect(await wrapped.receive(now)).toEqual(first);
    expect(await wrapped.receive(now)).toEqual([]);
    expect(faults.counts().duplicate).toBe(1);
  });

  test('reorder loses nothing', async () => {
    const { faults, wrapped } = make({ reorder: 1 });
    const bodies = Array.from({ length: 10 }, (_, n) => `m${n}`);
    await wrapped.send(bodies.map(message));
    const received = (await wrapped.receive(now)).map(({ body }) => body);
    expect(received).not.toEqual(bodies);
    expect(received.toSorted()).toEqual(bodies);
    expect(faults.counts().reorder).toBe(1);
  });

  test('FIFO groups are neither reordered nor repeated', async () => {
    const { faults, wrappedFifo } = make({ reorder: 1, duplicate: 1 });
    await wrappedFifo.send(three.map((own) => ({ ...own, groupId: 'g' })));
    expect((await wrappedFifo.receive(now)).map(({ body }) => body)).toEqual(['a', 'b', 'c']);
    expect(await wrappedFifo.receive(now)).toEqual([]);
    expect(faults.counts()).toMatchObject({ reorder: 0, duplicate: 0 });
  });
});

test('delay holds a call up by the clock', async () => {
  const { clock, faults, wrappedTable } = make({ delay: 1 });
  let isDone = false;
  const put = wrappedTable.put({ pk: 'p', sk: 's' }).then(() => {
    isDone = true;
  });
  await clock.advance(0);
  expect(isDone).toBe(false);
  await clock.advance(1000);
  await put;
  expect(faults.counts().delay).toBe(1);
});

test('an outage stops everything until it ends', async () => {
  const { faults, table, wrapped, wrappedTable } = make({});
  faults.setOutage(true);
  await expect(wrapped.stats()).rejects.toThrow(/outage/);
  await expect(wrappedTable.put({ pk: 'p', sk: 's' })).rejects.toThrow(/outage/);
  expect(await table.get({ pk: 'p', sk: 's' })).toBeUndefined();
  faults.setOutage(false);
  expect(await wrappedTable.put({ pk: 'p', sk: 's' })).toBe('ok');
  expect(faults.counts().outage).toBe(2);
});

test.each([
  ['before', 1],
  ['after', 2],
] as const)(
  'a crash %s the second call: %d calls have had an effect, all later ones throw',
  async (when, effects) => {
    const { faults, table, wrappedTable } = make({});
    faults.crashAt(2, when);
    const puts = ['1', '2', '3'].map((sk) => () => wrappedTable.put({ pk: 'p', sk }));
    const results: string[] = [];
    for (const put of puts) results.push(await put().catch(() => 'crash'));
    expect(results).toEqual(['ok', 'crash', 'crash']);
    expect((await table.query({ pk: 'p' })).items).toHaveLength(effects);
    faults.revive();
    expect(await puts[2]!()).toBe('ok');
    expect(faults.calls()).toBe(4);
  },
);

test('with all rates at 0 nothing is changed', async () => {
  const { faults, wrapped } = make({});
  await wrapped.send(three);
  const received = await wrapped.receive(now);
  expect(received.map(({ body }) => body)).toEqual(['a', 'b', 'c']);
  await wrapped.changeVisibility(received[0]!.receiptHandle, 0);
  await wrapped.delete(received.slice(1).map(({ receiptHandle }) => receiptHandle));
  expect(await wrapped.stats()).toMatchObject({ visible: 1, inFlight: 0 });
  expect(Object.values(faults.counts()).every((count) => count === 0)).toBe(true);
});
