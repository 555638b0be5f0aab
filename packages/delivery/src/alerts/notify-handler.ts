/**
 * The consumer of the notifications queue: each message is one content for one integration. What the other side
 * cannot take now comes back after a while; what it refuses is left to the next flush of the group.
 */
import type { AlertingSetup } from '@sluice/alerting/config/alerting-setup';
import type { AlertingState } from '@sluice/alerting/notify/alerting-state';
import { decodeJob, type NotifyJob } from '@sluice/alerting/notify/notify-job';
import { type NotifyResult, runNotifyJob } from '@sluice/alerting/notify/run-notify-job';
import { toDeadLetter } from '@sluice/core/envelope';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { BatchFailure, BatchHandler, Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import type { SelfMetrics } from '@sluice/core/self-metrics';

export interface NotifyHandlerOptions {
  readonly stateOf: (tenant: string) => AlertingState;
  /** Undefined while there is no configuration: what is queued waits for one until its deadline. */
  readonly setup: () => AlertingSetup | undefined;
  readonly externalUrl: () => string;
  readonly queue: Pick<Queue, 'name'>;
  readonly deadLetter: Queue;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

const RETRY_WITHOUT_SETUP_MS = 5_000;
const RETRY_BURIAL_MS = 5_000;

export function createNotifyHandler(options: NotifyHandlerOptions): BatchHandler {
  const { queue, deadLetter, clock, selfMetrics, logger } = options;
  const sent = selfMetrics.counter(METRIC.notifications, 'Attempts to notify, by receiver kind and outcome.');

  async function bury(message: ReceivedMessage, reason: string): Promise<BatchFailure | undefined> {
    const { messageId } = message;
    const dead = toDeadLetter(message, { reason, source: queue.name, atMs: clock.nowMs() });
    const [outcome] = await deadLetter.send([dead]);
    return outcome?.status === 'ok' ? undefined : { messageId, retryAfterMs: RETRY_BURIAL_MS };
  }

  async function handle(message: ReceivedMessage, signal: AbortSignal): Promise<BatchFailure | undefined> {
    const { messageId, receiveCount } = message;
    let job: NotifyJob;
    try {
      job = decodeJob(message.body);
    } catch (error) {
      return bury(message, error instanceof Error ? error.message : String(error));
    }
    const setup = options.setup();
    if (setup === undefined) {
      return clock.nowMs() < job.deadlineMs ? { messageId, retryAfterMs: RETRY_WITHOUT_SETUP_MS } : undefined;
    }
    const result = await runNotifyJob(job, receiveCount, {
      state: options.stateOf(job.tenant),
      config: setup.config,
      integrationOf: setup.integrationOf,
      externalUrl: options.externalUrl(),
      nowMs: () => clock.nowMs(),
      signal,
    });
    sent.add(1, { receiver: job.receiver, kind: job.kind, outcome: result.status });
    tell(job, result);
    return result.status === 'again' ? { messageId, retryAfterMs: result.retryAfterMs } : undefined;
  }

  function tell({ receiver, kind, index, groupKey, sequence }: NotifyJob, result: NotifyResult): void {
    const fields = { receiver, integration: `${kind}[${index}]`, group: groupKey, sequence };
    switch (result.status) {
      case 'delivered':
        logger.debug('notified', fields);
        break;
      case 'stale':
        logger.debug('a notification is out of date', { ...fields, reason: result.reason });
        break;
      case 'again':
        logger.warn('a notification could not be delivered and is tried again', {
          ...fields,
          reason: result.reason,
          retryAfterMs: result.retryAfterMs,
        });
        break;
      case 'failed':
        logger.error('a notification failed; the next flush of the group decides anew', {
          ...fields,
          reason: result.reason,
        });
    }
  }

  return async (messages, { signal }) => {
    const failures = await Promise.all(
      messages.map((message) =>
        handle(message, signal).catch((error: unknown): BatchFailure => {
          logger.warn('a notification could not be worked on', {
            error: error instanceof Error ? error.message : String(error),
          });
          return { messageId: message.messageId, retryAfterMs: RETRY_WITHOUT_SETUP_MS };
        }),
      ),
    );
    return { failures: failures.filter((failure) => failure !== undefined) };
  };
}
