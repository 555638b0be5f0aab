/** The Scheduler port in one process: ticks at multiples of each job's interval since the epoch. */
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import type { ScheduledJob, Scheduler } from '@sluice/core/ports/scheduler';

export interface EmbeddedScheduler extends Scheduler {
  start(): void;
  /** Waits for runs that are under way. */
  stop(): Promise<void>;
}

/**
 * A slow run or a sleeping laptop delays ticks; so many of them are made up for, one after another.
 * Beyond that the oldest are left out (and logged): jobs catch up by themselves from the latest tick.
 */
const MAX_LATE_TICKS = 60;

export function createEmbeddedScheduler({
  clock,
  logger,
}: {
  clock: Clock;
  logger: Logger;
}): EmbeddedScheduler {
  const jobs = new Map<string, ScheduledJob>();
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];
  let started = false;

  const runLoop = async (job: ScheduledJob): Promise<void> => {
    const { name, intervalMs } = job;
    let nextMs = (Math.floor(clock.nowMs() / intervalMs) + 1) * intervalMs;
    for (;;) {
      while (clock.nowMs() < nextMs && !stopping.signal.aborted) {
        await clock.sleep(nextMs - clock.nowMs(), stopping.signal);
      }
      if (stopping.signal.aborted) return;
      const late = Math.floor((clock.nowMs() - nextMs) / intervalMs);
      if (late > MAX_LATE_TICKS) {
        const skipped = late - MAX_LATE_TICKS;
        logger.warn('scheduler fell behind; the oldest ticks are left out', { job: name, skipped });
        nextMs += skipped * intervalMs;
      }
      try {
        await job.run({ job: name, scheduledAtMs: nextMs });
      } catch (error) {
        logger.error('scheduled job failed', {
          job: name,
          scheduledAtMs: nextMs,
          error: describeError(error),
        });
      }
      nextMs += intervalMs;
    }
  };

  return {
    register(job) {
      checkJob(job, jobs);
      jobs.set(job.name, job);
      if (started) loops.push(runLoop(job));
    },
    start() {
      if (started) return;
      started = true;
      for (const job of jobs.values()) loops.push(runLoop(job));
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

function checkJob({ name, intervalMs }: ScheduledJob, known: ReadonlyMap<string, ScheduledJob>): void {
  if (known.has(name)) throw new TypeError(`job "${name}" is registered twice`);
  if (!(intervalMs > 0)) throw new RangeError(`job "${name}": intervalMs ${intervalMs} is not positive`);
}
