/**
 * Puts the span metrics of trace messages on the metrics queue, before the traces go to any destination:
 * once a destination has the spans, their counts are safe. A redelivery sends the same id again, which
 * the reducer recognises for as long as its repeat window lasts; beyond that nothing is sent again.
 */
import { encodePayload } from '@sluice/core/envelope';
import { describeError, PermanentError } from '@sluice/core/errors';
import type { MessageId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import type { OutgoingMessage, Queue } from '@sluice/core/ports/queue';
import { countSpans, spanMetricsIdOf } from '@sluice/metrics/span-metrics/count-spans';
import { encodeSpanCounts } from '@sluice/metrics/span-metrics/span-counts-codec';
import { createSpanNameLimit } from '@sluice/metrics/span-metrics/span-name';
import type { BeforePush } from '../deliver-handler.ts';
import type { Job } from '../unit.ts';

export interface SpanMetricsOptions {
  readonly metricsQueue: Pick<Queue, 'send' | 'name'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger: Logger;
}

/** Well within the hour for which the reducer knows a message id again. */
const REPEATABLE_MS = 45 * 60_000;
/** Calls and latency. */
const POINTS_PER_GROUP = 2;

export function createSpanMetricsSender({ metricsQueue, clock, logger }: SpanMetricsOptions): BeforePush {
  const names = createSpanNameLimit();

  const derive = async ({ envelope, part }: Job): Promise<OutgoingMessage | undefined> => {
    const { tenant, receivedAtMs } = envelope;
    const services = countSpans(await part.raw(), { tenant, receivedAtMs, names });
    const groups = services.reduce((sum, service) => sum + service.groups.length, 0);
    if (groups === 0) return undefined;
    const id = spanMetricsIdOf(envelope.id) as MessageId;
    return encodePayload(
      { id, signal: 'metrics', tenant, items: groups * POINTS_PER_GROUP, receivedAtMs },
      { codec: 'span-counts', bytes: encodeSpanCounts(services, receivedAtMs) },
    );
  };

  return async (jobs) => {
    const held = new Set<string>();
    const messages: { readonly from: string; readonly message: OutgoingMessage }[] = [];
    for (const job of jobs) {
      const { messageId, receiveCount, sentAtMs } = job.message;
      // Seen before and waiting ever since: it was counted then, and a repeat would no longer be known.
      if (receiveCount > 1 && clock.nowMs() - sentAtMs > REPEATABLE_MS) continue;
      try {
        const message = await derive(job);
        if (message !== undefined) messages.push({ from: messageId, message });
      } catch (error) {
        // A message that cannot be read is for the sinks to judge; it has no spans to count.
        if (!(error instanceof PermanentError)) held.add(messageId);
      }
    }
    if (messages.length === 0) return held;
    try {
      const outcomes = await metricsQueue.send(messages.map(({ message }) => message));
      for (const [i, { from }] of messages.entries()) {
        const outcome = outcomes[i];
        if (outcome?.status === 'ok') continue;
        if (outcome?.status === 'permanent')
          logger.error('span metrics of a message are too large for the queue and are left out', {
            reason: outcome.reason,
          });
        else held.add(from);
      }
    } catch (error) {
      for (const { from } of messages) held.add(from);
      logger.warn('span metrics could not be queued; their traces wait', {
        queue: metricsQueue.name,
        reason: describeError(error),
      });
    }
    return held;
  };
}
