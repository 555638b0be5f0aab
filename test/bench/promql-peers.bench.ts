/**
 * The same queries over HTTP to Sluice and to Debian's Prometheus, in the same run: how many of theirs one
 * of our CPU seconds is worth. Their samples are in the head block, ours in memory. Without a `prometheus` on the path there is nothing to measure.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Bench, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { BENCH_QUERIES, type BenchQuery } from '@sluice/promql/testing/bench-queries';
import { type Ask, askServer, askSluice } from '../peers/promql/ask.ts';
import { differenceOf } from '../peers/promql/compare-answers.ts';
import { startPrometheus } from '../peers/promql/start-prometheus.ts';
import { writeSeries } from '../peers/promql/write-series.ts';

const ROUNDS = 3;
const LEAST_MEASURED_MS = 200;

export const bench: Bench = {
  name: 'PromQL beside Prometheus',
  async run() {
    if (!hasPrometheus()) return [];
    const figures: Figure[] = [];
    // A server for each: one takes nothing that is much older than its newest sample.
    for (const query of BENCH_QUERIES) figures.push(...(await measure(query)));
    return figures;
  },
};

async function measure({ name, query, series, ...times }: BenchQuery): Promise<readonly Figure[]> {
  const data = series();
  const prometheus = await startPrometheus();
  try {
    await writeSeries(prometheus.url, data);
    const { startMs, endMs, stepMs } = times;
    const seconds = { start: startMs / 1000 + 7, end: endMs / 1000, step: stepMs / 1000 };
    const entries = Object.entries({ query, ...seconds }).map(([key, value]): [string, string] => [
      key,
      String(value),
    ]);
    const path = `query_range?${new URLSearchParams(entries)}`;
    const [sluice, other] = [askSluice(data), askServer(prometheus.url)];
    // Where counters begin, the releases extrapolate differently by a little.
    const difference = differenceOf(await sluice(path), await other(path), {
      relative: 0.01,
      ofLargest: 0.001,
    });
    if (difference) throw new Error(`${query} is not answered alike: ${difference}`);
    const samples = data.reduce((sum, { times: own }) => sum + own.length, 0);
    const ours = await leastCpuMs(async () => void (await sluice(path)), { rounds: ROUNDS });
    const theirs = await leastServerCpuMs(prometheus.pid, other, path);
    const rate = (ms: number): number => (samples / ms) * 1000;
    return [
      {
        name: `${name}: Prometheus ${prometheus.version}`,
        value: rate(theirs),
        unit: 'samples/cpu-s',
        limit: { kind: 'at least', value: 0 },
      },
      {
        name: `${name}: Sluice`,
        value: rate(ours),
        unit: 'samples/cpu-s',
        limit: { kind: 'at least', value: rate(theirs) },
      },
    ];
  } finally {
    await prometheus.stop();
  }
}

/** A process is charged in ticks of 10 ms: as many calls make one figure as fill some of them. */
async function leastServerCpuMs(pid: number, ask: Ask, path: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = processCpuMs(pid);
    let calls = 0;
    while (processCpuMs(pid) - before < LEAST_MEASURED_MS) {
      await ask(path);
      calls++;
    }
    least = Math.min(least, (processCpuMs(pid) - before) / calls);
  }
  return least;
}

/** User and system time (proc(5): fields 14 and 15, in 1/100 s). */
function processCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function hasPrometheus(): boolean {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
