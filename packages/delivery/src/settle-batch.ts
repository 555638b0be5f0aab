/**
 * Turns what became of a batch's units into effects on queues, always in the order that loses nothing:
 * first the dead letters and the messages that go round again for one sink, then the acknowledgement.
 * A crash in between pushes or files something twice, which sinks and readers collapse by its id.
 */
import { encodeEnvelope, type RetryState, toDeadLetter } from '@sluice/core/envelope';
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import {
  type BatchFailure,
  type BatchOutcome,
  type OutgoingMessage,
  QUEUE_LIMITS,
  type Queue,
  type ReceivedMessage,
} from '@sluice/core/ports/queue';
import type { Job, UnitResult } from './unit.ts';

/** A message that cannot even be opened. */
export interface Unreadable {
  readonly message: ReceivedMessage;
  readonly reason: string;
}

export interface SettleOptions {
  readonly queue: Queue;
  readonly deadLetter: Queue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When to try again, after so many tries. */
  readonly delayMs: (attempt: number, retryAfterMs: number | undefined) => number;
}

/** Something to send before the message it comes from may be acknowledged. */
interface Errand {
  readonly from: ReceivedMessage;
  readonly to: Queue;
  readonly message: OutgoingMessage;
}

export async function settleBatch(
  unreadable: readonly Unreadable[],
  results: ReadonlyMap<Job, readonly UnitResult[]>,
  options: SettleOptions,
): Promise<BatchOutcome> {
  const failures: BatchFailure[] = [];
  const errands: Errand[] = unreadable.map(({ message, reason }) => ({
    from: message,
    to: options.deadLetter,
    message: toDeadLetter(message, deadLetterOf(reason, options)),
  }));
  for (const [job, units] of results) {
    if (units.every(({ outcome }) => outcome.status === 'retry' || outcome.status === 'unstarted')) {
      failures.push({ messageId: job.message.messageId, retryAfterMs: soonest(job, units, options) });
    } else {
      errands.push(...units.flatMap((result) => toErrands(job, result, options)));
    }
  }
  for (const from of await runErrands(errands, options)) {
    failures.push({
      messageId: from.messageId,
      retryAfterMs: options.delayMs(from.receiveCount, undefined),
    });
  }
  return { failures };
}

function toErrands(job: Job, { unit, sink, outcome }: UnitResult, options: SettleOptions): readonly Errand[] {
  const from = job.message;
  const firstSeenMs = job.retry?.firstSeenMs ?? from.sentAtMs;
  const stateOf = (attempt: number): RetryState => ({ sink, attempt, firstSeenMs });
  const goRound = (state: RetryState, delayMs: number): readonly Errand[] => {
    const delaySeconds = Math.min(QUEUE_LIMITS.maxDelaySeconds, Math.ceil(delayMs / 1000));
    return [{ from, to: options.queue, message: { ...encodeEnvelope(unit.envelope, state), delaySeconds } }];
  };
  switch (outcome.status) {
    case 'done':
      return [];
    case 'dead': {
      const message = encodeEnvelope(unit.envelope, stateOf(0));
      return [
        {
          from,
          to: options.deadLetter,
          message: toDeadLetter(message, deadLetterOf(outcome.reason, options)),
        },
      ];
    }
    case 'retry':
      return goRound(stateOf(job.attempt), options.delayMs(job.attempt, outcome.retryAfterMs));
    case 'doubted':
      // The first back-off: this is about the message, not about how long the destination has been failing.
      return goRound({ ...stateOf(job.attempt), refusals: outcome.refusals }, options.delayMs(1, undefined));
    case 'unstarted':
      return goRound(stateOf(job.attempt - 1), 0);
  }
}

/** Runs the errands and answers the messages of which one was not accepted. */
async function runErrands(
  errands: readonly Errand[],
  { queue, deadLetter, logger }: SettleOptions,
): Promise<ReadonlySet<ReceivedMessage>> {
  const failed = new Set<ReceivedMessage>();
  for (const target of [queue, deadLetter]) {
    const own = errands.filter(({ to, from }) => to === target && !failed.has(from));
    if (own.length === 0) continue;
    try {
      const outcomes = await target.send(own.map(({ message }) => message));
      own.forEach(({ from }, index) => {
        const outcome = outcomes[index]!;
        if (outcome.status === 'ok') return;
        failed.add(from);
        logger.error('a message could not be moved and stays where it is', {
          queue: target.name,
          reason: outcome.reason,
        });
      });
    } catch (error) {
      for (const { from } of own) failed.add(from);
      logger.error('messages could not be moved and stay where they are', {
        queue: target.name,
        messages: own.length,
        reason: describeError(error),
      });
    }
  }
  return failed;
}

function soonest(job: Job, units: readonly UnitResult[], options: SettleOptions): number {
  return Math.min(...units.map(({ outcome }) => waitOf(job, outcome, options)));
}

function waitOf(job: Job, outcome: UnitResult['outcome'], { delayMs }: SettleOptions): number {
  return outcome.status === 'retry' ? delayMs(job.attempt, outcome.retryAfterMs) : 0;
}

function deadLetterOf(
  reason: string,
  { queue, clock }: SettleOptions,
): { readonly reason: string; readonly source: string; readonly atMs: number } {
  return { reason, source: queue.name, atMs: clock.nowMs() };
}
