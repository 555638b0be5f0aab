/**
 * Counts what the bundled functions ask of AWS for a known amount of work: requests and their 64 KB chunks, units of
 * tables, CPU time, log lines, bytes that leave. Queues are fed by hand, so that batches are as large as a stream
 * would make them.
 */
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { addWork, NO_WORK, type Work } from '@sluice/cli/cost/work';
import { systemClock as clock } from '@sluice/core/ports/clock';
import { fromDynamoItem } from '@sluice/platform/aws/attribute-values';
import { createDynamoTable } from '@sluice/platform/aws/table';
import { createKeyStore } from '@sluice/platform/keys/key-store';
import { itemBytes } from '@sluice/platform/table/item-rules';
import type { AwsExchange } from './aws-endpoint.ts';
import { type ByteMeter, createByteMeter } from './byte-meter.ts';
import { type Cloud, STAGE, startCloud } from './cloud.ts';
import { toRecord } from './event-source-mapping.ts';

const CHUNK_BYTES = 64 * 1024;
const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;
/** CloudWatch Logs API Reference § PutLogEvents: what each event counts beside its text. */
const LOG_EVENT_BYTES = 26;
const MAX_RECEIVE = 10;
const PIPE_MS = 30;
/** Calls that Lambda makes, not the function. */
const BY_LAMBDA = new Set(['ReceiveMessage', 'DeleteMessageBatch']);

export interface CostRig {
  readonly cloud: Cloud;
  /** Of a key without quotas. */
  readonly authorization: string;
  /** What the function and its queue did for `job`. `isApart` tells calls that are counted by themselves. */
  measure(name: string, job: () => Promise<void>, isApart?: IsApart): Promise<Measured>;
  /** Takes so many messages off the queue, in one batch, as an event source mapping does. */
  consume(queue: string, options: { readonly by: string; readonly messages: number }): Promise<number>;
  close(): Promise<void>;
}

export type IsApart = (exchange: AwsExchange) => boolean;

export interface Measured {
  readonly work: Work;
  readonly apart: Work;
}

export async function startCostRig(): Promise<CostRig> {
  const bytes = await createByteMeter();
  const cloud = await startCloud({ consumes: false, destination: bytes.through });
  const meter = createMeter(cloud, bytes);
  // An event source mapping acts by the role of its function.
  const as = (accessKeyId: string) => ({
    region: 'us-east-1',
    endpoint: cloud.aws.url,
    credentials: { accessKeyId, secretAccessKey: 'test' },
  });
  const pollers = new Map<string, SQSClient>();
  const pollerOf = (name: string): SQSClient => {
    const poller = pollers.get(name) ?? new SQSClient(as(name));
    pollers.set(name, poller);
    return poller;
  };
  const dynamo = new DynamoDBClient(as('ingest'));
  const table = createDynamoTable({ client: dynamo, tableName: `sluice-${STAGE}-keys`, clock });
  const wish = { tenant: 'acme', name: 'counted', scopes: ['admin'] };
  const { secret } = await createKeyStore({ table, clock }).create(wish);
  return {
    cloud,
    authorization: `Bearer ${secret}`,
    measure: meter,
    async consume(queue, { by, messages }) {
      const QueueUrl = cloud.queueUrl(queue);
      const sqs = pollerOf(by);
      const batch: Message[] = [];
      while (batch.length < messages) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: Math.min(MAX_RECEIVE, messages - batch.length),
            VisibilityTimeout: 300,
            MessageAttributeNames: ['All'],
            MessageSystemAttributeNames: ['All'],
          }),
        );
        if (Messages.length === 0) break;
        batch.push(...Messages);
      }
      if (batch.length === 0) return 0;
      const answer = await cloud.functions.get(by)!.invoke({ Records: batch.map(toRecord) });
      const { batchItemFailures = [] } = answer as { readonly batchItemFailures?: readonly object[] };
      if (batchItemFailures.length > 0) throw new Error(`${by} left ${batchItemFailures.length} messages`);
      for (let at = 0; at < batch.length; at += MAX_RECEIVE) {
        const Entries = batch
          .slice(at, at + MAX_RECEIVE)
          .map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
      return batch.length;
    },
    async close() {
      for (const poller of pollers.values()) poller.destroy();
      dynamo.destroy();
      await cloud.close();
      await bytes.close();
    },
  };
}

function createMeter(cloud: Cloud, bytes: ByteMeter): CostRig['measure'] {
  let [work, apart] = [NO_WORK, NO_WORK];
  let isApart: IsApart = () => false;
  cloud.aws.watch((exchange) => {
    if (isApart(exchange)) apart = addWork([1, apart], [1, workOf(exchange)]);
    else work = addWork([1, work], [1, workOf(exchange)]);
  });
  return async (name, job, picks = () => false) => {
    const fn = cloud.functions.get(name)!;
    [work, apart, isApart] = [NO_WORK, NO_WORK, picks];
    const before = { usage: fn.usage.length, log: fn.log.length, calls: cloud.aws.calls.length };
    const sentBefore = bytes.sent();
    await job();
    // What a function writes as it ends comes by a pipe, a moment later.
    await setTimeout(PIPE_MS);
    const usage = fn.usage.slice(before.usage);
    const sent = bytes.sent();
    const kms = cloud.aws.calls.slice(before.calls).filter(({ action }) => action.startsWith('kms:')).length;
    const own: Work = {
      ...work,
      invocations: usage.length,
      cpuMs: median(usage.map(({ cpuMs }) => cpuMs)) * usage.length,
      kms,
      logBytes: fn.log
        .slice(before.log)
        // The rest is the SDK's, which wonders at the addresses of emulators.
        .filter((line) => line.startsWith('{'))
        .reduce((sum, line) => sum + Buffer.byteLength(line) + LOG_EVENT_BYTES, 0),
      sentBytes: sent.bytes - sentBefore.bytes,
      pushes: sent.requests - sentBefore.requests,
    };
    return { work: own, apart };
  };
}

type Json = Readonly<Record<string, unknown>>;

function workOf({ service, operation, input, output }: AwsExchange): Work {
  const isWaited = BY_LAMBDA.has(operation) ? 0 : 1;
  switch (service) {
    case 'AmazonSQS': {
      const chunks = Math.max(1, Math.ceil(sqsBytes(operation, input, output) / CHUNK_BYTES));
      const isFifo = String(input.QueueUrl).endsWith('.fifo');
      return {
        ...NO_WORK,
        ...(isFifo ? { sqsFifo: chunks } : { sqs: chunks }),
        queueCalls: isWaited,
      };
    }
    case 'DynamoDB_20120810':
      return {
        ...NO_WORK,
        ...tableUnits(operation, input, output),
        tableCalls: isWaited,
      };
    case 'Logs_20140328': {
      const events = (input.logEvents ?? []) as readonly { readonly message: string }[];
      const cloudWatchBytes = events.reduce(
        (sum, { message }) => sum + Buffer.byteLength(message) + LOG_EVENT_BYTES,
        0,
      );
      return { ...NO_WORK, cloudWatchBytes, logCalls: isWaited };
    }
    default:
      return NO_WORK;
  }
}

/** Of the payload: bodies and attributes, whether they come or go. */
function sqsBytes(operation: string, input: Json, output: Json): number {
  const carried =
    operation === 'ReceiveMessage'
      ? ((output.Messages ?? []) as readonly Json[]).map((message) => [
          message.Body,
          message.MessageAttributes,
        ])
      : ((input.Entries ?? [input]) as readonly Json[]).map((entry) => [
          entry.MessageBody,
          entry.MessageAttributes,
        ]);
  return carried.reduce((sum, [body, attributes]) => {
    const extra = Object.entries(
      (attributes ?? {}) as Record<string, { DataType: string; StringValue: string }>,
    );
    return extra.reduce(
      (own, [name, { DataType, StringValue }]) => own + Buffer.byteLength(name + DataType + StringValue),
      sum + Buffer.byteLength(String(body ?? '')),
    );
  }, 0);
}

function tableUnits(operation: string, input: Json, output: Json): Pick<Work, 'writeUnits' | 'readUnits'> {
  const units = (bytes: number, unit: number): number => Math.max(1, Math.ceil(bytes / unit));
  const share = input.ConsistentRead === true ? 1 : 0.5;
  switch (operation) {
    case 'PutItem':
      return { writeUnits: units(bytesOf(input.Item), WRITE_UNIT_BYTES), readUnits: 0 };
    case 'UpdateItem':
    case 'DeleteItem':
      return { writeUnits: 1, readUnits: 0 };
    case 'GetItem':
      return { writeUnits: 0, readUnits: units(bytesOf(output.Item), READ_UNIT_BYTES) * share };
    default: {
      const items = (output.Items ?? []) as readonly unknown[];
      const bytes = items.reduce<number>((sum, item) => sum + bytesOf(item), 0);
      return { writeUnits: 0, readUnits: units(bytes, READ_UNIT_BYTES) * share };
    }
  }
}

/** Of an item on the wire, where bytes are base64. */
function bytesOf(item: unknown): number {
  if (item === undefined) return 0;
  const revived = JSON.parse(JSON.stringify(item), (key, value) =>
    key === 'B' && typeof value === 'string' ? Buffer.from(value, 'base64') : value,
  );
  return itemBytes(fromDynamoItem(revived));
}

/** The lower one of two: what others do on the machine only ever adds. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
