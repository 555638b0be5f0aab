/** What every Queue adapter must do, as one suite: run it over each with `describeQueueContract`. */
import type { OutgoingMessage, Queue, ReceivedMessage, SendOutcome } from '@sluice/core/ports/queue';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';

export interface QueueHarness {
  /** A new, empty queue; with its dead-letter queue when `maxReceiveCount` is given. */
  makeQueue(options: { readonly fifo: boolean; readonly maxReceiveCount?: number }): Promise<QueuePair>;
  /** Lets time pass for the queue, without waiting. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
  /** What the thing behind the adapter cannot do, by capability, with the reason: those tests are skipped with it. */
  readonly lacks?: Readonly<Partial<Record<QueueCapability, string>>>;
}

export interface QueuePair {
  readonly queue: Queue;
  readonly deadLetter: Queue;
}

/** Parts of the contract that an emulator may lack. */
export type QueueCapability = 'age' | 'groupId' | 'deadLetterReason' | 'astral';

const MINUTE_MS = 60_000;
const HALF_MIB = 524_288;

export function describeQueueContract(name: string, makeHarness: () => Promise<QueueHarness>): void {
  describe(`queue contract: ${name}`, () => {
    let harness: QueueHarness;
    beforeAll(async () => {
      harness = await makeHarness();
    });
    afterAll(() => harness.close());
    const needs = (context: TestContext, capability: QueueCapability): void => {
      const reason = harness.lacks?.[capability];
      if (reason === undefined) return;
      console.info(`skipped, ${name}: ${reason}`);
      context.skip(reason);
    };
    const standard = async (): Promise<Queue> => (await harness.makeQueue({ fifo: false })).queue;
    const fifo = async (): Promise<Queue> => (await harness.makeQueue({ fifo: true })).queue;

    describe('standard', () => {
      test('a sent message is received as it was, then deleted for good', async () => {
        const queue = await standard();
        const sent = text('grüße\n\t"<&>', { tenant: 'a', items: '3' });
        const [outcome] = await queue.send([sent]);
        const [received] = await take(queue);
        expect(received).toMatchObject({ body: sent.body, attributes: sent.attributes, receiveCount: 1 });
        expect(outcome).toEqual({ status: 'ok', messageId: received!.messageId });
        await queue.delete([received!.receiptHandle]);
        await harness.advance(10 * MINUTE_MS);
        expect(await take(queue)).toEqual([]);
      });

      test('characters beyond the basic plane pass', async (context) => {
        needs(context, 'astral');
        const queue = await standard();
        await queue.send([text('😀', { face: '😀' })]);
        expect((await take(queue))[0]).toMatchObject({ body: '😀', attributes: { face: '😀' } });
      });

      test('a received message is hidden until its visibility timeout ends, then counted up', async () => {
        const queue = await standard();
        await queue.send([text('m')]);
        expect(await take(queue, { visibilityTimeoutMs: 30_000 })).toHaveLength(1);
        expect(await take(queue)).toEqual([]);
        await harness.advance(29_000);
        expect(await take(queue)).toEqual([]);
        await harness.advance(1001);
        expect((await take(queue))[0]).toMatchObject({ body: 'm', receiveCount: 2 });
      });

      test('changing visibility to 0 shows the message at once, to more hides it from now on', async () => {
        const queue = await standard();
        await queue.send([text('m')]);
        const [first] = await take(queue);
        await queue.changeVisibility(first!.receiptHandle, 0);
        const [second] = await take(queue, { visibilityTimeoutMs: 10_000 });
        expect(second).toMatchObject({ receiveCount: 2 });
        await queue.changeVisibility(second!.receiptHandle, 60_000);
        await harness.advance(30_000);
        expect(await take(queue)).toEqual([]);
        await harness.advance(30_001);
        expect(await take(queue)).toHaveLength(1);
      });

      test('a delayed message comes when its delay is over', async () => {
        const queue = await standard();
        await queue.send([text('later', {}, { delaySeconds: 60 }), text('now')]);
        expect(bodies(await drain(queue))).toEqual(['now']);
        await harness.advance(60_001);
        expect(bodies(await take(queue))).toEqual(['later']);
      });

      test('a receipt that is no longer valid is ignored', async () => {
        const queue = await standard();
        await queue.send([text('m')]);
        const [first] = await take(queue);
        await queue.delete([first!.receiptHandle]);
        await expect(queue.delete([first!.receiptHandle])).resolves.toBeUndefined();
        await expect(queue.changeVisibility(first!.receiptHandle, 0)).resolves.toBeUndefined();
        expect(await take(queue)).toEqual([]);
      });

      test('each of many messages has its own outcome, in order, however large they are together', async () => {
        const queue = await standard();
        const messages = Array.from({ length: 25 }, (_, index) =>
          text(`${index}:${'x'.repeat(index % 5 === 0 ? HALF_MIB - 100 : 10)}`),
        );
        const outcomes = await queue.send(messages);
        expect(outcomes.map(({ status }) => status)).toEqual(messages.map(() => 'ok'));
        expect(new Set(outcomes.map(idOf)).size).toBe(25);
        const received = await drain(queue);
        expect(bodies(received).sort()).toEqual(messages.map(({ body }) => body).sort());
      });

      test.each<[string, OutgoingMessage, RegExp]>([
        ['too large', text('x'.repeat(1_048_577)), /1048576/],
        ['too large with its attributes', text('x'.repeat(1_048_562), { name: 'value' }), /1048576/],
        ['empty', text(''), /empty/],
        ['with a control character', text('a\u0001b'), /characters/],
        ['with a lone surrogate', text('a\ud800b'), /characters/],
        ['with 11 attributes', text('m', numbered(11)), /11 attributes/],
        ['with an empty attribute', text('m', { a: '' }), /"a" is empty/],
        ['with a control character in an attribute', text('m', { a: '\u0002' }), /"a"/],
        ['with a reserved attribute name', text('m', { 'AWS.x': 'v' }), /AWS\.x/],
        ['delayed too long', text('m', {}, { delaySeconds: 901 }), /901/],
        ['with a group', text('m', {}, { groupId: 'g' }), /FIFO/],
      ])('a message that is %s is refused for good and the others pass', async (_, bad, reason) => {
        const queue = await standard();
        const outcomes = await queue.send([text('before'), bad, text('after')]);
        expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'permanent', 'ok']);
        expect(reasonOf(outcomes[1]!)).toMatch(reason);
        expect(bodies(await drain(queue)).sort()).toEqual(['after', 'before']);
      });

      test('the largest message and ten attributes pass', async () => {
        const queue = await standard();
        const outcomes = await queue.send([text('x'.repeat(1_048_576)), text('m', numbered(10))]);
        expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'ok']);
        expect((await drain(queue)).find(({ body }) => body === 'm')!.attributes).toEqual(numbered(10));
      });

      test('a receive that waits is woken by a send', async () => {
        const queue = await standard();
        const waiting = queue.receive({ maxMessages: 10, visibilityTimeoutMs: 30_000, waitMs: 20_000 });
        await queue.send([text('m')]);
        expect(bodies(await waiting)).toEqual(['m']);
      });

      test('a receive that waits ends when it is aborted', async () => {
        const queue = await standard();
        const stop = new AbortController();
        const waiting = queue.receive({
          maxMessages: 1,
          visibilityTimeoutMs: 30_000,
          waitMs: 20_000,
          signal: stop.signal,
        });
        setImmediate(() => stop.abort());
        expect(await waiting).toEqual([]);
      });

      test('a receive answers at most as many as asked for', async () => {
        const queue = await standard();
        await queue.send(Array.from({ length: 5 }, (_, index) => text(`m${index}`)));
        expect(await take(queue, { maxMessages: 2 })).toHaveLength(2);
      });

      test.each([
        { maxMessages: 0 },
        { maxMessages: 11 },
        { visibilityTimeoutMs: -1 },
        { visibilityTimeoutMs: 43_200_001 },
      ])('a receive outside the limits is refused: %o', async (wrong) => {
        const queue = await standard();
        await expect(take(queue, wrong)).rejects.toThrow(/is not from/);
      });

      test('stats count visible, hidden and delayed messages', async () => {
        const queue = await standard();
        await queue.send([text('a'), text('b'), text('c', {}, { delaySeconds: 600 })]);
        await take(queue, { maxMessages: 1 });
        expect(await queue.stats()).toMatchObject({ visible: 1, inFlight: 1, delayed: 1 });
      });

      test('stats of an empty queue tell that nothing waits', async () => {
        const queue = await standard();
        expect(await queue.stats()).toEqual({ visible: 0, inFlight: 0, delayed: 0, oldestAgeMs: 0 });
      });

      test('stats tell an age that is true, or none', async () => {
        const queue = await standard();
        await queue.send([text('a')]);
        await harness.advance(5000);
        expect([5000, undefined]).toContain((await queue.stats()).oldestAgeMs);
      });

      test('stats tell the age of the oldest message', async (context) => {
        needs(context, 'age');
        const queue = await standard();
        expect((await queue.stats()).oldestAgeMs).toBe(0);
        await queue.send([text('a')]);
        await harness.advance(5000);
        await queue.send([text('b')]);
        expect((await queue.stats()).oldestAgeMs).toBe(5000);
      });

      test('after too many receives a message goes to the dead-letter queue, body and attributes unchanged', async () => {
        const { queue, deadLetter } = await harness.makeQueue({ fifo: false, maxReceiveCount: 2 });
        await queue.send([text('poison', { tenant: 'a' })]);
        for (let round = 0; round < 2; round++) {
          expect(await take(queue, { visibilityTimeoutMs: 1000 })).toHaveLength(1);
          await harness.advance(1001);
        }
        expect(await take(queue)).toEqual([]);
        const [dead] = await take(deadLetter);
        expect(dead).toMatchObject({ body: 'poison', attributes: { tenant: 'a' } });
      });

      test('a dead letter carries the reason and where it came from', async (context) => {
        needs(context, 'deadLetterReason');
        const { queue, deadLetter } = await harness.makeQueue({ fifo: false, maxReceiveCount: 1 });
        await queue.send([text('poison')]);
        await take(queue, { visibilityTimeoutMs: 0 });
        await harness.advance(1);
        expect(await take(queue)).toEqual([]);
        const [dead] = await take(deadLetter);
        expect(JSON.parse(dead!.attributes.dead!)).toMatchObject({
          reason: expect.stringContaining('received'),
          source: queue.name,
        });
      });
    });

    describe('FIFO', () => {
      test('a group comes in the order of sending', async () => {
        const queue = await fifo();
        const sent = Array.from({ length: 12 }, (_, index) => text(`m${index}`, {}, { groupId: 'g' }));
        await queue.send(sent);
        expect(bodies(await drain(queue))).toEqual(sent.map(({ body }) => body));
      });

      test('a group gives nothing more while one of its messages is in flight; other groups go on', async () => {
        const queue = await fifo();
        await queue.send([grouped('a1', 'a'), grouped('a2', 'a'), grouped('b1', 'b')]);
        const first = await take(queue, { maxMessages: 1 });
        expect(bodies(first)).toEqual(['a1']);
        expect(bodies(await take(queue))).toEqual(['b1']);
        expect(await take(queue)).toEqual([]);
        await queue.delete(first.map(({ receiptHandle }) => receiptHandle));
        expect(bodies(await take(queue))).toEqual(['a2']);
      });

      test('a message that comes back keeps its place before later ones of its group', async () => {
        const queue = await fifo();
        await queue.send([grouped('a1', 'a'), grouped('a2', 'a')]);
        const [first] = await take(queue, { maxMessages: 1 });
        await queue.changeVisibility(first!.receiptHandle, 5000);
        expect(await take(queue)).toEqual([]);
        await harness.advance(5001);
        const [again] = await take(queue, { maxMessages: 1 });
        expect(again).toMatchObject({ body: 'a1', receiveCount: 2 });
      });

      test('the group of a received message is told', async (context) => {
        needs(context, 'groupId');
        const queue = await fifo();
        await queue.send([grouped('m', 'tenant-1')]);
        expect((await take(queue))[0]).toMatchObject({ groupId: 'tenant-1' });
      });

      test('a repeated deduplication id is answered ok and dropped for 5 minutes, also after the deletion', async () => {
        const queue = await fifo();
        const message = text('first', {}, { groupId: 'g', deduplicationId: 'd1' });
        const [first] = await queue.send([message]);
        const [second] = await queue.send([{ ...message, body: 'second' }]);
        expect(second).toEqual(first);
        expect(bodies(await drain(queue))).toEqual(['first']);
        await harness.advance(4 * MINUTE_MS);
        expect((await queue.send([message]))[0]).toMatchObject({ status: 'ok' });
        expect(await take(queue)).toEqual([]);
        await harness.advance(MINUTE_MS + 1);
        await queue.send([{ ...message, body: 'after the window' }]);
        expect(bodies(await take(queue))).toEqual(['after the window']);
      });

      test('without an id the body decides whether two messages are the same', async () => {
        const queue = await fifo();
        await queue.send([grouped('same', 'g'), grouped('same', 'g'), grouped('other', 'g')]);
        expect(bodies(await drain(queue))).toEqual(['same', 'other']);
      });

      test.each<[string, OutgoingMessage, RegExp]>([
        ['without a group', text('m'), /groupId/],
        ['with a delay', text('m', {}, { groupId: 'g', delaySeconds: 1 }), /delaySeconds/],
        ['with a group of 129 characters', grouped('m', 'g'.repeat(129)), /groupId/],
        [
          'with a blank in its deduplication id',
          text('m', {}, { groupId: 'g', deduplicationId: 'a b' }),
          /deduplicationId/,
        ],
      ])('a message %s is refused for good', async (_, bad, reason) => {
        const queue = await fifo();
        const [outcome] = await queue.send([bad]);
        expect(outcome!.status).toBe('permanent');
        expect(reasonOf(outcome!)).toMatch(reason);
      });

      test('a poison message leaves its group for the dead-letter queue and the group goes on', async () => {
        const { queue, deadLetter } = await harness.makeQueue({ fifo: true, maxReceiveCount: 1 });
        await queue.send([grouped('poison', 'g'), grouped('good', 'g')]);
        const [first] = await take(queue, { maxMessages: 1 });
        await queue.changeVisibility(first!.receiptHandle, 0);
        expect(bodies(await take(queue))).toEqual(['good']);
        expect(bodies(await take(deadLetter))).toEqual(['poison']);
      });
    });
  });
}

function text(
  body: string,
  attributes: Readonly<Record<string, string>> = {},
  options: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  return { body, attributes, ...options };
}

function grouped(body: string, groupId: string): OutgoingMessage {
  return text(body, {}, { groupId });
}

function numbered(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`name${index}`, `value ${index}`]));
}

function bodies(messages: readonly ReceivedMessage[]): string[] {
  return messages.map(({ body }) => body);
}

function idOf(outcome: SendOutcome): string | undefined {
  return outcome.status === 'ok' ? outcome.messageId : undefined;
}

function reasonOf(outcome: SendOutcome): string {
  return outcome.status === 'ok' ? '' : outcome.reason;
}

function take(
  queue: Queue,
  options: { readonly maxMessages?: number; readonly visibilityTimeoutMs?: number } = {},
): Promise<readonly ReceivedMessage[]> {
  return queue.receive({ maxMessages: 10, visibilityTimeoutMs: 30_000, waitMs: 0, ...options });
}

/** Receives and deletes until nothing comes any more. */
async function drain(queue: Queue): Promise<readonly ReceivedMessage[]> {
  const all: ReceivedMessage[] = [];
  for (;;) {
    const batch = await take(queue);
    if (batch.length === 0) return all;
    all.push(...batch);
    await queue.delete(batch.map(({ receiptHandle }) => receiptHandle));
  }
}
