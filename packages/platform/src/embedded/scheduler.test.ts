import { type Logger, silentLogger } from '@sluice/core/logger';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeSchedulerContract } from '../testing/scheduler-contract.ts';
import { createEmbeddedScheduler } from './scheduler.ts';

const MINUTE = 60_000;

function make(startMs = 1000 * MINUTE + 1) {
  const clock = createFakeClock(startMs);
  const lines: string[] = [];
  const note = (message: string): void => void lines.push(message);
  const logger: Logger = { ...silentLogger, warn: note, error: note };
  const scheduler = createEmbeddedScheduler({ clock, logger });
  onTestFinished(() => scheduler.stop());
  return { clock, lines, scheduler };
}

describeSchedulerContract('embedded', () => {
  const { clock, scheduler } = make();
  return {
    scheduler,
    async tick() {
      scheduler.start();
      await clock.advance(MINUTE - (clock.nowMs() % MINUTE));
      return clock.nowMs();
    },
  };
});

describe('the embedded scheduler', () => {
  test('does not run two ticks of a job at once, and makes up for those that came meanwhile', async () => {
    const { clock, scheduler } = make();
    const ticks: number[] = [];
    let running = 0;
    scheduler.register({
      name: 'slow',
      intervalMs: MINUTE,
      run: async ({ scheduledAtMs }) => {
        expect(++running).toBe(1);
        if (ticks.length === 0) await clock.sleep(3.5 * MINUTE);
        ticks.push(scheduledAtMs / MINUTE);
        running -= 1;
      },
    });
    scheduler.start();
    scheduler.start();
    await clock.advance(4 * MINUTE);
    expect(ticks).toEqual([]);
    await clock.advance(MINUTE);
    expect(ticks).toEqual([1001, 1002, 1003, 1004, 1005]);
  });

  test('leaves out the oldest ticks after a long sleep, and says so', async () => {
    const { clock, lines, scheduler } = make();
    const ticks: number[] = [];
    scheduler.register({
      name: 'reduce',
      intervalMs: MINUTE,
      run: async ({ scheduledAtMs }) => void ticks.push(scheduledAtMs / MINUTE),
    });
    scheduler.start();
    clock.set(1500 * MINUTE + 1);
    await clock.advance(500 * MINUTE);
    expect(lines).toEqual(['scheduler fell behind; the oldest ticks are left out']);
    expect(ticks[0]).toBeGreaterThan(1001);
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
    expect(ticks.at(-1)).toBe(2000);
  });

  test('logs what a job throws', async () => {
    const { clock, lines, scheduler } = make();
    scheduler.start();
    scheduler.register({ name: 'late', intervalMs: MINUTE, run: () => Promise.reject(new Error('no')) });
    await clock.advance(MINUTE);
    expect(lines).toEqual(['scheduled job failed']);
  });

  test('waits for a running job when it stops, and runs nothing afterwards', async () => {
    const { clock, scheduler } = make();
    const release = Promise.withResolvers<void>();
    let done = 0;
    scheduler.register({
      name: 'job',
      intervalMs: MINUTE,
      run: async () => {
        await release.promise;
        done += 1;
      },
    });
    scheduler.start();
    await clock.advance(MINUTE);
    const stopped = scheduler.stop();
    release.resolve();
    await stopped;
    await clock.advance(10 * MINUTE);
    expect(done).toBe(1);
  });

  test('refuses an interval that is not positive', () => {
    const { scheduler } = make();
    expect(() => scheduler.register({ name: 'x', intervalMs: 0, run: async () => {} })).toThrow(
      /"x": intervalMs 0/,
    );
  });
});
