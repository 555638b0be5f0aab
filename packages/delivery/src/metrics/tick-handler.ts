/**
 * What happens at a tick: a changed number of shards is announced, and every shard with data gets its order
 * to reduce. The tick itself does no work, so that it is over at once and no shard waits for another.
 */
import type { Logger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import type { Queue } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import { listActiveShards } from '@sluice/metrics/collect/active-shards';
import { announceShards } from '@sluice/metrics/collect/shard-plan';
import type { MetricsSettings } from '@sluice/metrics/metrics-settings';
import { encodeReduceJob, type ReduceJob } from './reduce-job.ts';

export interface TickHandlerOptions {
  readonly table: Table;
  readonly clock: Clock;
  readonly settings: MetricsSettings;
  readonly logger: Logger;
  /** Takes the orders: a queue in the cloud, the work itself in one process. */
  readonly dispatch: (jobs: readonly ReduceJob[]) => Promise<void>;
}

export function createTickHandler({
  table,
  clock,
  settings,
  logger,
  dispatch,
}: TickHandlerOptions): (tickMs: number) => Promise<readonly ReduceJob[]> {
  return async (tickMs) => {
    // Until a change is allowed again it is asked for at every tick.
    if ((await announceShards(table, settings, { nowMs: clock.nowMs() })) === 'announced')
      logger.info('the number of shards changes', { shards: settings.shards });
    const shards = await listActiveShards(table, { tickMs });
    const jobs = shards.map(({ tenant, shard }) => ({ tenant, shard, tickMs }));
    if (jobs.length > 0) await dispatch(jobs);
    return jobs;
  };
}

/** Orders by way of a queue. What it does not take is taken up at the next tick. */
export function dispatchByQueue(queue: Queue, logger: Logger): TickHandlerOptions['dispatch'] {
  return async (jobs) => {
    const outcomes = await queue.send(jobs.map(encodeReduceJob));
    const refused = outcomes.find(({ status }) => status !== 'ok');
    if (refused !== undefined && refused.status !== 'ok')
      logger.warn('ticks of shards could not be ordered', { queue: queue.name, reason: refused.reason });
  };
}
