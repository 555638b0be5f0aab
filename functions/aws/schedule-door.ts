/** A job as the handler of a schedule: `{job, scheduledAtMs}` comes in, and what the job throws is tried again. */
import type { ScheduledJob } from '@sluice/core/ports/scheduler';
import type { LambdaContext } from '@sluice/platform/aws/event-source';
import { createEventScheduler } from '@sluice/platform/aws/scheduler';
import type { CloudProcess } from './process.ts';
import { scheduleInvocation } from './self-traces.ts';
import { withSourceStack } from './source-stack.ts';

export function toScheduleHandler(
  job: ScheduledJob,
  { process }: { readonly process: Pick<CloudProcess, 'report' | 'tracer'> },
): (event: unknown, context?: Partial<LambdaContext>) => Promise<void> {
  const scheduler = createEventScheduler();
  scheduler.register(job);
  return async (event, context) => {
    try {
      await process.tracer.run(scheduleInvocation(job.name, event, context), () =>
        withSourceStack(() => scheduler.dispatch(event)),
      );
    } finally {
      await Promise.allSettled([process.tracer.flush(), process.report()]);
    }
  };
}
