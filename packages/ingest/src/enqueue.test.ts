import { gzipSync } from 'node:zlib';
import { decodeEnvelope } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { expect, test } from 'vitest';
import { enqueueParts } from './enqueue.ts';
import type { PackedPart } from './pack-messages.ts';
import { createMemoryQueue } from './testing/memory-queue.ts';

const OPTIONS = { signal: 'traces', tenant: parseTenantId('acme'), receivedAtMs: 1234 } as const;

const partOf = (text: string, items: number): PackedPart => ({
  bytes: Buffer.from(text),
  gzip: gzipSync(text),
  items,
});
const PARTS = [partOf('first', 10), partOf('second', 5)];

test('each part becomes a message with the facts that consumers need', async () => {
  const queue = createMemoryQueue('traces');
  expect(await enqueueParts(queue, PARTS, OPTIONS)).toEqual({ status: 'ok', queued: 15, refused: 0 });
  const envelopes = queue.sent.map(decodeEnvelope);
  expect(envelopes).toMatchObject([
    { tenant: 'acme', signal: 'traces', items: 10, receivedAtMs: 1234 },
    { tenant: 'acme', signal: 'traces', items: 5, receivedAtMs: 1234 },
  ]);
  expect(envelopes[0]!.id).not.toBe(envelopes[1]!.id);
});

test('a resend has the same ids, also for equal parts of one request', async () => {
  const queue = createMemoryQueue('traces');
  const equal = [partOf('same', 1), partOf('same', 1)];
  await enqueueParts(queue, equal, OPTIONS);
  await enqueueParts(queue, equal, { ...OPTIONS, receivedAtMs: 9999 });
  const ids = queue.sent.map((message) => decodeEnvelope(message).id);
  expect(ids.slice(2)).toEqual(ids.slice(0, 2));
  expect(ids[0]).not.toBe(ids[1]);
});

test('one part that the queue could not take makes the whole request retryable', async () => {
  const queue = createMemoryQueue('traces');
  queue.onSend((_, index) => (index === 1 ? { status: 'retryable', reason: 'throttled' } : undefined));
  expect(await enqueueParts(queue, PARTS, OPTIONS)).toEqual({ status: 'retryable', reason: 'throttled' });
});

test('a queue that cannot be reached makes the request retryable, with the cause', async () => {
  const queue = createMemoryQueue('traces');
  queue.onSend(() => {
    throw new Error('no connection', { cause: new Error('ECONNRESET') });
  });
  expect(await enqueueParts(queue, PARTS, OPTIONS)).toEqual({
    status: 'retryable',
    reason: 'no connection: ECONNRESET',
  });
});

test('an answer that leaves a message out is no promise', async () => {
  const queue = { ...createMemoryQueue('traces'), send: async () => [] };
  expect(await enqueueParts(queue, PARTS, OPTIONS)).toMatchObject({ status: 'retryable' });
});

test('a part that the queue will never take is counted, the other is queued', async () => {
  const queue = createMemoryQueue('traces');
  queue.onSend((_, index) => (index === 0 ? { status: 'permanent', reason: 'too large' } : undefined));
  expect(await enqueueParts(queue, PARTS, OPTIONS)).toEqual({
    status: 'ok',
    queued: 5,
    refused: 10,
    reason: 'too large',
  });
});
