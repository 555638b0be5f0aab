/** What roles are allowed, in the words of IAM: actions by name on resources by ARN. */
import type { QueuePair } from './queues';

export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly $util.Input<string>[];
}

export function maySend(...queues: readonly aws.sqs.Queue[]): Grant {
  return { actions: ['sqs:SendMessage'], resources: queues.map(({ arn }) => arn) };
}

/** What Lambda's poller and the consumer behind it do. */
export function mayReceive({ queue }: QueuePair): Grant {
  return {
    actions: [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ChangeMessageVisibility',
    ],
    resources: [queue.arn],
  };
}

/** And what it takes to bury what nobody can read. */
export function mayConsume(pair: QueuePair): readonly Grant[] {
  return [mayReceive(pair), maySend(pair.deadLetter)];
}

type TableAction = 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'Query';

export function mayUse(table: aws.dynamodb.Table, ...actions: readonly TableAction[]): Grant {
  return { actions: actions.map((action) => `dynamodb:${action}`), resources: [table.arn] };
}

export function mayCall(key: aws.kms.Key, ...actions: readonly string[]): Grant {
  return { actions: actions.map((action) => `kms:${action}`), resources: [key.arn] };
}
