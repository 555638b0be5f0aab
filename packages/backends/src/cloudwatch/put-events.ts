/**
 * Gets one batch into one stream: makes the stream when it is missing, halves what is too large, and gives
 * events that the answer names as rejected the present time once. What is rejected after that is lost to
 * CloudWatch, and said to be.
 */
import {
  type CloudWatchLogsClient,
  PutLogEventsCommand,
  type RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogEvent } from './log-events.ts';
import { ensureStream, type StreamKey } from './log-streams.ts';
import { type PutVerdict, verdictOf } from './put-verdict.ts';

export type PutFailure = Extract<PutVerdict, { readonly status: 'retryable' | 'permanent' }>;

export interface PutOptions {
  readonly client: CloudWatchLogsClient;
  readonly nowMs: () => number;
  /** For one call. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onTaken: (events: readonly LogEvent[]) => void;
  readonly onRejected: (events: number, why: string) => void;
}

/** Making a stream, taking up a sequence token: each may happen once or twice, not for ever. */
const MAX_CALLS = 5;

/** `undefined` when all events are taken. */
export async function putEvents(
  batch: readonly LogEvent[],
  key: StreamKey,
  options: PutOptions,
): Promise<PutFailure | undefined> {
  const { onTaken, onRejected, nowMs } = options;
  const outcome = await put(batch, key, options);
  if (outcome.status === 'too-large') {
    const { reason } = outcome;
    if (batch.length === 1) return { status: 'permanent', reason };
    const middle = Math.ceil(batch.length / 2);
    return (
      (await putEvents(batch.slice(0, middle), key, options)) ??
      (await putEvents(batch.slice(middle), key, options))
    );
  }
  if (outcome.status !== 'ok') return outcome;
  onTaken(outcome.taken);
  if (outcome.rejected.length === 0) return undefined;

  onRejected(outcome.rejected.length, outcome.why);
  const again = outcome.rejected.map((event) => ({ ...event, timestamp: nowMs() }));
  const second = await put(again, key, options);
  if (second.status === 'too-large') return { status: 'permanent', reason: second.reason };
  if (second.status !== 'ok') return second;
  onTaken(second.taken);
  return second.rejected.length === 0
    ? undefined
    : {
        status: 'permanent',
        reason: `cloudwatch: ${key.group.name} rejects ${second.rejected.length} events (${second.why}) even with the present time: is the clock right?`,
      };
}

type PutOutcome =
  | {
      readonly status: 'ok';
      readonly taken: readonly LogEvent[];
      readonly rejected: readonly LogEvent[];
      readonly why: string;
    }
  | PutFailure
  | Extract<PutVerdict, { readonly status: 'too-large' }>;

async function put(batch: readonly LogEvent[], key: StreamKey, options: PutOptions): Promise<PutOutcome> {
  const { client, signal, timeoutMs } = options;
  let sequenceToken: string | undefined;
  for (let calls = 1; ; calls++) {
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const { rejectedLogEventsInfo } = await client.send(
        new PutLogEventsCommand({
          logGroupName: key.group.name,
          logStreamName: key.stream,
          logEvents: batch.map(({ timestamp, message }) => ({ timestamp, message })),
          ...(sequenceToken === undefined ? {} : { sequenceToken }),
        }),
        { abortSignal },
      );
      return partRejected(batch, rejectedLogEventsInfo);
    } catch (error) {
      const verdict = verdictOf(error, `${key.group.name} does not take events`);
      if (verdict.status === 'taken') return { status: 'ok', taken: batch, rejected: [], why: '' };
      if (verdict.status === 'sequence' || verdict.status === 'missing') {
        if (calls >= MAX_CALLS) {
          return {
            status: 'retryable',
            reason: `cloudwatch: ${key.group.name} answers ${verdict.status} again`,
          };
        }
        if (verdict.status === 'sequence') {
          sequenceToken = verdict.token;
          continue;
        }
        const failure = await make(key, client, abortSignal);
        if (failure !== undefined) return failure;
        continue;
      }
      if (verdict.status === 'retryable' && signal.aborted) {
        return { status: 'retryable', reason: 'cloudwatch: stopped before the answer came' };
      }
      return verdict;
    }
  }
}

async function make(
  key: StreamKey,
  client: CloudWatchLogsClient,
  abortSignal: AbortSignal,
): Promise<PutFailure | undefined> {
  try {
    await ensureStream(client, key, abortSignal);
    return undefined;
  } catch (error) {
    const verdict = verdictOf(error, `${key.group.name} cannot be made`);
    if (verdict.status === 'retryable') return verdict;
    // Names that are refused, groups that cannot be had: the setting is wrong, not the events.
    const reason = 'reason' in verdict ? verdict.reason : `cloudwatch: ${key.group.name} cannot be made`;
    return { status: 'retryable', reason, misconfigured: verdict.status !== 'missing' };
  }
}

/** Too old and expired are the first events of the batch, too new the last (API Reference § RejectedLogEventsInfo). */
function partRejected(
  batch: readonly LogEvent[],
  info: RejectedLogEventsInfo | undefined,
): Extract<PutOutcome, { status: 'ok' }> {
  const {
    tooOldLogEventEndIndex: tooOld = 0,
    expiredLogEventEndIndex: expired = 0,
    tooNewLogEventStartIndex: tooNew = batch.length,
  } = info ?? {};
  const first = Math.max(tooOld, expired);
  const why = [
    tooOld > 0 ? `${tooOld} too old` : '',
    expired > 0 ? `${expired} beyond the retention` : '',
    tooNew < batch.length ? `${batch.length - tooNew} too new` : '',
  ].filter((part) => part !== '');
  return {
    status: 'ok',
    taken: batch.slice(first, Math.max(first, tooNew)),
    rejected: [...batch.slice(0, first), ...batch.slice(Math.max(first, tooNew))],
    why: why.join(', '),
  };
}
