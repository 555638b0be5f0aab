/**
 * One tick of one shard, from blocks to the receiver: reduce, then push the stored snapshot. A push that
 * fails fails nobody else: the next tick sends the totals again.
 */
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { Snapshot } from '@sluice/metrics/model/snapshot';
import { createReduceMemory } from '@sluice/metrics/reduce/reduce-memory';
import { type ReduceDeps, reduceShard } from '@sluice/metrics/reduce/reduce-shard';
import type { SnapshotPusher } from './push-snapshot.ts';
import type { ReduceJob } from './reduce-job.ts';
import type { ShardLeases } from './shard-lease.ts';

export interface ReduceAndPushOptions {
  readonly reduce: ReduceDeps;
  /** Absent: snapshots stay in the store. */
  readonly pusher?: SnapshotPusher;
  readonly leases: ShardLeases;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
  /** Hears of every snapshot, in the order of its shard's ticks. */
  readonly onSnapshot?: (snapshot: Snapshot) => void;
}

/** In one line of the log. */
const MAX_SHOWN_WARNINGS = 5;

/** `busy`: another process has the shard; its next tick takes up what this one would have. */
export type ReduceAndPush = (
  job: ReduceJob,
  options: { readonly signal: AbortSignal },
) => Promise<'done' | 'busy'>;

export function createReduceAndPush(options: ReduceAndPushOptions): ReduceAndPush {
  const { pusher, leases, selfMetrics, logger, onSnapshot } = options;
  const memory = options.reduce.memory ?? createReduceMemory();
  const snapshots = selfMetrics.counter(METRIC.metricsSnapshots, 'Ticks of shards, by what became of them.');
  const series = selfMetrics.gauge(METRIC.metricsSeries, 'Series in the last snapshot of a shard.');

  async function work(job: ReduceJob, signal: AbortSignal): Promise<void> {
    const { tenant, shard } = job;
    const result = await reduceShard(job, { ...options.reduce, memory });
    const outcome = result.status === 'unchanged' ? result.reason : result.status;
    snapshots.add(1, { outcome });
    if (result.status === 'unchanged') return;
    const { snapshot } = result;
    series.set(snapshot.series.length, { tenant, shard: String(shard) });
    if (result.status === 'written' && snapshot.warnings.length > 0) {
      const shown = snapshot.warnings.slice(0, MAX_SHOWN_WARNINGS).join('; ');
      logger.warn('metrics are doubtful', { tenant, shard, warnings: snapshot.warnings.length, shown });
    }
    onSnapshot?.(snapshot);
    if (pusher === undefined || signal.aborted) return;
    try {
      await pusher.push(snapshot, { signal });
    } catch (error) {
      logger.warn('a snapshot could not be pushed; the next tick sends the totals again', {
        tenant,
        shard,
        reason: describeError(error),
      });
    }
  }

  return async (job, { signal }) => {
    const done = await leases.withLease(job, () => work(job, signal));
    return done === 'busy' ? 'busy' : 'done';
  };
}
