/** A batch handler as a Lambda function behind an SQS event source mapping with partial batch answers. */
import type { BatchHandler, Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import { QUEUE_LIMITS } from '@sluice/core/ports/queue';

/** The part of Lambda's SQS event that is read (Lambda developer guide § Using Lambda with Amazon SQS). */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string | undefined }>>;
}

export interface SqsBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** The part of Lambda's context that is read (Lambda developer guide § Context object for Node.js). */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
  readonly awsRequestId?: string;
  readonly invokedFunctionArn?: string;
}

/** Share of the time left after which no new work starts; the rest is for what is under way. */
const SOFT_DEADLINE_SHARE = 0.8;
/** Before Lambda kills the process, the handler's signal stops what is under way. */
const ABORT_SHARE = 0.95;

/**
 * A thrown handler fails the whole batch. `queue` must be the one the event came from: failures with a
 * retry time are hidden for so long; when that call fails, the visibility timeout of the queue applies.
 */
export function toLambdaHandler(
  handler: BatchHandler,
  { queue, nowMs = Date.now }: { readonly queue: Queue; readonly nowMs?: () => number },
): (event: SqsEvent, context: LambdaContext) => Promise<SqsBatchResponse> {
  return async ({ Records }, context) => {
    const leftMs = context.getRemainingTimeInMillis();
    const stopping = new AbortController();
    const timer = setTimeout(() => stopping.abort(), leftMs * ABORT_SHARE);
    try {
      const { failures } = await handler(Records.map(toReceived), {
        softDeadlineMs: nowMs() + leftMs * SOFT_DEADLINE_SHARE,
        signal: stopping.signal,
      });
      const receipts = new Map(Records.map(({ messageId, receiptHandle }) => [messageId, receiptHandle]));
      await Promise.allSettled(
        failures.map(({ messageId, retryAfterMs }) => {
          const receipt = receipts.get(messageId);
          if (retryAfterMs === undefined || receipt === undefined) return undefined;
          return queue.changeVisibility(
            receipt,
            Math.min(retryAfterMs, QUEUE_LIMITS.maxVisibilitySeconds * 1000),
          );
        }),
      );
      return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    } finally {
      clearTimeout(timer);
    }
  };
}

function toReceived(record: SqsRecord): ReceivedMessage {
  const { attributes: system, messageAttributes } = record;
  const attributes: Record<string, string> = {};
  for (const [name, { stringValue }] of Object.entries(messageAttributes)) {
    if (stringValue !== undefined) attributes[name] = stringValue;
  }
  return {
    messageId: record.messageId,
    body: record.body,
    attributes,
    receiveCount: Number(system.ApproximateReceiveCount ?? 1),
    sentAtMs: Number(system.SentTimestamp ?? 0),
    ...(system.MessageGroupId === undefined ? {} : { groupId: system.MessageGroupId }),
    receiptHandle: record.receiptHandle,
  };
}
