import { createEngine } from '@sluice/promql/engine';
import { labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { createMemoryReader } from '@sluice/promql/testing/memory-series';
import { SOURCE_EXPRESSIONS } from '@sluice/promql/testing/source-expressions';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Recording, recordSystems, toSeries } from '../../testing/record-systems.ts';
import { SYSTEM_NAMES, SYSTEMS } from './systems.ts';

/** Two minutes before a full hour. */
const START_MS = Date.UTC(2026, 0, 1, 12, 58);
const PLAYED_SECONDS = 720;
/** An hour's steps find samples only where a full hour struck during the run. */
const ON_THE_HOUR = 'max_over_time(rate(http_requests_total[1m])[30d:1h])';

const engine = createEngine({ clock: { nowMs: () => 0 }, features: ALL_FEATURES });

async function answer(query: string, reader: SeriesReader, timeMs: number): Promise<readonly number[]> {
  const { value } = await engine.instant(query, { reader, timeMs });
  return value.type === 'vector' ? value.samples.map((sample) => sample.value).filter(Number.isFinite) : [];
}

describe('the five systems', () => {
  let recordings: readonly Recording[];
  let reader: SeriesReader;
  beforeAll(async () => {
    recordings = await recordSystems(SYSTEM_NAMES, PLAYED_SECONDS);
    reader = createMemoryReader(toSeries(recordings, START_MS));
  });

  test.each([...new Set(SOURCE_EXPRESSIONS)])('answer %s after two minutes, and go on to', async (query) => {
    for (const seconds of [120, 240, 435, 720]) {
      expect([seconds, await answer(query, reader, START_MS + seconds * 1000)]).toEqual([
        seconds,
        expect.arrayContaining([expect.any(Number)]),
      ]);
    }
  });

  test('only the steps of an hour wait for the next full hour', async () => {
    const startMs = START_MS - 20 * 60_000;
    const early = createMemoryReader(toSeries(recordings, startMs));
    expect(await answer(ON_THE_HOUR, early, startMs + 120_000)).toEqual([]);
  });

  test.each(SYSTEM_NAMES)('%s: every metric arrives under the name that it is listed by', (name) => {
    const names = new Set(
      recordings.map(({ labels }) => `${labelValue(labels, 'job')} ${labelValue(labels, METRIC_NAME)}`),
    );
    const missing = SYSTEMS[name].targets.flatMap(({ job, metrics }) =>
      Object.entries(metrics)
        .map(([metric, { kind }]) => `${job} ${metric}${kind === 'histogram' ? '_bucket' : ''}`)
        .filter((metric) => !names.has(metric)),
    );
    expect(missing).toEqual([]);
  });
});
