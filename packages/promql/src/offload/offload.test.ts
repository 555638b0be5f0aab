import { createHash } from 'node:crypto';
import { systemClock } from '@sluice/core/ports/clock';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createEngine, type EngineOptions } from '../engine.ts';
import { parseExpression } from '../parse/parse-expression.ts';
import type { QueryResult } from '../query-result.ts';
import type { SeriesReader } from '../series-reader.ts';
import { createMemoryReader } from '../testing/memory-series.ts';
import { notedSeries } from '../testing/noted-series.ts';
import { estimateCost } from './estimate-cost.ts';
import { runJob } from './evaluation-job.ts';
import { createEvaluationWorkers } from './evaluation-workers.ts';

const workers = createEvaluationWorkers({ maxWorkers: 2 });
afterAll(() => workers.close());

const series = notedSeries(
  [
    ...Array.from({ length: 60 }, (_, i) => `hits_total{host="h${i}", job="j${i % 3}"} ${i}+${i % 7}x400`),
    ...['0.1', '1', '+Inf'].map((le, i) => `latency_bucket{le="${le}"} 0+${i + 1}x400`),
    'level{job="j0"} 1 2 stale 4x300',
    'native {{schema:0 count:7 sum:3.5 buckets:[2 0 1]}}x400',
  ].join('\n'),
  { stepMs: 60_000 },
);
const reader = createMemoryReader(series);
const HOUR_MS = 3_600_000;
const times = { startMs: 0, endMs: 6 * HOUR_MS, stepMs: 5_000 };

function enginePair(options: Omit<EngineOptions, 'clock'> = {}) {
  const offload = vi.fn(workers.offload);
  const own = { hasAdvice: true, ...options, clock: systemClock };
  return { offload, there: createEngine({ ...own, offload }), here: createEngine(own) };
}

/** Equal for equal results; comparing a million numbers one by one takes seconds. */
function digestOf(result: QueryResult): string {
  const plain = JSON.stringify(result, (_, value) =>
    value instanceof Float64Array
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
      : value,
  );
  return createHash('sha256').update(plain).digest('hex');
}

describe('an evaluation in another thread', () => {
  test.each([
    'rate(hits_total[5m])',
    'sum by (job) (rate(hits_total[5m])) / on (job) group_left sum by (job) (hits_total)',
    'topk(3, hits_total)',
    'hits_total and on (job) level',
    'max_over_time(sum by (job) (rate(hits_total[5m]))[30m:1m])',
    'sum(rate(native[5m])) or histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m]))) + hits_total * 0',
    'label_replace(hits_total offset 3m, "x", "$1", "host", "h(.*)")',
    'absent(nothing) * on () group_right hits_total',
    'rate(hits_total[5m]) + rate(hits_total[5m])',
  ])('gives what it gives in place, with what there is to say: %s', async (query) => {
    const { here, there, offload } = enginePair();
    const [mine, theirs] = await Promise.all([
      here.range(query, { reader, ...times }),
      there.range(query, { reader, ...times }),
    ]);
    expect(digestOf(theirs)).toBe(digestOf(mine));
    expect(offload).toHaveBeenCalledTimes(1);
  });

  test('also at one time, and with words of the store', async () => {
    const { here, there, offload } = enginePair();
    const warned: SeriesReader = {
      select: async (...args) => ({ ...(await reader.select(...args)), warnings: ['a shard is missing'] }),
    };
    const query = 'quantile_over_time(0.5, rate(hits_total[5m])[6h:5s])';
    const options = { reader: warned, timeMs: 6 * HOUR_MS };
    const theirs = await there.instant(query, options);
    expect(theirs).toEqual(await here.instant(query, options));
    expect(theirs.warnings).toEqual(['a shard is missing']);
    expect(offload).toHaveBeenCalledTimes(1);
  });

  test('is not for what is quick, nor for engines whose settings cannot be sent', async () => {
    const { there, offload } = enginePair();
    await there.instant('sum(hits_total)', { reader, timeMs: HOUR_MS });
    const other = enginePair({ defaultStepMs: () => 1000 });
    await other.there.range('hits_total', { reader, ...times });
    expect([offload.mock.calls.length, other.offload.mock.calls.length]).toEqual([0, 0]);
  });

  test.each([
    ['execution', 'hits_total + on (job) hits_total', {}],
    ['execution', 'hits_total', { maxSamples: 100_000 }],
    ['timeout', 'sum(hits_total + hits_total)', { timeoutMs: 1 }],
  ])('fails as it fails in place: %s of %s', async (kind, query, options) => {
    const { here, there } = enginePair(options);
    const failure = await here.range(query, { reader, ...times }).catch((error: unknown) => error);
    if (kind !== 'timeout') expect(failure).toMatchObject({ kind });
    await expect(there.range(query, { reader, ...times })).rejects.toMatchObject({ kind });
  });

  test('is given up with its query, and the thread with it', async () => {
    const { there } = enginePair();
    const controller = new AbortController();
    const heavy = there.range('sum(max_over_time(rate(hits_total[5m])[6h:1s]))', {
      reader,
      ...times,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 30);
    await expect(heavy).rejects.toMatchObject({ kind: 'canceled' });
    const next = await there.range('rate(hits_total[5m])', { reader, ...times });
    expect(next.stats.seriesRead).toBe(60);
  });

  test('waits for a thread, within its own time', async () => {
    const one = createEvaluationWorkers({ maxWorkers: 1 });
    const engine = createEngine({ clock: systemClock, offload: one.offload });
    const ask = () => engine.range('rate(hits_total[5m])', { reader, ...times });
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(digestOf(second)).toBe(digestOf(first));
    await one.close();
  });

  test('is not held up by one who waited before and has given up', async () => {
    const one = createEvaluationWorkers({ maxWorkers: 1 });
    const engine = createEngine({ clock: systemClock, offload: one.offload });
    const gone = new AbortController();
    const ask = (signal?: AbortSignal) =>
      engine.range('rate(hits_total[5m])', {
        reader,
        ...times,
        ...(signal === undefined ? {} : { signal }),
      });
    const first = ask();
    const second = ask(gone.signal);
    const third = ask();
    setTimeout(() => gone.abort(), 5);
    await expect(second).rejects.toMatchObject({ kind: 'canceled' });
    expect(digestOf(await third)).toBe(digestOf(await first));
    await one.close();
  });
});

test('a job is run by the same engine, read for read', async () => {
  const query = 'sum(hits_total) - sum(level) + sum(hits_total)';
  const selected: Awaited<ReturnType<SeriesReader['select']>>[] = [];
  const recording: SeriesReader = {
    async select(...args) {
      const found = await reader.select(...args);
      selected.push(found);
      return found;
    },
  };
  const here = createEngine({ clock: systemClock });
  const expected = await here.instant(query, { reader: recording, timeMs: HOUR_MS });
  expect(selected).toHaveLength(2);
  const job = {
    query,
    settings: {},
    times: { kind: 'instant', timeMs: HOUR_MS },
    lookbackMs: 300_000,
    timeoutMs: 1000,
  } as const;
  expect(await runJob({ ...job, selected }, { clock: systemClock })).toEqual(expected);
});

test.each([
  ['x', 1, 10 + 5 + 1],
  ['x', 100, 10 + (5 + 1) * 100],
  ['max_over_time(x[1h:1m])', 1, 10 + (5 + 3) * 60],
  ['max_over_time(max_over_time(x[1h:1m])[1h:])', 2, 10 + (5 + 5) * 60 * 60 * 2],
])('%s over %d steps costs %d', (query, steps, cost) => {
  const options = {
    startMs: 0,
    endMs: 0,
    stepMs: 0,
    samplesRead: 10,
    seriesRead: 5,
    defaultStepMs: () => 60_000,
  };
  expect(estimateCost(parseExpression(query, {}), { ...options, steps })).toBe(cost);
});
