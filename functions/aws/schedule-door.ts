/** A job as the handler of a schedule: `{job, scheduledAtMs}` comes in, and what the job throws is tried again. */
import type { ScheduledJob } from '@sluice/core/ports/scheduler';
import { createEventScheduler } from '@sluice/platform/aws/scheduler';
import type { CloudProcess } from './process.ts';

export function toScheduleHandler(
  job: ScheduledJob,
  { process }: { readonly process: Pick<CloudProcess, 'report'> },
): (event: unknown) => Promise<void> {
  const scheduler = createEventScheduler();
  scheduler.register(job);
  return async (event) => {
    try {
      await scheduler.dispatch(event);
    } finally {
      await process.report().catch(() => {});
    }
  };
}
