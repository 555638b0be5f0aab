/** What the local process tells of itself: gauges of its queues, and whether it is ready. */
import { describeError } from '@sluice/core/errors';
import { METRIC } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Queue } from '@sluice/core/ports/queue';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { ReadinessCheck } from '@sluice/query/query-app';
import type { Storage } from './open-storage.ts';

export function observe(
  { queues, auditQueue, notificationQueue }: Storage,
  selfMetrics: SelfMetrics,
  startedAtMs: number,
): void {
  const messages = selfMetrics.gauge(METRIC.queueMessages, 'Messages on a queue, by state.');
  const oldestAge = selfMetrics.gauge(METRIC.queueOldestAge, 'Age of the oldest message of a queue.');
  selfMetrics.gauge(METRIC.buildInfo, 'Always 1.').set(1, { mode: 'local', node: process.version });
  selfMetrics
    .gauge(METRIC.startTime, 'Start of the process in seconds since the epoch.')
    .set(startedAtMs / 1000);
  const note = async (queue: Queue): Promise<void> => {
    const { visible, inFlight, delayed, oldestAgeMs } = await queue.stats();
    messages.set(visible, { queue: queue.name, state: 'visible' });
    messages.set(inFlight, { queue: queue.name, state: 'in-flight' });
    messages.set(delayed, { queue: queue.name, state: 'delayed' });
    if (oldestAgeMs !== undefined) oldestAge.set(oldestAgeMs / 1000, { queue: queue.name });
  };
  selfMetrics.onCollect(async () => {
    for (const { queue, deadLetter } of [...Object.values(queues), auditQueue, notificationQueue]) {
      await note(queue);
      await note(deadLetter);
    }
  });
}

const READINESS_TABLE = ['CREATE TABLE readiness (id INTEGER PRIMARY KEY, checked_at_ms INTEGER NOT NULL)'];

/** Writes to the data file: everything else that local mode needs is in this process. */
export function createReadiness(
  { database }: Storage,
  clock: Clock,
): () => Promise<readonly ReadinessCheck[]> {
  database.migrate('readiness', READINESS_TABLE);
  const note = database.db.prepare('INSERT OR REPLACE INTO readiness VALUES (1, ?)');
  return async () => {
    try {
      await database.write(() => note.run(clock.nowMs()));
      return [{ name: 'data file', ok: true }];
    } catch (error) {
      return [{ name: 'data file', ok: false, detail: describeError(error) }];
    }
  };
}
