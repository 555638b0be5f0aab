import { decodeRetry, encodeEnvelope, toDeadLetter } from '@sluice/core/envelope';
import { ATTRIBUTE } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { dropDeadLetters, listDeadLetters, redriveDeadLetters } from './dead-letters.ts';
import { makeEnvelope } from './testing/delivery-world.ts';

const DEAD = { reason: 'Tempo answered 400', source: 'traces', atMs: 1_000 };

async function createQueues(count: number) {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database, name: 'traces', clock });
  const deadLetter = createEmbeddedQueue({ database, name: 'traces-dead', clock });
  const envelopes = Array.from({ length: count }, (_, index) =>
    makeEnvelope({ seed: index + 1, items: 1, tenant: index % 2 === 0 ? 'even' : 'odd' }),
  );
  await deadLetter.send(
    envelopes.map((envelope, index) =>
      toDeadLetter(encodeEnvelope(envelope, { sink: 'tempo', attempt: 7, firstSeenMs: 5 }), {
        ...DEAD,
        reason: `${DEAD.reason} (${index})`,
      }),
    ),
  );
  return { queue, deadLetter, envelopes, clock };
}

const visible = async (queue: Queue): Promise<number> => (await queue.stats()).visible;

test('listing shows everything, with its reason, and leaves it there', async () => {
  const { deadLetter, envelopes } = await createQueues(25);
  const dead = await listDeadLetters(deadLetter);
  expect(dead.map(({ id }) => id)).toEqual(envelopes.map(({ id }) => id));
  expect(dead[3]).toMatchObject({
    reason: 'Tempo answered 400 (3)',
    source: 'traces',
    deadAtMs: 1_000,
    sink: 'tempo',
  });
  expect(await visible(deadLetter)).toBe(25);
});

test.each([
  ['ids by their beginning', { ids: ['ID4'] }, 1],
  ['tenant', { tenant: 'odd' }, 12],
  ['destination', { sink: 'loki' }, 0],
  ['text of the reason', { reason: 'TEMPO answered 400 (1' }, 11],
])('a filter selects by %s', async (_, filter, count) => {
  const { deadLetter, envelopes } = await createQueues(25);
  const ids = 'ids' in filter ? { ids: [envelopes[4]!.id.slice(0, 12)] } : {};
  const dead = await listDeadLetters(deadLetter, { filter: { ...filter, ...ids } });
  expect(dead).toHaveLength(count);
  expect(await visible(deadLetter)).toBe(25);
});

test('a limit ends the pass', async () => {
  const { deadLetter } = await createQueues(25);
  expect(await listDeadLetters(deadLetter, { limit: 12 })).toHaveLength(12);
});

test('what is no envelope is listed by the id of the queue', async () => {
  const { deadLetter } = await createQueues(0);
  await deadLetter.send([{ body: 'junk', attributes: {} }]);
  const [dead] = await listDeadLetters(deadLetter);
  expect(dead).toMatchObject({ reason: 'not recorded', source: 'not recorded', id: dead!.message.messageId });
  expect(dead!.facts).toBeUndefined();
});

test('redriving sends messages back as they came, from the first attempt on', async () => {
  const { queue, deadLetter } = await createQueues(25);
  const progress: number[] = [];
  const result = await redriveDeadLetters(deadLetter, {
    target: queue,
    filter: { tenant: 'even' },
    onProgress: (matched) => progress.push(matched),
  });
  expect(result).toEqual({ done: 13, kept: 12, failed: [] });
  expect(progress.at(-1)).toBe(13);
  expect([await visible(queue), await visible(deadLetter)]).toEqual([13, 12]);
  const [message] = await queue.receive({ maxMessages: 1, visibilityTimeoutMs: 0, waitMs: 0 });
  expect(message!.attributes[ATTRIBUTE.dead]).toBeUndefined();
  expect(decodeRetry(message!.attributes)).toEqual({
    sink: 'tempo',
    attempt: 0,
    firstSeenMs: 5,
    refusals: 0,
  });
});

test('a message that the queue does not take stays a dead letter', async () => {
  const { queue, deadLetter } = await createQueues(3);
  const picky: Queue = {
    ...queue,
    send: async (messages) =>
      (await queue.send(messages.slice(0, 2))).concat({ status: 'retryable', reason: 'throttled' }),
  };
  const result = await redriveDeadLetters(deadLetter, { target: picky });
  expect(result).toMatchObject({ done: 2, kept: 1, failed: [{ reason: 'throttled' }] });
  expect([await visible(queue), await visible(deadLetter)]).toEqual([2, 1]);
});

test('a redrive that dies between sending and deleting loses nothing', async () => {
  const { queue, deadLetter, clock } = await createQueues(5);
  const dying: Queue = {
    ...deadLetter,
    delete: () => Promise.reject(new Error('killed')),
    changeVisibility: () => Promise.reject(new Error('killed')),
  };
  await expect(redriveDeadLetters(dying, { target: queue })).rejects.toThrow('killed');
  expect(await visible(queue)).toBe(5);
  clock.set(clock.nowMs() + 5 * 60_000);
  expect(await redriveDeadLetters(deadLetter, { target: queue })).toMatchObject({ done: 5 });
  expect([await visible(queue), await visible(deadLetter)]).toEqual([10, 0]);
});

test('redriving a FIFO queue keeps groups, and repeats are dropped by the queue', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database, name: 'audit.fifo', clock });
  const deadLetter = createEmbeddedQueue({ database, name: 'audit-dead.fifo', clock });
  await deadLetter.send([{ body: 'event', attributes: {}, groupId: 'acme', deduplicationId: 'x' }]);
  expect(await redriveDeadLetters(deadLetter, { target: queue })).toMatchObject({ done: 1 });
  const [message] = await queue.receive({ maxMessages: 1, visibilityTimeoutMs: 0, waitMs: 0 });
  expect(message).toMatchObject({ body: 'event', groupId: 'acme' });
});

test('dropping deletes what matches and nothing else', async () => {
  const { deadLetter } = await createQueues(5);
  expect(await dropDeadLetters(deadLetter, { filter: { reason: '(2)' } })).toEqual({
    done: 1,
    kept: 4,
    failed: [],
  });
  expect(await listDeadLetters(deadLetter)).toHaveLength(4);
});

test('an aborted pass stops between two batches and shows everything again', async () => {
  const { deadLetter } = await createQueues(25);
  const stop = new AbortController();
  await dropDeadLetters(deadLetter, { signal: stop.signal, onProgress: () => stop.abort() });
  expect(await visible(deadLetter)).toBe(15);
});
