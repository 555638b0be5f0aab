/** In-memory emulators of SQS (fauxqs) and DynamoDB (dynalite) on free loopback ports, with their clients. */
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';

export interface SqsEmulator {
  readonly client: SQSClient;
  /** Answers the URL of the new queue; `.fifo` names make FIFO queues with content-based deduplication. */
  createQueue(name: string, options?: { readonly redrivePolicy?: RedrivePolicy }): Promise<string>;
  stop(): Promise<void>;
}

export interface RedrivePolicy {
  readonly deadLetterName: string;
  readonly maxReceiveCount: number;
}

export interface DynamoEmulator {
  readonly client: DynamoDBClient;
  createTable(tableName: string): Promise<void>;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);
const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
/** The emulators take any; real ones are never looked for. */
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

export async function startSqsEmulator(): Promise<SqsEmulator> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  const client = new SQSClient({ region: REGION, credentials, endpoint: `http://127.0.0.1:${server.port}` });
  return {
    client,
    async createQueue(name, { redrivePolicy } = {}) {
      const { QueueUrl } = await client.send(
        new CreateQueueCommand({
          QueueName: name,
          Attributes: {
            ...(name.endsWith('.fifo') ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {}),
            ...(redrivePolicy === undefined ? {} : { RedrivePolicy: toRedriveJson(redrivePolicy) }),
          },
        }),
      );
      return QueueUrl!;
    },
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}

export async function startDynamoEmulator(): Promise<DynamoEmulator> {
  // dynalite is CommonJS and comes without types.
  const dynalite = require('dynalite') as (options: object) => Server;
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBClient({ region: REGION, credentials, endpoint: `http://127.0.0.1:${port}` });
  return {
    client,
    async createTable(TableName) {
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: 'S' },
          ],
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
        }),
      );
      while (await isBeingMade(client, TableName)) await setTimeout(1);
    },
    async stop() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function isBeingMade(client: DynamoDBClient, TableName: string): Promise<boolean> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  return Table?.TableStatus !== 'ACTIVE';
}

function toRedriveJson({ deadLetterName, maxReceiveCount }: RedrivePolicy): string {
  return JSON.stringify({
    deadLetterTargetArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${deadLetterName}`,
    maxReceiveCount,
  });
}
