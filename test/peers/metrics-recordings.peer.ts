/**
 * Recorded OTLP metrics of real services, through HTTP and remote write into Debian's Prometheus: every
 * series name, label set and final value as the rules say, and the same requests again add nothing. The
 * folder of recordings is named by SLUICE_SAMPLES_DIR; without it a small one is made up.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { startLocalProcess } from '../e2e/local-process.ts';
import { eventually } from '../e2e/pipeline-client.ts';
import { ask } from './metrics/ask-series.ts';
import { expectSeries, type MetricsRequest } from './metrics/expected-series.ts';
import { makeRecording } from './metrics/make-recording.ts';
import { startPrometheus } from './promql/start-prometheus.ts';

const FILE = 'oteldb/metrics.ndjson.gz';
const DIR = process.env.SLUICE_SAMPLES_DIR;
const NS_PER_MS = 1_000_000n;

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

function readRequests(): readonly string[] {
  return DIR === undefined
    ? makeRecording()
    : gunzipSync(readFileSync(join(DIR, FILE)))
        .toString()
        .trim()
        .split('\n');
}

/** The recording as if it ended now: what is a month old is refused. */
function moveToNow(lines: readonly string[]): readonly string[] {
  const times = lines.flatMap((line) =>
    Array.from(line.matchAll(/"timeUnixNano":"(\d+)"/g), ([, text]) => BigInt(text!)),
  );
  const newest = times.reduce((a, b) => (a > b ? a : b));
  const shift = BigInt(Date.now()) * NS_PER_MS - newest;
  return lines.map((line) =>
    line.replaceAll(
      /"(startTimeUnixNano|timeUnixNano)":"(\d+)"/g,
      (_all, key, text) => `"${key}":"${BigInt(text) + shift}"`,
    ),
  );
}

interface Differences {
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
}

function compare(expected: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>): Differences {
  const lines = (values: ReadonlyMap<string, number>): readonly string[] =>
    [...values].map(([text, value]) => `${text} ${value}`).sort();
  const [want, have] = [lines(expected), lines(found)];
  const [wanted, present] = [new Set(want), new Set(have)];
  return {
    missing: want.filter((line) => !present.has(line)),
    surplus: have.filter((line) => !wanted.has(line)),
  };
}

test('a recording is in Prometheus as the rules say, and twice over adds nothing', async () => {
  const prometheus = await startPrometheus();
  stops.push(prometheus.stop);
  const pipeline = await startLocalProcess({
    SLUICE_TICK_SECONDS: '1',
    SLUICE_MIMIR_URL: `${prometheus.url}/api/v1/write`,
  });
  stops.push(async () => void (await pipeline.end('SIGTERM')));
  const bodies = moveToNow(readRequests());
  const expected = expectSeries(bodies.map((body) => JSON.parse(body) as MetricsRequest));
  const send = async (): Promise<void> => {
    for (const body of bodies) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${pipeline.ingestUrl}/v1/metrics`, { method: 'POST', headers, body });
      expect([response.status, await response.json()]).toEqual([200, {}]);
    }
  };
  /** What is in one and not in the other, once they agree or 20 s have passed. */
  const differences = async (): Promise<Differences> => {
    let found: Differences = { missing: ['everything'], surplus: [] };
    await eventually(
      'all series in Prometheus',
      async () => {
        found = compare(expected, await ask(prometheus.url, '{__name__=~".+",job!="sluice"}', Date.now()));
        return found.missing.length + found.surplus.length === 0 ? true : undefined;
      },
      20_000,
    ).catch(() => undefined);
    return found;
  };
  const NONE: Differences = { missing: [], surplus: [] };

  await send();
  expect(await differences()).toEqual(NONE);
  expect(expected.size).toBeGreaterThan(DIR === undefined ? 10 : 1000);
  await send();
  // Some ticks later everything is as it was.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  expect(await differences()).toEqual(NONE);
  expect(pipeline.errors.filter((line) => line.includes('refused'))).toEqual([]);
});
