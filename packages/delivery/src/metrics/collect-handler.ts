/**
 * The consumer of the metrics queue: points become blocks in the table, and a message is acknowledged once
 * its blocks are there. What can never be read goes to the dead-letter queue; everything else is tried
 * again, since a repeat is recognised by its id.
 */
import { backoffMs } from '@sluice/core/backoff';
import { toDeadLetter } from '@sluice/core/envelope';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { BatchFailure, BatchHandler, Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { createCollectMemory } from '@sluice/metrics/collect/collect-memory';
import { collectMetrics } from '@sluice/metrics/collect/collect-metrics';
import type { MetricsSettings } from '@sluice/metrics/metrics-settings';

export interface CollectHandlerOptions {
  readonly table: Table;
  readonly settings: MetricsSettings;
  readonly queue: Pick<Queue, 'name'>;
  readonly deadLetter: Queue;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

const BACKOFF = { baseMs: 1_000, capMs: 60_000 };

export function createCollectHandler(options: CollectHandlerOptions): BatchHandler {
  const { table, settings, queue, deadLetter, clock, random, selfMetrics, logger } = options;
  const memory = createCollectMemory();
  const points = selfMetrics.counter(METRIC.metricsPoints, 'Data points, by what became of them.');
  const deadLetters = selfMetrics.counter(METRIC.deadLetters, 'Messages given up, by cause.');

  /** Whether the message is safe among the dead letters. */
  async function bury(message: ReceivedMessage, reason: string): Promise<boolean> {
    const dead = toDeadLetter(message, { reason, source: queue.name, atMs: clock.nowMs() });
    const [outcome] = await deadLetter.send([dead]);
    if (outcome?.status !== 'ok') return false;
    deadLetters.add(1, { signal: 'metrics', sink: '', cause: 'unreadable' });
    return true;
  }

  return async (messages) => {
    const failures: BatchFailure[] = [];
    const outcomes = await collectMetrics(messages, { table, clock, settings, memory });
    for (const [i, outcome] of outcomes.entries()) {
      const message = messages[i]!;
      const { messageId } = outcome;
      if (outcome.status === 'stored') {
        points.add(outcome.points, { outcome: 'stored' });
        for (const { reason, count, example } of outcome.rejected) {
          points.add(count, { outcome: 'rejected', reason });
          logger.warn('data points are refused', { reason, count, example });
        }
        for (const warning of outcome.warnings) logger.debug('data points are doubtful', { warning });
      } else if (outcome.status === 'retry' || !(await bury(message, outcome.reason))) {
        const retryAfterMs = backoffMs(message.receiveCount, { ...BACKOFF, random });
        failures.push({ messageId, retryAfterMs });
        logger.warn('data points could not be stored and are tried again', { reason: outcome.reason });
      }
    }
    return { failures };
  };
}
