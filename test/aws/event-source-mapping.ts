/**
 * Feeds a function from a queue as Lambda's pollers do: batches of up to 6 MB that are gathered for a while, several
 * at once, one failure does not fail the others. And as a queue may at any time: late, twice, in another order.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { failedMessagesOf } from './batch-response.ts';
import type { Fate } from './hostility.ts';
import { type LambdaFunction, MAX_PAYLOAD_BYTES } from './lambda-host.ts';

export interface MappingOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly fn: LambdaFunction;
  readonly batchSize: number;
  /** So long it gathers before it calls. */
  readonly windowMs: number;
  /** Messages are seen again after so long when nothing is said of them. */
  readonly visibilitySeconds: number;
  /** Pollers, and so batches at once. */
  readonly concurrency: number;
  readonly fate: Fate;
}

export interface Mapping {
  /** Sizes of the batches so far. */
  readonly batches: readonly number[];
  stop(): Promise<void>;
}

const MAX_RECEIVE = 10;
/** Of a record beside its body: handles, attributes, names. */
const RECORD_BYTES = 2_048;
const LONG_POLL_SECONDS = 1;
/** What is held back for longer than messages are hidden is in two batches at once. */
const MAX_HELD_BACK_MS = 1_500;

interface Gathering {
  readonly messages: Message[];
  bytes: number;
}

export function startMapping(options: MappingOptions): Mapping {
  const { client, queueUrl: QueueUrl, fate } = options;
  const isFifo = QueueUrl.endsWith('.fifo');
  const batches: number[] = [];
  /** Copies that another server of the queue still has. */
  const copies: Message[] = [];
  let isStopped = false;

  const pollers = Array.from({ length: options.concurrency }, async () => {
    await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    const left: Message[] = [];
    while (!isStopped) await pollOnce(left).catch(() => undefined);
  });

  /** `left` has been received, and did not fit. */
  async function pollOnce(left: Message[]): Promise<void> {
    const batch = await gather(left);
    if (batch.length === 0) return;
    if (fate.strikes('heldBack')) await sleep(fate.random.below(MAX_HELD_BACK_MS));
    await deliver(isFifo ? batch : fate.shuffle(batch));
  }

  async function gather(left: Message[]): Promise<readonly Message[]> {
    const gathered: Gathering = { messages: [], bytes: 0 };
    const takeIn = (found: readonly Message[]): void => {
      for (const message of found) if (!fits(gathered, message)) left.push(message);
    };
    const again = isFifo ? [] : copies.splice(0, options.batchSize);
    takeIn([...left.splice(0), ...again]);
    if (gathered.messages.length === 0) takeIn(await receive(MAX_RECEIVE, LONG_POLL_SECONDS));
    if (gathered.messages.length === 0) return [];
    const endMs = performance.now() + options.windowMs;
    for (;;) {
      const room = options.batchSize - gathered.messages.length;
      const leftMs = endMs - performance.now();
      if (room <= 0 || left.length > 0 || leftMs <= 0 || isStopped) break;
      const found = await receive(Math.min(MAX_RECEIVE, room), 0);
      takeIn(found);
      if (found.length === 0) await sleep(Math.min(leftMs, 20));
    }
    return gathered.messages;
  }

  /** Takes it, if there is room: one message is always taken, and none twice. */
  function fits(gathered: Gathering, message: Message): boolean {
    if (gathered.messages.some(({ MessageId }) => MessageId === message.MessageId)) return true;
    const bytes = Buffer.byteLength(JSON.stringify(message.Body)) + RECORD_BYTES;
    const isFull =
      gathered.messages.length >= options.batchSize || gathered.bytes + bytes > MAX_PAYLOAD_BYTES;
    if (isFull && gathered.messages.length > 0) return false;
    gathered.messages.push(message);
    gathered.bytes += bytes;
    return true;
  }

  async function receive(most: number, waitSeconds: number): Promise<readonly Message[]> {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: Math.min(most, options.batchSize),
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: options.visibilitySeconds,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  async function deliver(batch: readonly Message[]): Promise<void> {
    batches.push(batch.length);
    const answer = await options.fn.invoke({ Records: batch.map(toRecord) });
    const failed = failedMessagesOf(
      answer,
      batch.map(({ MessageId }) => MessageId!),
    );
    const done = batch.filter(({ MessageId }) => !failed.has(MessageId!));
    if (!isFifo && fate.strikes('repeated')) copies.push(...done);
    for (let at = 0; at < done.length; at += MAX_RECEIVE) {
      const Entries = done
        .slice(at, at + MAX_RECEIVE)
        .map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  return {
    batches,
    async stop() {
      isStopped = true;
      await Promise.all(pollers);
    },
  };
}

/** A received message as an event source mapping hands it over. */
export function toRecord({
  MessageId,
  ReceiptHandle,
  Body,
  Attributes,
  MessageAttributes = {},
}: Message): object {
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { StringValue, DataType }]) => [
        name,
        { stringValue: StringValue, dataType: DataType },
      ]),
    ),
    eventSource: 'aws:sqs',
  };
}
