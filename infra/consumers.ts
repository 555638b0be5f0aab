/** What feeds functions from queues. Answers name the messages that failed; the others are done. */
import type { QueuePair } from './queues';
import type { Settings } from './settings';

export interface ConsumerSpec {
  readonly pair: QueuePair;
  readonly fn: sst.aws.Function;
  readonly batchSize: number;
  /** More than 10 messages need a window (Lambda API Reference § CreateEventSourceMapping). */
  readonly windowSeconds: number;
}

export function createConsumer(
  { pair, fn, batchSize, windowSeconds }: ConsumerSpec,
  settings: Settings,
): void {
  new aws.lambda.EventSourceMapping(`Consume-${pair.key}`, {
    eventSourceArn: pair.queue.arn,
    functionName: fn.arn,
    batchSize,
    maximumBatchingWindowInSeconds: windowSeconds,
    functionResponseTypes: ['ReportBatchItemFailures'],
    scalingConfig: { maximumConcurrency: settings.consumerConcurrency },
  });
}
