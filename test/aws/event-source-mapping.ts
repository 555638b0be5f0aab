/** Feeds a function from a queue as Lambda's poller does: batches within 6 MB, one failure does not fail the others. */
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { LambdaFunction } from './lambda-host.ts';

export interface MappingOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly fn: LambdaFunction;
  readonly batchSize: number;
  /** Messages are seen again after so long when nothing is said of them. */
  readonly visibilitySeconds: number;
  readonly concurrency: number;
}

export interface Mapping {
  stop(): Promise<void>;
}

const MAX_RECEIVE = 10;

export function startMapping(options: MappingOptions): Mapping {
  let isStopped = false;
  const pollers = Array.from({ length: options.concurrency }, async () => {
    await options.client.send(
      new GetQueueAttributesCommand({
        QueueUrl: options.queueUrl,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    while (!isStopped) await pollOnce(options).catch(() => undefined);
  });
  return {
    async stop() {
      isStopped = true;
      await Promise.all(pollers);
    },
  };
}

async function pollOnce({
  client,
  queueUrl: QueueUrl,
  fn,
  batchSize,
  visibilitySeconds,
}: MappingOptions): Promise<void> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(MAX_RECEIVE, batchSize),
      WaitTimeSeconds: 1,
      VisibilityTimeout: visibilitySeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  if (Messages.length === 0) return;
  const answer = (await fn.invoke({ Records: Messages.map(toRecord) })) as {
    readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[];
  } | null;
  const failed = new Set(answer?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
  const done = Messages.filter(({ MessageId }) => !failed.has(MessageId!));
  if (done.length === 0) return;
  const Entries = done.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
  await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
}

function toRecord({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes = {} }: Message): object {
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
