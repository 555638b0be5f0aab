/** The consumer of the reduce queue: one message is one tick of one shard. */
import { describeError, PermanentError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import type { BatchFailure, BatchHandler } from '@sluice/core/ports/queue';
import type { ReduceAndPush } from './reduce-and-push.ts';
import { decodeReduceJob } from './reduce-job.ts';

export interface ReduceHandlerOptions {
  readonly run: ReduceAndPush;
  readonly logger: Logger;
}

/** A tick that failed is of use again only until the next one, which takes up its work. */
const RETRY_MS = 5_000;
const MAX_RECEIVES = 3;

export function createReduceHandler({ run, logger }: ReduceHandlerOptions): BatchHandler {
  return async (messages, { signal }) => {
    const failures: BatchFailure[] = [];
    // Messages of one shard in the order of their ticks: a later one would make the earlier superfluous.
    for (const message of messages) {
      const { messageId, receiveCount } = message;
      try {
        await run(decodeReduceJob(message), { signal });
      } catch (error) {
        logger.warn('a tick of a shard failed', { error: describeError(error), receiveCount });
        if (!(error instanceof PermanentError) && receiveCount < MAX_RECEIVES)
          failures.push({ messageId, retryAfterMs: RETRY_MS });
      }
    }
    return { failures };
  };
}
