import type { BatchHandler, ReceivedMessage } from '@sluice/core/ports/queue';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { expect, test } from 'vitest';
import { createEmbeddedQueue } from '../embedded/queue.ts';
import { createFaultInjector } from '../testing/fault-injector.ts';
import { createMemoryDatabase } from '../testing/memory-database.ts';
import { type SqsEvent, toLambdaHandler } from './event-source.ts';

const context = { getRemainingTimeInMillis: () => 10_000 };

/** Messages of a real queue in the shape in which Lambda hands them over. */
async function receiveAsEvent(bodies: readonly string[]) {
  const clock = createFakeClock();
  const database = createMemoryDatabase();
  const queue = createEmbeddedQueue({ database, name: 'work', clock });
  await queue.send(bodies.map((body) => ({ body, attributes: { tenant: 't' } })));
  const received = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 0 });
  return { queue, clock, event: { Records: received.map(toRecord) } satisfies SqsEvent };
}

function toRecord({ messageId, receiptHandle, body, attributes, receiveCount, sentAtMs }: ReceivedMessage) {
  return {
    messageId,
    receiptHandle,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAtMs),
      MessageGroupId: 'g',
    },
    messageAttributes: {
      ...Object.fromEntries(Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue }])),
      binary: {},
    },
  };
}

test('records become messages, and the context tells 80 % of the time left', async () => {
  const { queue, event, clock } = await receiveAsEvent(['a']);
  const seen: unknown[] = [];
  const handler: BatchHandler = async (messages, { softDeadlineMs, signal }) => {
    seen.push(...messages, softDeadlineMs - clock.nowMs(), signal.aborted);
    return { failures: [] };
  };
  const answer = await toLambdaHandler(handler, { queue, nowMs: clock.nowMs })(event, context);
  expect(answer).toEqual({ batchItemFailures: [] });
  expect(seen).toEqual([
    {
      messageId: event.Records[0]!.messageId,
      receiptHandle: event.Records[0]!.receiptHandle,
      body: 'a',
      attributes: { tenant: 't' },
      receiveCount: 1,
      sentAtMs: clock.nowMs(),
      groupId: 'g',
    },
    8000,
    false,
  ]);
});

test('failures are named in the answer and hidden for their retry time', async () => {
  const { queue, event, clock } = await receiveAsEvent(['a', 'b']);
  const handler: BatchHandler = async ([a, b]) => ({
    failures: [
      { messageId: a!.messageId, retryAfterMs: 300_000 },
      { messageId: b!.messageId },
      { messageId: 'stranger', retryAfterMs: 1 },
    ],
  });
  const answer = await toLambdaHandler(handler, { queue })(event, context);
  const ids = event.Records.map(({ messageId }) => messageId);
  expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([...ids, 'stranger']);
  await clock.advance(60_000);
  expect(await queue.stats()).toMatchObject({ visible: 1, inFlight: 1 });
  await clock.advance(240_000);
  expect(await queue.stats()).toMatchObject({ visible: 2, inFlight: 0 });
});

test('when hiding fails the message still counts as failed', async () => {
  const { queue, event, clock } = await receiveAsEvent(['a']);
  const faults = createFaultInjector({ seed: 1, rates: { failBefore: 1 }, clock });
  const handler: BatchHandler = async ([a]) => ({ failures: [{ messageId: a!.messageId, retryAfterMs: 5 }] });
  const answer = await toLambdaHandler(handler, { queue: faults.wrapQueue(queue) })(event, context);
  expect(answer.batchItemFailures).toHaveLength(1);
  expect(faults.counts().failBefore).toBe(1);
});

test('a handler that throws fails the invocation', async () => {
  const { queue, event } = await receiveAsEvent(['a']);
  const handler = toLambdaHandler(() => Promise.reject(new Error('broken')), { queue });
  await expect(handler(event, context)).rejects.toThrow('broken');
});
