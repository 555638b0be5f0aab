/**
 * Queries in samples of the store per CPU second (each sample counts once, however many windows it falls
 * into), and how long the slowest of many broken expressions takes.
 */
import { systemClock } from '@sluice/core/ports/clock';
import { type Bench, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { createEngine } from './engine.ts';
import { BENCH_QUERIES, type BenchQuery } from './testing/bench-queries.ts';
import { fuzzExpressions } from './testing/fuzz-expressions.ts';
import { createMemoryReader } from './testing/memory-series.ts';

const LEAST_SAMPLES_PER_SECOND = 20_000_000;
const FUZZ_RUNS = 20_000;

export const bench: Bench = {
  name: 'PromQL',
  async run() {
    const figures: Figure[] = [];
    for (const query of BENCH_QUERIES) figures.push(await measure(query));
    const { slowestMs } = await fuzzExpressions({ runs: FUZZ_RUNS, seed: 3 });
    const limit = { kind: 'at most', value: 100 } as const;
    return [
      ...figures,
      { name: `slowest of ${FUZZ_RUNS} mutated expressions`, value: slowestMs, unit: 'ms', limit },
    ];
  },
};

async function measure({ name, query, series, ...times }: BenchQuery): Promise<Figure> {
  const engine = createEngine({ clock: systemClock });
  const reader = createMemoryReader(series());
  const run = () => engine.range(query, { reader, ...times });
  const { samplesRead } = (await run()).stats;
  const ms = await leastCpuMs(async () => void (await run()), { rounds: 7 });
  const limit = { kind: 'at least', value: LEAST_SAMPLES_PER_SECOND } as const;
  return { name, value: (samplesRead / ms) * 1000, unit: 'samples/cpu-s', limit };
}
