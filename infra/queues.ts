/** The queues, each with its dead letters. Only TLS gets in, and only the queue itself moves messages to its dead letters. */
import { nameOf, type Settings } from './settings';

/** Seconds that a message stays hidden: at least 6 times the timeout of its function (Lambda developer guide § SQS). */
const VISIBILITY_SECONDS = {
  traces: 360,
  logs: 360,
  metrics: 360,
  reduce: 360,
  audit: 360,
  notifications: 360,
} as const;
export type QueueKey = keyof typeof VISIBILITY_SECONDS;
export const QUEUE_KEYS = Object.keys(VISIBILITY_SECONDS) as readonly QueueKey[];

export interface QueuePair {
  readonly key: QueueKey;
  readonly fifo: boolean;
  readonly queue: aws.sqs.Queue;
  readonly deadLetter: aws.sqs.Queue;
}
export type Queues = Readonly<Record<QueueKey, QueuePair>>;

/** Longest that SQS keeps a message. */
const RETENTION_SECONDS = 14 * 86_400;
/** An order to reduce is worthless once the next tick has come and gone. */
const REDUCE_RETENTION_SECONDS = 600;
/** Consumers back off for hours while a destination is down, and bury what nobody can read by themselves. */
const MAX_RECEIVES = 1000;
const MAX_MESSAGE_BYTES = 1_048_576;
const LONG_POLL_SECONDS = 20;

export function createQueues(settings: Settings): Queues {
  return Object.fromEntries(QUEUE_KEYS.map((key) => [key, createPair(key, settings)])) as Queues;
}

function createPair(key: QueueKey, settings: Settings): QueuePair {
  const fifo = key === 'audit';
  const suffix = fifo ? '.fifo' : '';
  const common = {
    fifoQueue: fifo,
    // A group per tenant: each has the throughput of a queue of its own.
    ...(fifo ? { deduplicationScope: 'messageGroup', fifoThroughputLimit: 'perMessageGroupId' } : {}),
    sqsManagedSseEnabled: true,
    maxMessageSize: MAX_MESSAGE_BYTES,
    receiveWaitTimeSeconds: LONG_POLL_SECONDS,
  };
  const deadLetter = new aws.sqs.Queue(`Dead-${key}`, {
    ...common,
    name: `${nameOf(settings, `${key}-dead`)}${suffix}`,
    messageRetentionSeconds: RETENTION_SECONDS,
    visibilityTimeoutSeconds: 60,
  });
  const queue = new aws.sqs.Queue(`Queue-${key}`, {
    ...common,
    name: `${nameOf(settings, key)}${suffix}`,
    messageRetentionSeconds: key === 'reduce' ? REDUCE_RETENTION_SECONDS : RETENTION_SECONDS,
    visibilityTimeoutSeconds: VISIBILITY_SECONDS[key],
    redrivePolicy: $jsonStringify({ deadLetterTargetArn: deadLetter.arn, maxReceiveCount: MAX_RECEIVES }),
  });
  new aws.sqs.RedriveAllowPolicy(`RedriveAllow-${key}`, {
    queueUrl: deadLetter.id,
    redriveAllowPolicy: $jsonStringify({ redrivePermission: 'byQueue', sourceQueueArns: [queue.arn] }),
  });
  refusePlainHttp(`Tls-${key}`, queue);
  refusePlainHttp(`Tls-${key}-dead`, deadLetter);
  return { key, fifo, queue, deadLetter };
}

/** What EventBridge and Lambda could not get done. */
export function createScheduleDeadLetters(settings: Settings): aws.sqs.Queue {
  const queue = new aws.sqs.Queue('Dead-schedules', {
    name: nameOf(settings, 'schedules-dead'),
    messageRetentionSeconds: RETENTION_SECONDS,
    visibilityTimeoutSeconds: 60,
    sqsManagedSseEnabled: true,
  });
  refusePlainHttp('Tls-schedules-dead', queue);
  return queue;
}

function refusePlainHttp(name: string, queue: aws.sqs.Queue): void {
  new aws.sqs.QueuePolicy(name, {
    queueUrl: queue.id,
    policy: $jsonStringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'sqs:*',
          Resource: queue.arn,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    }),
  });
}
