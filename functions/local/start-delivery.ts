/** The consumers of the local process: each signal's queue into its embedded store and, where set, a real server. */
import type { LocalSettings } from '@sluice/core/local-settings';
import type { Logger } from '@sluice/core/logger';
import type { Signal } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Queue } from '@sluice/core/ports/queue';
import type { Sink } from '@sluice/core/ports/sink';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { type BeforePush, createDeliverHandler } from '@sluice/delivery/deliver-handler';
import { type Consumer, startConsumer } from '@sluice/platform/consume';
import { createCloudWatchSinks } from './cloudwatch.ts';

export interface DeliveryOptions {
  readonly signal: Signal;
  readonly queue: Queue;
  readonly deadLetter: Queue;
  readonly sinks: readonly Sink[];
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
  readonly beforePush?: BeforePush;
}

/** Longer than a push's time-out several times over: a batch of singly pushed messages must fit. */
const VISIBILITY_TIMEOUT_MS = 120_000;
const SOFT_DEADLINE_MS = 90_000;
const CONCURRENCY = 2;
const BATCH_SIZE = 10;

export function startDelivery(options: DeliveryOptions): Consumer {
  const { queue, deadLetter, clock, logger } = options;
  return startConsumer({
    queue,
    deadLetter,
    handler: createDeliverHandler({ ...options, random: Math.random }),
    concurrency: CONCURRENCY,
    batchSize: BATCH_SIZE,
    visibilityTimeoutMs: VISIBILITY_TIMEOUT_MS,
    softDeadlineMs: SOFT_DEADLINE_MS,
    clock,
    logger,
  });
}

/** Tempo, Loki and CloudWatch Logs, where they are set. Their code is loaded only then. */
export async function createRemoteSinks(
  settings: LocalSettings,
  clock: Clock,
): Promise<Readonly<Record<'traces' | 'logs', readonly Sink[]>>> {
  const { tempo, loki } = settings;
  return {
    traces:
      tempo === undefined
        ? []
        : [(await import('@sluice/backends/tempo/tempo-sink')).createTempoSink({ ...tempo, fetch, clock })],
    logs: [
      ...(loki === undefined
        ? []
        : [(await import('@sluice/backends/loki/loki-sink')).createLokiSink({ ...loki, fetch, clock })]),
      ...(await createCloudWatchSinks(settings, clock)),
    ],
  };
}
