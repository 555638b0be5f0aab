/** The promise of ingest under faults: what was answered 200 is on the queue, whole, whatever the queue does. */
import { gzipSync } from 'node:zlib';
import { decodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createRandom } from '@sluice/core/testing/random';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { createFaultInjector } from '@sluice/platform/testing/fault-injector';
import { describe, expect, test } from 'vitest';
import { createIngestApp } from './ingest-app.ts';
import { packMessages } from './pack-messages.ts';
import { createMemoryQueue } from './testing/memory-queue.ts';
import { makeNoisyTraceRequest } from './testing/noisy-requests.ts';

const TENANT = parseTenantId('default');
const NOW_MS = Date.UTC(2026, 0, 1);

describe.each([1, 2, 3, 4, 5])('with seed %d', (seed) => {
  test('every request answered 200 is whole on the queue, and every other one is told to come again', async () => {
    const clock = createFakeClock(NOW_MS);
    const queue = createMemoryQueue('traces');
    const faults = createFaultInjector({
      seed,
      rates: { failBefore: 0.2, failAfter: 0.2, throttle: 0.2 },
      clock,
    });
    const app = createIngestApp({
      queues: { traces: faults.wrapQueue(queue), logs: queue, metrics: queue },
      clock,
      selfMetrics: createSelfMetrics(),
      logger: silentLogger,
    });
    const random = createRandom(seed);
    const accepted: Uint8Array[] = [];
    for (let i = 0; i < 120; i++) {
      const raw = makeTraceRequest({ spans: 1 + random.below(30), seed: i, nowMs: NOW_MS });
      const zipped = random.chance(0.5);
      const response = await app.request('/v1/traces', {
        method: 'POST',
        headers: {
          'content-type': 'application/x-protobuf',
          'content-encoding': zipped ? 'gzip' : 'identity',
        },
        body: (zipped ? gzipSync(raw) : raw) as Uint8Array<ArrayBuffer>,
      });
      if (response.status === 200) accepted.push(raw);
      else {
        expect(response.status).toBe(503);
        expect(response.headers.get('retry-after')).toMatch(/^[1-5]$/);
      }
    }
    const queued = new Set(queue.sent.map((message) => decodeEnvelope(message).id));
    const missing = accepted.filter((raw) => !queued.has(messageIdOf(TENANT, 'traces', raw)));
    expect(missing).toEqual([]);
    const { failBefore, failAfter, throttle } = faults.counts();
    expect(Math.min(failBefore, failAfter, throttle, accepted.length)).toBeGreaterThan(0);
  });
});

test('a request of several messages is sent again until all are queued, each under the same id', async () => {
  const queue = createMemoryQueue('traces');
  const raw = makeNoisyTraceRequest({ spans: 60, nameBytes: 50_000 });
  const { parts } = await packMessages('traces', raw, { items: 60 });
  expect(parts.length).toBeGreaterThan(2);
  let refusals = 0;
  // Each attempt loses one more of its messages, until one loses none.
  queue.onSend((_, index) =>
    index === refusals && refusals < parts.length ? { status: 'retryable', reason: 'throttled' } : undefined,
  );
  const app = createIngestApp({
    queues: { traces: queue, logs: queue, metrics: queue },
    clock: createFakeClock(NOW_MS),
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
  });
  const post = async (): Promise<number> => {
    const response = await app.request('/v1/traces', {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
      body: gzipSync(raw),
    });
    return response.status;
  };
  while ((await post()) === 503) refusals += 1;
  expect(refusals).toBe(parts.length);
  const expected = parts.map(({ bytes }, part) => messageIdOf(TENANT, 'traces', bytes, part));
  expect(new Set(queue.sent.map((message) => decodeEnvelope(message).id))).toEqual(new Set(expected));
});
