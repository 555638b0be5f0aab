import { type Logger, silentLogger } from '@sluice/core/logger';
import { ATTRIBUTE } from '@sluice/core/names';
import { systemClock } from '@sluice/core/ports/clock';
import type { BatchHandler, Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ConsumerOptions, startConsumer } from './consume.ts';
import { createEmbeddedQueue } from './embedded/queue.ts';
import { createFaultInjector } from './testing/fault-injector.ts';
import { createMemoryDatabase } from './testing/memory-database.ts';

function makeQueues(suffix = '') {
  const database = createMemoryDatabase();
  onTestFinished(() => database.close());
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database, name: `work${suffix}`, clock });
  const deadLetter = createEmbeddedQueue({ database, name: `work-dead${suffix}`, clock });
  const start = (handler: BatchHandler, options: Partial<ConsumerOptions> = {}) => {
    const consumer = startConsumer({
      queue,
      deadLetter,
      handler,
      concurrency: 1,
      batchSize: 10,
      visibilityTimeoutMs: 60_000,
      softDeadlineMs: 40_000,
      clock,
      logger: silentLogger,
      ...options,
    });
    onTestFinished(() => consumer.stop());
    return consumer;
  };
  return { queue, deadLetter, clock, start };
}

const messages = (...bodies: string[]) => bodies.map((body) => ({ body, attributes: {} }));
const bodiesOf = (batch: readonly ReceivedMessage[]) => batch.map(({ body }) => body);
const isEmpty = async (queue: Queue) => {
  const { visible, inFlight, delayed } = await queue.stats();
  return visible + inFlight + delayed === 0;
};
/** Time passes in steps, so that everything that a step wakes can run to its next wait. */
const passTimeUntil = async (clock: FakeClock, isDone: () => Promise<boolean>) => {
  for (let second = 0; second < 300; second++) {
    if (await isDone()) return;
    await clock.advance(1000);
  }
  expect(await isDone()).toBe(true);
};
const takeAll = (queue: Queue) => queue.receive({ maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 0 });

describe('a consumer', () => {
  test('deletes what is done and brings back what failed after its retry time', async () => {
    const { queue, clock, start } = makeQueues();
    const seen: string[] = [];
    start(async (batch) => {
      seen.push(...batch.map(({ body, receiveCount }) => `${body}${receiveCount}`));
      const failed = batch.filter(({ body, receiveCount }) => body === 'b' && receiveCount === 1);
      return { failures: failed.map(({ messageId }) => ({ messageId, retryAfterMs: 5000 })) };
    });
    await queue.send(messages('a', 'b'));
    await expect.poll(() => seen, { interval: 1 }).toEqual(['a1', 'b1']);
    await clock.advance(4900);
    expect(seen).toHaveLength(2);
    await clock.advance(101);
    await expect.poll(() => seen, { interval: 1 }).toEqual(['a1', 'b1', 'b2']);
    await expect.poll(() => isEmpty(queue), { interval: 1 }).toBe(true);
  });

  test('a failure without a retry time comes back when its visibility timeout ends', async () => {
    const { queue, clock, start } = makeQueues();
    let calls = 0;
    start(async ([message]) => {
      calls += 1;
      return { failures: calls === 1 ? [{ messageId: message!.messageId }] : [] };
    });
    await queue.send(messages('a'));
    await expect.poll(() => calls, { interval: 1 }).toBe(1);
    await clock.advance(59_000);
    expect(calls).toBe(1);
    await clock.advance(1500);
    await expect.poll(() => calls, { interval: 1 }).toBe(2);
  });

  test('a backlog comes in batches of up to the batch size, larger than one receive', async () => {
    const { queue, start } = makeQueues();
    await queue.send(messages(...Array.from({ length: 70 }, (_, n) => `m${n}`)));
    const sizes: number[] = [];
    start(
      async (batch) => {
        sizes.push(batch.length);
        return { failures: [] };
      },
      { batchSize: 35 },
    );
    await expect.poll(() => sizes, { interval: 1 }).toEqual([35, 35]);
  });

  test('works on as many batches at a time as it may', async () => {
    const { queue, start } = makeQueues();
    let running = 0;
    let most = 0;
    const release = Promise.withResolvers<void>();
    start(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await release.promise;
        running -= 1;
        return { failures: [] };
      },
      { batchSize: 1, concurrency: 3 },
    );
    await queue.send(messages('a', 'b', 'c', 'd', 'e'));
    await expect.poll(() => running, { interval: 1 }).toBe(3);
    release.resolve();
    await expect.poll(() => isEmpty(queue), { interval: 1 }).toBe(true);
    expect(most).toBe(3);
  });

  test('tells the handler its soft deadline', async () => {
    const { queue, clock, start } = makeQueues();
    const deadline = Promise.withResolvers<number>();
    start(async (_, { softDeadlineMs }) => {
      deadline.resolve(softDeadlineMs);
      return { failures: [] };
    });
    await queue.send(messages('a'));
    expect(await deadline.promise).toBe(clock.nowMs() + 40_000);
  });
});

describe('a handler that throws', () => {
  test('for one message of a batch does not hold up the others', async () => {
    const { queue, deadLetter, clock, start } = makeQueues();
    const done: string[] = [];
    start(
      async (batch) => {
        if (batch.some(({ body }) => body === 'poison')) throw new Error('cannot digest');
        done.push(...bodiesOf(batch));
        return { failures: [] };
      },
      { maxReceiveCount: 3 },
    );
    await queue.send(messages('a', 'poison', 'b'));
    await expect.poll(() => done, { interval: 1 }).toEqual(['a', 'b']);
    await passTimeUntil(clock, () => isEmpty(queue));
    const [dead] = await takeAll(deadLetter);
    expect(dead!.body).toBe('poison');
    expect(JSON.parse(dead!.attributes[ATTRIBUTE.dead]!)).toMatchObject({
      reason: 'handler threw 3 times: cannot digest',
      source: 'work',
    });
  });

  test('and then no longer leaves nothing in the dead-letter queue', async () => {
    const { queue, deadLetter, clock, start } = makeQueues();
    let calls = 0;
    start(async () => {
      calls += 1;
      if (calls < 4) throw new Error('not yet');
      return { failures: [] };
    });
    await queue.send(messages('a'));
    await passTimeUntil(clock, () => isEmpty(queue));
    expect(calls).toBe(4);
    expect(await isEmpty(deadLetter)).toBe(true);
  });

  test('keeps the group of a FIFO message on its way to the dead-letter queue, even of two with one body', async () => {
    const { queue, deadLetter, start } = makeQueues('.fifo');
    start(
      async () => {
        throw new Error('no');
      },
      { maxReceiveCount: 1 },
    );
    await queue.send([
      { body: 'same', attributes: {}, groupId: 'g', deduplicationId: '1' },
      { body: 'same', attributes: {}, groupId: 'g', deduplicationId: '2' },
    ]);
    await expect.poll(() => isEmpty(queue), { interval: 1 }).toBe(true);
    expect((await takeAll(deadLetter)).map(({ groupId }) => groupId)).toEqual(['g', 'g']);
  });

  test('does not lose its message when the dead-letter queue is away', async () => {
    const { queue, deadLetter, clock, start } = makeQueues();
    const faults = createFaultInjector({ seed: 1, rates: {}, clock });
    faults.setOutage(true);
    start(
      async () => {
        throw new Error('no');
      },
      { maxReceiveCount: 1, deadLetter: faults.wrapQueue(deadLetter) },
    );
    await queue.send(messages('a'));
    await clock.advance(200_000);
    expect(await isEmpty(queue)).toBe(false);
    faults.setOutage(false);
    await passTimeUntil(clock, () => isEmpty(queue));
    expect(await takeAll(deadLetter)).toHaveLength(1);
  });
});

describe('stopping', () => {
  test('waits for what is under way and takes nothing more', async () => {
    const { queue, start } = makeQueues();
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const consumer = start(
      async () => {
        begun.resolve();
        await release.promise;
        return { failures: [] };
      },
      { batchSize: 1 },
    );
    await queue.send(messages('a', 'b'));
    await begun.promise;
    const stopped = consumer.stop();
    release.resolve();
    await stopped;
    expect(await queue.stats()).toMatchObject({ visible: 1, inFlight: 0 });
  });

  test('aborts the handler after the drain time; what it hands back is kept', async () => {
    const { queue, clock, start } = makeQueues();
    const begun = Promise.withResolvers<void>();
    const consumer = start(async (batch, { signal }) => {
      begun.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { failures: batch.map(({ messageId }) => ({ messageId, retryAfterMs: 0 })) };
    });
    await queue.send(messages('a'));
    await begun.promise;
    const stopped = consumer.stop({ drainMs: 1000 });
    await clock.advance(1000);
    await stopped;
    expect(await queue.stats()).toMatchObject({ visible: 1, inFlight: 0 });
  });
});

test.each([1, 2, 3])(
  'under faults of the queue every message is handled and the queue ends empty (seed %d)',
  async (seed) => {
    const { queue, deadLetter, clock, start } = makeQueues();
    const rates = { failBefore: 0.2, failAfter: 0.2, duplicate: 0.2, reorder: 0.2, throttle: 0.1 };
    const faults = createFaultInjector({ seed, rates, clock });
    const handled = new Set<string>();
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
    start(
      async (batch) => {
        for (const { body } of batch) handled.add(body);
        return { failures: [] };
      },
      { queue: faults.wrapQueue(queue), logger },
    );
    const bodies = Array.from({ length: 60 }, (_, n) => `m${n}`);
    await queue.send(messages(...bodies));
    await passTimeUntil(clock, () => isEmpty(queue));
    expect([...handled].sort()).toEqual(bodies.sort());
    expect(await isEmpty(queue)).toBe(true);
    expect(await isEmpty(deadLetter)).toBe(true);
    expect(warnings.length).toBeGreaterThan(0);
    expect(faults.counts().failAfter).toBeGreaterThan(0);
  },
);

test('runs on the clock of the machine', async () => {
  const database = createMemoryDatabase();
  const queue = createEmbeddedQueue({ database, name: 'work', clock: systemClock });
  const handled = Promise.withResolvers<string>();
  const { start } = makeQueues();
  const consumer = start(
    async ([message]) => {
      handled.resolve(message!.body);
      return { failures: [] };
    },
    { queue, clock: systemClock },
  );
  await queue.send(messages('a'));
  expect(await handled.promise).toBe('a');
  await consumer.stop();
  await database.close();
});
