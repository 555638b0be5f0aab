/**
 * The consumer of the traces and the logs queue: opens each message, gets it into every sink, and
 * acknowledges it once all of them have it or it is safely filed elsewhere. A destination that is down
 * keeps its data waiting in the queue; only what no retry can cure goes to the dead-letter queue.
 */
import { backoffMs } from '@sluice/core/backoff';
import { decodeEnvelope, decodeRetry } from '@sluice/core/envelope';
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC, type Signal } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { BatchContext, BatchHandler, Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import type { Sink } from '@sluice/core/ports/sink';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { createDestination, type Destination } from './destination.ts';
import { createPoisonWatch } from './poison-watch.ts';
import { pushUnits } from './push-units.ts';
import { settleBatch, type Unreadable } from './settle-batch.ts';
import { type Job, toJob, toUnit, type UnitResult } from './unit.ts';

export interface DeliverHandlerOptions {
  readonly signal: Signal;
  readonly sinks: readonly Sink[];
  /** The queue that is consumed: messages go round again on it for one failed sink. */
  readonly queue: Queue;
  readonly deadLetter: Queue;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
  /**
   * What must be safe before a message is pushed anywhere; answers the ids of messages for which it is
   * not: they are not pushed in this round. Not called for messages that go round again for one sink.
   */
  readonly beforePush?: BeforePush;
}

export type BeforePush = (jobs: readonly Job[]) => Promise<ReadonlySet<string>>;

/** First wait and longest wait between tries. A destination that is back is noticed within the latter. */
const BACKOFF = { baseMs: 5_000, capMs: 15 * 60_000 };
/** A destination may ask for more patience than the back-off has, but not for days. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Throws on one message, while others get through, before it is given up. */
const MAX_STRIKES = 5;

export function createDeliverHandler(options: DeliverHandlerOptions): BatchHandler {
  const { signal, queue, deadLetter, clock, random, selfMetrics, logger, beforePush } = options;
  if (options.sinks.length === 0) throw new RangeError(`${signal} need at least one destination`);
  const destinations = options.sinks.map((sink) =>
    createDestination(sink, { signal, clock, selfMetrics, logger }),
  );
  const poison = createPoisonWatch({ maxStrikes: MAX_STRIKES });
  const retries = selfMetrics.counter(METRIC.deliveryRetries, 'Messages that wait to be tried again.');
  const deadLetters = selfMetrics.counter(METRIC.deadLetters, 'Messages given up, by cause.');
  const delayMs = (attempt: number, retryAfterMs = 0): number =>
    Math.max(backoffMs(attempt, { ...BACKOFF, random }), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));

  async function deliverTo(
    destination: Destination,
    jobs: readonly Job[],
    { signal: abort, softDeadlineMs }: BatchContext,
  ): Promise<readonly UnitResult[]> {
    const isLate = (): boolean => clock.nowMs() >= softDeadlineMs;
    const perTenant = [...byTenant(jobs)].map(([tenant, own]) =>
      pushUnits(tenant, own.map(toUnit), { signal, destination, poison, abort, isLate }),
    );
    return (await Promise.all(perTenant)).flat();
  }

  return async (messages, context) => {
    const all: Job[] = [];
    const unreadable: Unreadable[] = [];
    for (const message of messages) {
      const opened = open(message, { signal, destinations });
      if ('reason' in opened) unreadable.push(opened);
      else all.push(opened);
    }
    const fresh = all.filter(({ retry }) => retry === undefined);
    const held = beforePush === undefined || fresh.length === 0 ? new Set<string>() : await beforePush(fresh);
    const jobs = all.filter(({ message }) => !held.has(message.messageId));
    const delivered = await Promise.all(
      destinations.map((destination) =>
        deliverTo(
          destination,
          jobs.filter(({ retry }) => retry === undefined || retry.sink === destination.sink.name),
          context,
        ),
      ),
    );
    const results = new Map<Job, UnitResult[]>(jobs.map((job) => [job, []]));
    for (const result of delivered.flat()) results.get(result.unit.job)!.push(result);

    const outcome = await settleBatch(unreadable, results, { queue, deadLetter, clock, logger, delayMs });
    const unsettled = new Set(outcome.failures.map(({ messageId }) => messageId));
    for (const { message } of unreadable) {
      if (!unsettled.has(message.messageId)) deadLetters.add(1, { signal, sink: '', cause: 'unreadable' });
    }
    for (const { unit, sink, outcome: what } of delivered.flat()) {
      if (what.status === 'retry' || what.status === 'doubted') retries.add(1, { signal, sink });
      if (what.status === 'dead' && !unsettled.has(unit.job.message.messageId))
        deadLetters.add(1, { signal, sink, cause: what.cause });
    }
    const waiting = all.filter(({ message }) => held.has(message.messageId));
    const failures = waiting.map(({ message, attempt }) => ({
      messageId: message.messageId,
      retryAfterMs: delayMs(attempt),
    }));
    return { failures: [...outcome.failures, ...failures] };
  };
}

/** The message as a job, or why it can never be one. */
function open(
  message: ReceivedMessage,
  { signal, destinations }: { readonly signal: Signal; readonly destinations: readonly Destination[] },
): Job | Unreadable {
  try {
    const envelope = decodeEnvelope(message);
    const retry = decodeRetry(message.attributes);
    if (envelope.signal !== signal)
      return { message, reason: `a message of ${envelope.signal} on the queue of ${signal}` };
    if (retry !== undefined && !destinations.some(({ sink }) => sink.name === retry.sink)) {
      const known = destinations.map(({ sink }) => sink.name).join(', ');
      return {
        message,
        reason: `it waits for the destination "${retry.sink}", which is not set up (set up: ${known})`,
      };
    }
    return toJob(message, envelope, retry);
  } catch (error) {
    return { message, reason: describeError(error) };
  }
}

function byTenant(jobs: readonly Job[]): ReadonlyMap<TenantId, readonly Job[]> {
  return Map.groupBy(jobs, ({ envelope }) => envelope.tenant);
}
