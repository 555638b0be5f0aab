import { expect, test } from 'vitest';
import { cpuMs, leastCpuMs } from './bench.ts';

test('the work of a measurement is done as often as it was asked for', async () => {
  let calls = 0;
  const figure = await leastCpuMs(
    () => {
      calls += 1;
    },
    { rounds: 3, callsPerRound: 4, warmup: 2 },
  );
  expect(calls).toBe(2 * 4 + 3 * 4);
  expect(figure).toBeGreaterThanOrEqual(0);
});

test('asynchronous work is waited for', async () => {
  let isDone = false;
  await cpuMs(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    isDone = true;
  });
  expect(isDone).toBe(true);
});
