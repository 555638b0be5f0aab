import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { OutgoingMessage } from '@sluice/core/ports/queue';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, test } from 'vitest';
import { createSqsQueue } from './queue.ts';

type Answer = (entries: readonly SendMessageBatchRequestEntry[], call: number) => object | Error;

function make(suffix = '') {
  const client = new SQSClient({ region: 'us-east-1' });
  const mock = mockClient(client);
  const queue = createSqsQueue({ client, queueUrl: `https://sqs.example.com/1/traces${suffix}` });
  const calls: string[][] = [];
  const answerSends = (answer: Answer): void => {
    mock.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: SendMessageBatchRequestEntry[] }) => {
      calls.push(Entries.map(({ MessageBody }) => MessageBody!));
      const result = answer(Entries, calls.length);
      if (result instanceof Error) throw result;
      return result;
    });
  };
  return { mock, queue, calls, answerSends };
}

const allOk: Answer = (entries) => ({ Successful: entries.map(({ Id }) => ({ Id, MessageId: `id-${Id}` })) });
const messages = (count: number, extra: Partial<OutgoingMessage> = {}): readonly OutgoingMessage[] =>
  Array.from({ length: count }, (_, n) => ({ body: `m${n}`, attributes: {}, ...extra }));
const statuses = (outcomes: readonly { readonly status: string }[]) => outcomes.map(({ status }) => status);

describe('sending', () => {
  test('a batch in which some entries fail tells for each whether a retry can help', async () => {
    const { queue, answerSends } = make();
    answerSends(() => ({
      Successful: [{ Id: '0', MessageId: 'a' }],
      Failed: [
        { Id: '1', SenderFault: true, Code: 'InvalidMessageContents', Message: 'characters' },
        { Id: '2', SenderFault: false, Code: 'InternalError', Message: 'later' },
        { Id: '3', SenderFault: true, Code: 'KmsThrottled', Message: 'slow down' },
      ],
    }));
    expect(await queue.send(messages(5))).toEqual([
      { status: 'ok', messageId: 'a' },
      { status: 'permanent', reason: 'InvalidMessageContents: characters' },
      { status: 'retryable', reason: 'InternalError: later' },
      { status: 'retryable', reason: 'KmsThrottled: slow down' },
      { status: 'retryable', reason: 'SQS did not answer for this message' },
    ]);
  });

  test('a call that throws leaves only its own messages unsent', async () => {
    const { queue, calls, answerSends } = make();
    answerSends((entries, call) => (call === 2 ? new Error('socket hang up') : allOk(entries, call)));
    const outcomes = await queue.send(messages(25));
    expect(calls.map((bodies) => bodies.length)).toEqual([10, 10, 5]);
    expect(statuses(outcomes)).toEqual([...fill(10, 'ok'), ...fill(10, 'retryable'), ...fill(5, 'ok')]);
    expect(outcomes[10]).toEqual({ status: 'retryable', reason: 'socket hang up' });
  });

  test('when every call throws, so does the send', async () => {
    const { queue, answerSends } = make();
    answerSends(() => new Error('access denied'));
    await expect(queue.send(messages(15))).rejects.toThrow('access denied');
  });

  test('what SQS would refuse is not sent at all', async () => {
    const { queue, calls, answerSends } = make();
    answerSends(allOk);
    expect(statuses(await queue.send([{ body: '', attributes: {} }]))).toEqual(['permanent']);
    expect(await queue.send([])).toEqual([]);
    expect(calls).toEqual([]);
  });

  test('a FIFO queue is sent to in order, and nothing overtakes what failed', async () => {
    const { queue, calls, answerSends } = make('.fifo');
    answerSends((entries, call) =>
      call === 2
        ? { Failed: entries.map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError' })) }
        : allOk(entries, call),
    );
    const outcomes = await queue.send(messages(35, { groupId: 'g' }));
    expect(calls).toHaveLength(2);
    expect(statuses(outcomes)).toEqual([...fill(10, 'ok'), ...fill(25, 'retryable')]);
    expect(outcomes.at(-1)).toEqual({ status: 'retryable', reason: 'an earlier message was not sent' });
  });
});

describe('deleting', () => {
  test('goes in calls of ten and ignores receipts that are no longer valid', async () => {
    const { queue, mock } = make();
    mock.on(DeleteMessageBatchCommand).resolves({
      Successful: [],
      Failed: [{ Id: '0', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }],
    });
    await queue.delete(Array.from({ length: 21 }, (_, n) => `r${n}`));
    const sizes = mock
      .commandCalls(DeleteMessageBatchCommand)
      .map(({ args }) => args[0].input.Entries!.length);
    expect(sizes).toEqual([10, 10, 1]);
  });

  test('throws for other faults, so that it is tried again', async () => {
    const { queue, mock } = make();
    mock.on(DeleteMessageBatchCommand).resolves({
      Successful: [],
      Failed: [{ Id: '0', SenderFault: false, Code: 'InternalError', Message: 'later' }],
    });
    await expect(queue.delete(['r'])).rejects.toThrow('queue traces: delete failed: InternalError: later');
  });
});

describe('receiving', () => {
  const options = { maxMessages: 10, visibilityTimeoutMs: 1500, waitMs: 0 };

  test('asks in whole seconds, rounded up, and fills in why SQS moved a message to a dead-letter queue', async () => {
    const { queue, mock } = make('-dead');
    mock.on(ReceiveMessageCommand).resolves({
      Messages: [
        {
          MessageId: 'm',
          ReceiptHandle: 'r',
          Body: 'b',
          Attributes: {
            ApproximateReceiveCount: '3',
            SentTimestamp: '1000',
            MessageGroupId: 'g',
            DeadLetterQueueSourceArn: 'arn:aws:sqs:eu-central-1:1:traces',
          },
          MessageAttributes: {
            tenant: { DataType: 'String', StringValue: 't' },
            raw: { DataType: 'Binary' },
          },
        },
      ],
    });
    const [message] = await queue.receive(options);
    expect(mock.commandCalls(ReceiveMessageCommand)[0]!.args[0].input).toMatchObject({
      VisibilityTimeout: 2,
      WaitTimeSeconds: 0,
    });
    expect(message).toMatchObject({
      messageId: 'm',
      receiptHandle: 'r',
      receiveCount: 3,
      sentAtMs: 1000,
      groupId: 'g',
    });
    expect(message!.attributes.tenant).toBe('t');
    expect(JSON.parse(message!.attributes.dead!)).toEqual({
      reason: 'received too often without being done (maxReceiveCount of the queue)',
      source: 'traces',
      atMs: 1000,
    });
  });

  test('throws what is not an abort', async () => {
    const { queue, mock } = make();
    mock.on(ReceiveMessageCommand).rejects(new Error('access denied'));
    await expect(queue.receive(options)).rejects.toThrow('access denied');
  });
});

test.each([
  ['ReceiptHandleIsInvalid', 'resolves'],
  ['MessageNotInflight', 'resolves'],
  ['InternalError', 'rejects'],
] as const)('changing visibility %s %s', async (name, expected) => {
  const { queue, mock } = make();
  mock.on(ChangeMessageVisibilityCommand).rejects(Object.assign(new Error('no'), { name }));
  const change = queue.changeVisibility('r', 1001);
  if (expected === 'resolves') await expect(change).resolves.toBeUndefined();
  else await expect(change).rejects.toThrow('no');
  expect(mock.commandCalls(ChangeMessageVisibilityCommand)[0]!.args[0].input.VisibilityTimeout).toBe(2);
});

function fill(count: number, status: string): readonly string[] {
  return Array.from({ length: count }, () => status);
}
