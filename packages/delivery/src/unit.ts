/**
 * The words that delivery thinks in. A job is one queue message; a unit is what of it one sink must get:
 * the whole payload, or one piece of a payload that the sink's destination finds too large.
 */
import type { Envelope, RetryState } from '@sluice/core/envelope';
import type { ReceivedMessage } from '@sluice/core/ports/queue';
import type { TelemetryPart } from '@sluice/core/ports/sink';
import { estimateRawBytes, toTelemetryPart } from './telemetry-part.ts';

export interface Job {
  readonly message: ReceivedMessage;
  readonly envelope: Envelope;
  /** Set when the message is on its way to one sink only. */
  readonly retry: RetryState | undefined;
  readonly part: TelemetryPart;
  /** Tries so far with this one, over all the rounds that the message went. */
  readonly attempt: number;
}

export interface Unit {
  readonly job: Job;
  readonly envelope: Envelope;
  readonly part: TelemetryPart;
  /** Inflated size; of a whole message an estimate. */
  readonly rawBytes: number;
}

/** Why a message sits in a dead-letter queue: the `cause` label of the counter. */
export type DeadCause = 'unreadable' | 'refused' | 'too-large' | 'poison';

export type UnitOutcome =
  | { readonly status: 'done' }
  | { readonly status: 'dead'; readonly cause: DeadCause; readonly reason: string }
  | { readonly status: 'retry'; readonly reason: string; readonly retryAfterMs?: number }
  /** Refused, so many times by now, but not often enough to believe it. */
  | { readonly status: 'doubted'; readonly reason: string; readonly refusals: number }
  /** Not tried, for want of time: may be tried again at once. */
  | { readonly status: 'unstarted' };

export interface UnitResult {
  readonly unit: Unit;
  readonly sink: string;
  readonly outcome: UnitOutcome;
}

export function toJob(message: ReceivedMessage, envelope: Envelope, retry: RetryState | undefined): Job {
  return {
    message,
    envelope,
    retry,
    part: toTelemetryPart(envelope),
    attempt: (retry?.attempt ?? 0) + message.receiveCount,
  };
}

export function toUnit(job: Job): Unit {
  const { envelope, part } = job;
  return { job, envelope, part, rawBytes: estimateRawBytes(envelope.gzip) };
}

export function toPieceUnit(job: Job, envelope: Envelope, rawBytes: number): Unit {
  return { job, envelope, part: toTelemetryPart(envelope), rawBytes };
}
