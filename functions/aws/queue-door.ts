/** A consumer as the handler of a queue: what it counts is written down with every batch. */
import type { BatchHandler, Queue } from '@sluice/core/ports/queue';
import { NO_TRACER } from '@sluice/delivery/self-traces/self-tracer';
import {
  type LambdaContext,
  type SqsBatchResponse,
  type SqsEvent,
  toLambdaHandler,
} from '@sluice/platform/aws/event-source';
import type { CloudProcess } from './process.ts';
import { batchInvocation } from './self-traces.ts';
import { withSourceStack } from './source-stack.ts';

export function toQueueHandler(
  handler: BatchHandler,
  { queue, process }: { readonly queue: Queue; readonly process: Pick<CloudProcess, 'report' | 'tracer'> },
): (event: SqsEvent, context: LambdaContext) => Promise<SqsBatchResponse> {
  const consume = toLambdaHandler(handler, { queue });
  return async (event, context) => {
    const invocation = batchInvocation(event, { queue: queue.name, context });
    const tracer = invocation === undefined ? NO_TRACER : process.tracer;
    try {
      return await tracer.run(invocation!, async (span) => {
        const response = await withSourceStack(() => consume(event, context));
        const failed = response.batchItemFailures.length;
        if (failed > 0) span.set({ 'sluice.batch.failures': failed });
        return response;
      });
    } finally {
      await Promise.allSettled([process.tracer.flush(), process.report()]);
    }
  };
}
