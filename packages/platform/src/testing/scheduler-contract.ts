/** What every Scheduler adapter must do, as one suite. */
import type { Scheduler } from '@sluice/core/ports/scheduler';
import { describe, expect, test } from 'vitest';

export interface SchedulerHarness {
  readonly scheduler: Scheduler;
  /** Lets the next tick of every registered job come and run; answers its border. */
  tick(): Promise<number>;
}

export function describeSchedulerContract(name: string, makeHarness: () => SchedulerHarness): void {
  describe(`scheduler contract: ${name}`, () => {
    test('a tick names its job and a border of its interval', async () => {
      const { scheduler, tick } = makeHarness();
      const ticks: unknown[] = [];
      scheduler.register({ name: 'reduce', intervalMs: 60_000, run: async (own) => void ticks.push(own) });
      const first = await tick();
      const second = await tick();
      expect(ticks).toEqual([
        { job: 'reduce', scheduledAtMs: first },
        { job: 'reduce', scheduledAtMs: second },
      ]);
      expect([first % 60_000, second - first]).toEqual([0, 60_000]);
    });

    test('a job that throws gets its next tick all the same', async () => {
      const { scheduler, tick } = makeHarness();
      let runs = 0;
      scheduler.register({
        name: 'flaky',
        intervalMs: 60_000,
        run: async () => {
          runs += 1;
          throw new Error('not today');
        },
      });
      await tick();
      await tick();
      expect(runs).toBe(2);
    });

    test('a name can be registered only once', () => {
      const { scheduler } = makeHarness();
      const job = { name: 'twice', intervalMs: 1000, run: async () => {} };
      scheduler.register(job);
      expect(() => scheduler.register(job)).toThrow(/"twice" is registered twice/);
    });
  });
}
