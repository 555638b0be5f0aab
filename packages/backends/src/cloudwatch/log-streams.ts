/** Makes log groups and streams when a put finds them missing; that another consumer made them meanwhile is fine. */
import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogGroup } from './log-groups.ts';

export interface StreamKey {
  readonly group: LogGroup;
  readonly stream: string;
}

/** `tenant/2026-01-31/consumer`: one writer a stream, and an end to each. */
export function streamName(tenant: string, consumer: string, nowMs: number): string {
  // A stream's name has neither colons nor asterisks (API Reference § CreateLogStream).
  return `${tenant}/${new Date(nowMs).toISOString().slice(0, 10)}/${consumer.replaceAll(/[:*]/g, '-')}`;
}

/** @throws the SDK's error when something cannot be made. */
export async function ensureStream(
  client: CloudWatchLogsClient,
  { group, stream }: StreamKey,
  abortSignal: AbortSignal,
): Promise<void> {
  const create = (): Promise<void> =>
    tolerate('ResourceAlreadyExistsException', () =>
      client.send(new CreateLogStreamCommand({ logGroupName: group.name, logStreamName: stream }), {
        abortSignal,
      }),
    );
  try {
    await create();
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException')) throw error;
    await ensureGroup(client, group, abortSignal);
    await create();
  }
}

async function ensureGroup(
  client: CloudWatchLogsClient,
  { name, logClass, retentionDays }: LogGroup,
  abortSignal: AbortSignal,
): Promise<void> {
  await tolerate('ResourceAlreadyExistsException', () =>
    client.send(new CreateLogGroupCommand({ logGroupName: name, logGroupClass: logClass }), { abortSignal }),
  );
  await client.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays: retentionDays }), {
    abortSignal,
  });
}

async function tolerate(name: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isNamed(error, name)) throw error;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
