/** The Scheduler port on EventBridge: a schedule invokes the function with `{job, scheduledAtMs}`. */
import { PermanentError } from '@sluice/core/errors';
import type { ScheduledJob, ScheduledTick, Scheduler } from '@sluice/core/ports/scheduler';

export interface EventScheduler extends Scheduler {
  /** Runs the job that the event names. What the job throws is thrown, so that Lambda tries again. */
  dispatch(event: unknown): Promise<void>;
}

export function createEventScheduler(): EventScheduler {
  const jobs = new Map<string, ScheduledJob>();
  return {
    register(job) {
      if (jobs.has(job.name)) throw new TypeError(`job "${job.name}" is registered twice`);
      jobs.set(job.name, job);
    },
    async dispatch(event) {
      const { job, scheduledAtMs } = parseTick(event);
      const registered = jobs.get(job);
      if (registered === undefined) {
        throw new PermanentError(`there is no job "${job}"; known: ${[...jobs.keys()].join(', ')}`);
      }
      const { intervalMs } = registered;
      await registered.run({ job, scheduledAtMs: Math.floor(scheduledAtMs / intervalMs) * intervalMs });
    },
  };
}

/** EventBridge writes `<aws.scheduler.scheduled-time>` as ISO 8601; a number is taken as epoch milliseconds. */
function parseTick(event: unknown): ScheduledTick {
  const { job, scheduledAtMs } = (event ?? {}) as { job?: unknown; scheduledAtMs?: unknown };
  const atMs = typeof scheduledAtMs === 'string' ? Date.parse(scheduledAtMs) : scheduledAtMs;
  if (typeof job !== 'string' || typeof atMs !== 'number' || !Number.isFinite(atMs)) {
    throw new PermanentError(
      'a scheduled event needs "job" and "scheduledAtMs" (epoch milliseconds or ISO 8601)',
    );
  }
  return { job, scheduledAtMs: atMs };
}
