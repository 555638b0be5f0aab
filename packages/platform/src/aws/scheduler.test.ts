import { PermanentError } from '@sluice/core/errors';
import { expect, test } from 'vitest';
import { describeSchedulerContract } from '../testing/scheduler-contract.ts';
import { createEventScheduler } from './scheduler.ts';

describeSchedulerContract('EventBridge', () => {
  const scheduler = createEventScheduler();
  const names: string[] = [];
  let atMs = Date.UTC(2026, 0, 1);
  return {
    scheduler: {
      register(job) {
        scheduler.register(job);
        names.push(job.name);
      },
    },
    async tick() {
      atMs += 60_000;
      const events = names.map((job) => ({ job, scheduledAtMs: new Date(atMs + 12).toISOString() }));
      await Promise.allSettled(events.map(scheduler.dispatch));
      return atMs;
    },
  };
});

test('what a job throws is thrown, so that the event comes again', async () => {
  const scheduler = createEventScheduler();
  scheduler.register({ name: 'flaky', intervalMs: 1000, run: () => Promise.reject(new Error('no')) });
  await expect(scheduler.dispatch({ job: 'flaky', scheduledAtMs: 1000 })).rejects.toThrow('no');
});

test.each([
  undefined,
  {},
  { job: 'known' },
  { job: 'known', scheduledAtMs: 'yesterday' },
  { scheduledAtMs: 1 },
  { job: 'unknown', scheduledAtMs: 1 },
])('the event %o is refused for good', async (event) => {
  const scheduler = createEventScheduler();
  scheduler.register({ name: 'known', intervalMs: 1000, run: async () => {} });
  await expect(scheduler.dispatch(event)).rejects.toThrow(PermanentError);
});
