/**
 * Differential fuzzing of the wire walker and the decoders. SLUICE_FUZZ_RUNS sets the number of inputs,
 * SLUICE_FUZZ_SEED the seed.
 */
import { Worker } from 'node:worker_threads';
import { SIGNALS } from '@sluice/core/names';
import { expect, test } from 'vitest';
import type { FuzzOptions, FuzzTally } from './testing/fuzz-readers.ts';

const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 10_000);
const SEED = Number(process.env.SLUICE_FUZZ_SEED ?? 1);

test.each(SIGNALS)(
  'the walker and the decoder of %s agree with a full decoder on every input',
  { timeout: 600_000 },
  async (signal) => {
    const runs = Math.ceil(RUNS / SIGNALS.length);
    const seen = await fuzzInThread({ signal, runs, seed: SEED });
    expect(Object.values(seen).reduce((sum, count) => sum + count, 0)).toBe(runs);
    // A run that saw one kind of outcome only would prove nothing.
    expect(seen.sound).toBeGreaterThan(runs / 20);
    expect(seen.malformed).toBeGreaterThan(runs / 20);
    expect(seen.cut).toBeGreaterThan(runs / 200);
  },
);

function fuzzInThread(options: FuzzOptions): Promise<FuzzTally> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./testing/fuzz-worker.ts', import.meta.url), {
      workerData: options,
      execArgv: [],
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
