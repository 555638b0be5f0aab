/**
 * One queue, its dead-letter queue and the handler between them in simulated time: what a consumer loop
 * does, one batch at a time, so that a test can stop it, crash it and look between any two steps.
 */
import { gzipSync } from 'node:zlib';
import { type Envelope, encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { type Logger, silentLogger } from '@sluice/core/logger';
import { deadLetterName, QUEUE } from '@sluice/core/names';
import type { BatchContext, BatchHandler, BatchOutcome, Queue } from '@sluice/core/ports/queue';
import type { Sink } from '@sluice/core/ports/sink';
import { createSelfMetrics, type SelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import { createRandom } from '@sluice/core/testing/random';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createDeliverHandler } from '../deliver-handler.ts';

export interface DeliveryWorld {
  readonly clock: FakeClock;
  readonly queue: Queue;
  readonly deadLetter: Queue;
  readonly selfMetrics: SelfMetrics;
  /** As after a restart: nothing is remembered. */
  makeHandler(overrides?: Partial<Parameters<typeof createDeliverHandler>[0]>): BatchHandler;
  /** One receive, handled and acknowledged. `undefined` when nothing was visible. */
  step(handler: BatchHandler, options?: StepOptions): Promise<BatchOutcome | undefined>;
  /** Steps, moving the clock on whenever nothing is visible, until the queue is empty or `maxMs` are over. */
  run(handler: BatchHandler, options: { readonly maxMs: number }): Promise<void>;
}

export interface StepOptions {
  readonly context?: Partial<BatchContext>;
  /** Used for the receive and the acknowledgement instead of the world's own. */
  readonly queue?: Queue;
}

const VISIBILITY_MS = 60_000;
const IDLE_STEP_MS = 5_000;

export function createDeliveryWorld({
  sinks,
  signal = 'traces',
  logger = silentLogger,
}: {
  readonly sinks: readonly Sink[];
  readonly signal?: 'traces' | 'logs';
  readonly logger?: Logger;
}): DeliveryWorld {
  const clock = createFakeClock();
  const database = createMemoryDatabase();
  const deadLetter = createEmbeddedQueue({ database, name: deadLetterName(QUEUE[signal]), clock });
  const queue = createEmbeddedQueue({
    database,
    name: QUEUE[signal],
    clock,
    maxReceiveCount: 1000,
    deadLetter: deadLetter.name,
  });
  const selfMetrics = createSelfMetrics();
  const { next: random } = createRandom(1);

  const step: DeliveryWorld['step'] = async (handler, { context, queue: own = queue } = {}) => {
    const messages = await own.receive({ maxMessages: 10, visibilityTimeoutMs: VISIBILITY_MS, waitMs: 0 });
    if (messages.length === 0) return undefined;
    const outcome = await handler(messages, {
      softDeadlineMs: clock.nowMs() + VISIBILITY_MS,
      signal: new AbortController().signal,
      ...context,
    });
    const failures = new Map(outcome.failures.map((failure) => [failure.messageId, failure]));
    await own.delete(
      messages.filter(({ messageId }) => !failures.has(messageId)).map(({ receiptHandle }) => receiptHandle),
    );
    for (const { messageId, receiptHandle } of messages) {
      const retryAfterMs = failures.get(messageId)?.retryAfterMs;
      if (retryAfterMs !== undefined) await own.changeVisibility(receiptHandle, retryAfterMs);
    }
    return outcome;
  };

  return {
    clock,
    queue,
    deadLetter,
    selfMetrics,
    makeHandler: (overrides = {}) =>
      createDeliverHandler({
        signal,
        sinks,
        queue,
        deadLetter,
        clock,
        random,
        selfMetrics,
        logger,
        ...overrides,
      }),
    step,
    async run(handler, { maxMs }) {
      const endMs = clock.nowMs() + maxMs;
      while (clock.nowMs() < endMs) {
        if ((await step(handler)) !== undefined) continue;
        const { visible, inFlight, delayed } = await queue.stats();
        if (visible + inFlight + delayed === 0) return;
        clock.set(clock.nowMs() + IDLE_STEP_MS);
      }
    },
  };
}

export interface MadeEnvelope {
  readonly seed: number;
  readonly signal?: 'traces' | 'logs';
  /** Spans or log records. */
  readonly items?: number;
  readonly spansPerTrace?: number;
  /** Time of the newest item. */
  readonly nowMs?: number;
  readonly tenant?: string;
  readonly receivedAtMs?: number;
}

/** A message as ingest puts it on the queue. Different seeds share no item. */
export function makeEnvelope({
  seed,
  signal = 'traces',
  items = 3,
  tenant = 'default',
  receivedAtMs = 0,
  ...shape
}: MadeEnvelope): Envelope {
  const raw =
    signal === 'traces'
      ? makeTraceRequest({ ...shape, spans: items, seed })
      : makeLogRequest({ ...shape, records: items, seed });
  const owner = parseTenantId(tenant);
  return {
    id: messageIdOf(owner, signal, raw),
    signal,
    tenant: owner,
    items,
    receivedAtMs,
    gzip: gzipSync(raw, { level: 1 }),
  };
}

export async function sendEnvelopes(queue: Queue, envelopes: readonly Envelope[]): Promise<void> {
  const outcomes = await queue.send(envelopes.map((envelope) => encodeEnvelope(envelope)));
  for (const outcome of outcomes) if (outcome.status !== 'ok') throw new Error(outcome.reason);
}
