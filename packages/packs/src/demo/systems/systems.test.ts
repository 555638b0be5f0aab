import { readFileSync } from 'node:fs';
import { createEngine } from '@sluice/promql/engine';
import { labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { createMemoryReader } from '@sluice/promql/testing/memory-series';
import { SOURCE_EXPRESSIONS } from '@sluice/promql/testing/source-expressions';
import { groupsOf, loadRules } from '@sluice/rules/load-rules';
import type { AlertingRule } from '@sluice/rules/rule-file';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Recording, recordSystems, toSeries } from '../../testing/record-systems.ts';
import { SYSTEM_NAMES, SYSTEMS } from './systems.ts';

/** Two minutes before a full hour. */
const START_MS = Date.UTC(2026, 0, 1, 12, 58);
const PLAYED_SECONDS = 1200;
const STEP_MS = 30_000;
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
    for (const seconds of [120, 240, 435, 720, 1200]) {
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

  /** Those over recorded series need the rules' own evaluation. */
  const alerts = SYSTEM_NAMES.flatMap((name) => {
    const file = `${name}/alerts.yml`;
    const source = readFileSync(new URL(`../../../rules/${file}`, import.meta.url), 'utf8');
    const { files = [], problems } = loadRules([{ file, source }]);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    return groupsOf(files)
      .flatMap(({ rules }) => rules)
      .filter((rule) => rule.type === 'alerting' && !rule.query.includes('service:http_'))
      .map((rule) => ({ title: `${name}: ${rule.name}`, rule: rule as AlertingRule }));
  });

  test.each(alerts)('$title fires within 20 minutes and ends', async ({ rule }) => {
    const endMs = START_MS + PLAYED_SECONDS * 1000;
    const { value } = await engine.range(rule.query, { reader, startMs: START_MS, endMs, stepMs: STEP_MS });
    const runs = value.type === 'matrix' ? value.series.flatMap(({ times }) => runsOf(times)) : [];
    const fired = runs.filter(({ fromMs, toMs }) => toMs - fromMs >= rule.forMs);
    expect(fired).not.toEqual([]);
    // One that counts the failures of an hour cannot end before that.
    if (!rule.query.includes('[1h]')) expect(runs.some(({ toMs }) => toMs < endMs)).toBe(true);
  });
});

/** Stretches of time without a gap. */
function runsOf(times: ArrayLike<number>): { fromMs: number; toMs: number }[] {
  const runs: { fromMs: number; toMs: number }[] = [];
  for (let i = 0; i < times.length; i++) {
    const last = runs.at(-1);
    if (last !== undefined && times[i]! - last.toMs === STEP_MS) last.toMs = times[i]!;
    else runs.push({ fromMs: times[i]!, toMs: times[i]! });
  }
  return runs;
}
