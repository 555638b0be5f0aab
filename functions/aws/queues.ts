/** Queues by the variables that name them. */
import type { Queue } from '@sluice/core/ports/queue';
import type { Environment } from '@sluice/core/settings';
import type { SelfTracer } from '@sluice/delivery/self-traces/self-tracer';
import { withTraceparent } from '@sluice/delivery/self-traces/send-spans';
import { createSqsQueue } from '@sluice/platform/aws/queue';
import { createSqsClient } from '@sluice/platform/aws/sqs-client';
import { requireText } from './require-text.ts';

export interface Queues {
  /** @throws UsageError when the variable is not set */
  queue(variable: string): Queue;
}

export interface QueuesOptions {
  readonly env: Environment;
  readonly tracer: Pick<SelfTracer, 'traceparent'>;
}

/** Messages tell which of our own spans sent them. */
export function openQueues({ env, tracer }: QueuesOptions): Queues {
  const client = createSqsClient();
  return {
    queue: (variable) =>
      withTraceparent(createSqsQueue({ client, queueUrl: requireText(env, variable) }), tracer),
  };
}

/** One that tells nothing of spans: for the spans themselves. @throws UsageError */
export function openPlainQueue({ env }: Pick<QueuesOptions, 'env'>, variable: string): Queue {
  return createSqsQueue({ client: createSqsClient(), queueUrl: requireText(env, variable) });
}
