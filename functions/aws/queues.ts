/** Queues by the variables that name them. */
import type { Queue } from '@sluice/core/ports/queue';
import type { Environment } from '@sluice/core/settings';
import { createSqsQueue } from '@sluice/platform/aws/queue';
import { createSqsClient } from '@sluice/platform/aws/sqs-client';
import { requireText } from './require-text.ts';

export interface Queues {
  /** @throws UsageError when the variable is not set */
  queue(variable: string): Queue;
}

export function openQueues({ env }: { readonly env: Environment }): Queues {
  const client = createSqsClient();
  return { queue: (variable) => createSqsQueue({ client, queueUrl: requireText(env, variable) }) };
}
