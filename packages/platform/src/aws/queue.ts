/** The Queue port on Amazon SQS, standard and FIFO (a FIFO queue's URL ends with `.fifo`). */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { describeError } from '@sluice/core/errors';
import { ATTRIBUTE } from '@sluice/core/names';
import type {
  OutgoingMessage,
  Queue,
  ReceivedMessage,
  ReceiveOptions,
  SendOutcome,
} from '@sluice/core/ports/queue';
import { ATTRIBUTE_TYPE, messageBytes, refusalOf, toBatches } from '../queue/message-limits.ts';
import { checkReceive, checkVisibility } from '../queue/receive-limits.ts';

export interface SqsQueueOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** What the pipeline calls the queue; by default the last part of the URL. */
  readonly name?: string;
}

/** ReceiveMessage: WaitTimeSeconds. */
const MAX_WAIT_SECONDS = 20;
/** Receipts that are of no use any more: the message was received again, deleted, or is visible. */
const STALE_RECEIPT = /ReceiptHandleIsInvalid|InvalidParameterValue|MessageNotInflight/;
const SYSTEM_ATTRIBUTES = [
  'ApproximateReceiveCount',
  'SentTimestamp',
  'MessageGroupId',
  'DeadLetterQueueSourceArn',
] as const;

export function createSqsQueue({ client, queueUrl, name = nameOf(queueUrl) }: SqsQueueOptions): Queue {
  const fifo = queueUrl.endsWith('.fifo');

  const sendBatch = async (batch: readonly OutgoingMessage[]): Promise<readonly SendOutcome[]> => {
    const { Successful = [], Failed = [] } = await client.send(
      new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: batch.map(toEntry) }),
    );
    const outcomes = new Map<string | undefined, SendOutcome>();
    for (const { Id, MessageId = '' } of Successful) outcomes.set(Id, { status: 'ok', messageId: MessageId });
    for (const { Id, SenderFault, Code, Message: text } of Failed) {
      const reason = [Code, text].filter((part) => part !== undefined).join(': ');
      outcomes.set(Id, { status: isPermanent(SenderFault, Code) ? 'permanent' : 'retryable', reason });
    }
    return batch.map(
      (_, index) =>
        outcomes.get(String(index)) ?? { status: 'retryable', reason: 'SQS did not answer for this message' },
    );
  };

  return {
    name,
    async send(messages) {
      const refusals = messages.map((message) => refusalOf(message, { fifo }));
      const batches = toBatches(
        messages.filter((_, index) => refusals[index] === undefined),
        messageBytes,
      );
      const sent = await sendAll(batches, sendBatch, fifo);
      let next = 0;
      return refusals.map((reason) =>
        reason === undefined ? sent[next++]! : { status: 'permanent', reason },
      );
    },
    async receive(options) {
      checkReceive(options);
      const deadlineMs = performance.now() + options.waitMs;
      for (;;) {
        const leftMs = deadlineMs - performance.now();
        const messages = await receiveOnce(client, queueUrl, { ...options, waitMs: Math.max(0, leftMs) });
        if (messages.length > 0) return messages.map(toReceived);
        if (options.signal?.aborted || deadlineMs - performance.now() <= 0) return [];
      }
    },
    async delete(receiptHandles) {
      for (const handles of toBatches(receiptHandles, () => 0)) {
        const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
        const { Failed = [] } = await client.send(
          new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }),
        );
        const fault = Failed.find(({ Code = '' }) => !STALE_RECEIPT.test(Code));
        if (fault !== undefined)
          throw new Error(`queue ${name}: delete failed: ${fault.Code}: ${fault.Message}`);
      }
    },
    async changeVisibility(ReceiptHandle, timeoutMs) {
      checkVisibility(timeoutMs);
      const VisibilityTimeout = Math.ceil(timeoutMs / 1000);
      try {
        await client.send(
          new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout }),
        );
      } catch (error) {
        if (!(error instanceof Error && STALE_RECEIPT.test(error.name))) throw error;
      }
    },
    /** Approximate, as SQS counts. The age is not among a queue's attributes: CloudWatch alone has it. */
    async stats() {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({
          QueueUrl: queueUrl,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      );
      const visible = Number(Attributes.ApproximateNumberOfMessages ?? 0);
      const inFlight = Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0);
      const delayed = Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0);
      const isEmpty = visible + inFlight + delayed === 0;
      return { visible, inFlight, delayed, oldestAgeMs: isEmpty ? 0 : undefined };
    },
  };
}

type SendBatch = (batch: readonly OutgoingMessage[]) => Promise<readonly SendOutcome[]>;

/**
 * A call that throws leaves its own messages retryable; when every call throws, so does this. FIFO
 * batches go one after another and stop at the first fault, so that nothing overtakes.
 */
async function sendAll(
  batches: readonly (readonly OutgoingMessage[])[],
  sendBatch: SendBatch,
  fifo: boolean,
): Promise<readonly SendOutcome[]> {
  const results: PromiseSettledResult<readonly SendOutcome[]>[] = [];
  if (fifo) {
    for (const batch of batches) {
      const earlier = results.at(-1);
      const isBlocked = earlier !== undefined && !isAllSent(earlier);
      const call = isBlocked
        ? Promise.resolve(notSent(batch, 'an earlier message was not sent'))
        : sendBatch(batch);
      results.push(...(await Promise.allSettled([call])));
    }
  } else {
    results.push(...(await Promise.allSettled(batches.map(sendBatch))));
  }
  const thrown = results.find((result) => result.status === 'rejected');
  if (thrown !== undefined && !results.some(hasAnswer)) throw thrown.reason;
  return results.flatMap((result, index) =>
    result.status === 'fulfilled' ? result.value : notSent(batches[index]!, describeError(result.reason)),
  );
}

function isAllSent(result: PromiseSettledResult<readonly SendOutcome[]>): boolean {
  return result.status === 'fulfilled' && result.value.every(({ status }) => status === 'ok');
}

function hasAnswer(result: PromiseSettledResult<readonly SendOutcome[]>): boolean {
  return result.status === 'fulfilled' && result.value.some(({ status }) => status !== 'retryable');
}

function notSent(batch: readonly OutgoingMessage[], reason: string): readonly SendOutcome[] {
  return batch.map(() => ({ status: 'retryable', reason }));
}

/** Throttling is reported as the sender's fault, too, yet time cures it. */
function isPermanent(senderFault: boolean | undefined, code = ''): boolean {
  return senderFault === true && !/Throttl|OverLimit/i.test(code);
}

function toEntry(message: OutgoingMessage, index: number): SendMessageBatchRequestEntry {
  const attributes = Object.entries(message.attributes);
  const { delaySeconds, groupId } = message;
  return {
    Id: String(index),
    MessageBody: message.body,
    MessageAttributes: Object.fromEntries(
      attributes.map(([key, StringValue]) => [key, { DataType: ATTRIBUTE_TYPE, StringValue }]),
    ),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(message.deduplicationId === undefined ? {} : { MessageDeduplicationId: message.deduplicationId }),
  };
}

async function receiveOnce(
  client: SQSClient,
  queueUrl: string,
  options: ReceiveOptions,
): Promise<readonly Message[]> {
  const { maxMessages, visibilityTimeoutMs, waitMs, signal } = options;
  try {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: maxMessages,
        VisibilityTimeout: Math.ceil(visibilityTimeoutMs / 1000),
        WaitTimeSeconds: Math.min(MAX_WAIT_SECONDS, Math.ceil(waitMs / 1000)),
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: [...SYSTEM_ATTRIBUTES],
      }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    return Messages;
  } catch (error) {
    if (signal?.aborted) return [];
    throw error;
  }
}

function toReceived(message: Message): ReceivedMessage {
  const system = message.Attributes ?? {};
  const attributes: Record<string, string> = {};
  for (const [key, { StringValue }] of Object.entries(message.MessageAttributes ?? {})) {
    if (StringValue !== undefined) attributes[key] = StringValue;
  }
  const source = system.DeadLetterQueueSourceArn;
  // SQS moves a message without a word why: its queue and the likely reason are filled in here.
  if (source !== undefined && attributes[ATTRIBUTE.dead] === undefined) {
    attributes[ATTRIBUTE.dead] = JSON.stringify({
      reason: 'received too often without being done (maxReceiveCount of the queue)',
      source: source.split(':').at(-1),
      atMs: Number(system.SentTimestamp ?? 0),
    });
  }
  return {
    messageId: message.MessageId ?? '',
    body: message.Body ?? '',
    attributes,
    receiveCount: Number(system.ApproximateReceiveCount ?? 1),
    sentAtMs: Number(system.SentTimestamp ?? 0),
    ...(system.MessageGroupId === undefined ? {} : { groupId: system.MessageGroupId }),
    receiptHandle: message.ReceiptHandle ?? '',
  };
}

function nameOf(queueUrl: string): string {
  return queueUrl.split('/').at(-1) ?? queueUrl;
}
