/**
 * The local event source mapping: polls a queue, calls the handler, deletes what is done. What Lambda
 * does for SQS in the cloud, with the same handlers.
 */
import { toDeadLetter } from '@sluice/core/envelope';
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import {
  type BatchHandler,
  type BatchOutcome,
  QUEUE_LIMITS,
  type Queue,
  type ReceivedMessage,
} from '@sluice/core/ports/queue';

export interface ConsumerOptions {
  readonly queue: Queue;
  readonly handler: BatchHandler;
  /** Where a message goes for which the handler still throws at its `maxReceiveCount`th receive. */
  readonly deadLetter: Queue;
  readonly maxReceiveCount?: number;
  /** Batches in work at the same time. */
  readonly concurrency: number;
  /** Messages that one call of the handler gets at most; may be more than one receive answers. */
  readonly batchSize: number;
  readonly visibilityTimeoutMs: number;
  /** From the start of a batch; must be well below the visibility timeout. */
  readonly softDeadlineMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Consumer {
  /**
   * Takes nothing more, lets running batches end, and resolves. After `drainMs` the handlers' signal is
   * aborted so that they hand back what they have not begun.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

const MAX_RECEIVE_COUNT = 5;
const LONG_POLL_MS = 20_000;
const DRAIN_MS = 3000;
/** After a fault of the queue itself. */
const PAUSE_AFTER_FAULT_MS = 1000;
/** A thrown handler is tried again after 1 s, 2 s, 4 s … up to this. */
const MAX_RETRY_MS = 60_000;

export function startConsumer(options: ConsumerOptions): Consumer {
  const { queue, concurrency, clock, logger } = options;
  const polling = new AbortController();
  const running = new AbortController();

  const runWorker = async (): Promise<void> => {
    while (!polling.signal.aborted) {
      try {
        const messages = await receiveBatch(options, polling.signal);
        if (messages.length > 0) await work(messages, options, running.signal);
      } catch (error) {
        logger.warn('queue consumer failed; it goes on', { queue: queue.name, error: describeError(error) });
        await clock.sleep(PAUSE_AFTER_FAULT_MS, polling.signal);
      }
    }
  };
  const workers = Promise.all(Array.from({ length: concurrency }, runWorker));

  return {
    async stop({ drainMs = DRAIN_MS } = {}) {
      polling.abort();
      const drained = new AbortController();
      void clock.sleep(drainMs, drained.signal).then(() => running.abort());
      await workers;
      drained.abort();
    },
  };
}

/** One long poll; when it comes back full there is a backlog, and the rest of the batch is taken at once. */
async function receiveBatch(
  { queue, batchSize, visibilityTimeoutMs }: ConsumerOptions,
  signal: AbortSignal,
): Promise<readonly ReceivedMessage[]> {
  const ask = (maxMessages: number, waitMs: number): Promise<readonly ReceivedMessage[]> =>
    queue.receive({ maxMessages, visibilityTimeoutMs, waitMs, signal });
  const first = await ask(Math.min(batchSize, QUEUE_LIMITS.maxBatch), LONG_POLL_MS);
  if (first.length < QUEUE_LIMITS.maxBatch || first.length >= batchSize) return first;
  const asks: Promise<readonly ReceivedMessage[]>[] = [];
  for (let left = batchSize - first.length; left > 0; left -= QUEUE_LIMITS.maxBatch) {
    asks.push(ask(Math.min(left, QUEUE_LIMITS.maxBatch), 0));
  }
  // A failed extra receive only makes the batch smaller: its messages come back by themselves.
  const rest = await Promise.allSettled(asks);
  return [...first, ...rest.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))];
}

async function work(
  messages: readonly ReceivedMessage[],
  options: ConsumerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { handler, clock, softDeadlineMs } = options;
  const context = { softDeadlineMs: clock.nowMs() + softDeadlineMs, signal };
  let outcome: BatchOutcome;
  try {
    outcome = await handler(messages, context);
  } catch (error) {
    if (messages.length === 1) return settleThrown(messages[0]!, error, options);
    // One poison message must not take its neighbours along: each is tried on its own.
    for (const message of messages) {
      if (clock.nowMs() >= context.softDeadlineMs || signal.aborted) return;
      await work([message], options, signal);
    }
    return;
  }
  await settle(messages, outcome, options.queue);
}

async function settle(
  messages: readonly ReceivedMessage[],
  outcome: BatchOutcome,
  queue: Queue,
): Promise<void> {
  const failures = new Map(outcome.failures.map((failure) => [failure.messageId, failure]));
  const done = messages.filter(({ messageId }) => !failures.has(messageId));
  await Promise.all([
    done.length === 0 ? undefined : queue.delete(done.map(({ receiptHandle }) => receiptHandle)),
    ...messages.map(({ messageId, receiptHandle }) => {
      const retryAfterMs = failures.get(messageId)?.retryAfterMs;
      return retryAfterMs === undefined
        ? undefined
        : queue.changeVisibility(receiptHandle, clampVisibility(retryAfterMs));
    }),
  ]);
}

async function settleThrown(
  message: ReceivedMessage,
  error: unknown,
  { queue, deadLetter, maxReceiveCount = MAX_RECEIVE_COUNT, clock, logger }: ConsumerOptions,
): Promise<void> {
  const { messageId, receiptHandle, receiveCount } = message;
  const fields = { queue: queue.name, messageId, receiveCount, error: describeError(error) };
  if (receiveCount < maxReceiveCount) {
    logger.warn('handler threw; the message is tried again', fields);
    const retryMs = Math.min(MAX_RETRY_MS, 1000 * 2 ** Math.min(16, receiveCount - 1));
    return queue.changeVisibility(receiptHandle, retryMs);
  }
  const reason = `handler threw ${receiveCount} times: ${describeError(error)}`;
  const dead = toDeadLetter(message, { reason, source: queue.name, atMs: clock.nowMs() });
  // Two messages of a FIFO queue may have one body; as dead letters, too, they are two.
  const identity = message.groupId === undefined ? {} : { deduplicationId: messageId };
  const [outcome] = await deadLetter.send([{ ...dead, ...identity }]);
  if (outcome?.status !== 'ok') throw new Error(`dead-letter queue ${deadLetter.name}: ${outcome?.reason}`);
  logger.error('message moved to the dead-letter queue', fields);
  await queue.delete([receiptHandle]);
}

function clampVisibility(timeoutMs: number): number {
  return Math.min(Math.max(0, timeoutMs), QUEUE_LIMITS.maxVisibilitySeconds * 1000);
}
