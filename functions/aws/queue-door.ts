/** A consumer as the handler of a queue: what it counts is written down with every batch. */
import type { BatchHandler, Queue } from '@sluice/core/ports/queue';
import {
  type LambdaContext,
  type SqsBatchResponse,
  type SqsEvent,
  toLambdaHandler,
} from '@sluice/platform/aws/event-source';
import type { CloudProcess } from './process.ts';

export function toQueueHandler(
  handler: BatchHandler,
  { queue, process }: { readonly queue: Queue; readonly process: Pick<CloudProcess, 'report'> },
): (event: SqsEvent, context: LambdaContext) => Promise<SqsBatchResponse> {
  const consume = toLambdaHandler(handler, { queue });
  return async (event, context) => {
    try {
      return await consume(event, context);
    } finally {
      await process.report().catch(() => {});
    }
  };
}
