/**
 * A Prometheus server that scrapes the pipeline (OpenMetrics) and pushes to it (remote write), and promtool
 * over the text format: what they take without complaint is what they are promised.
 */
import { spawnSync } from 'node:child_process';
import { makeMetricRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalProcess, startLocalProcess } from '../e2e/local-process.ts';
import { eventually, postOtlp } from '../e2e/pipeline-client.ts';
import { ask } from './metrics/ask-series.ts';
import { type PrometheusProcess, startPrometheus } from './promql/start-prometheus.ts';

let pipeline: LocalProcess;
let prometheus: PrometheusProcess;

beforeAll(async () => {
  pipeline = await startLocalProcess({ SLUICE_TICK_SECONDS: '1' });
  const target = new URL(pipeline.apiUrl).host;
  prometheus = await startPrometheus({
    settings: `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: sluice
    static_configs: [{ targets: ['${target}'] }]
remote_write:
  - url: ${pipeline.ingestUrl}/api/v1/write
    queue_config: { batch_send_deadline: 500ms }
    write_relabel_configs:
      - { source_labels: [__name__], regex: 'up|scrape_.*|sluice_ingest_.*', action: keep }
`,
  });
  const nowMs = Date.now();
  expect(
    await postOtlp(pipeline.ingestUrl, 'metrics', makeMetricRequest({ points: 300, services: 3, nowMs })),
  ).toBe(200);
  expect(
    await postOtlp(pipeline.ingestUrl, 'traces', makeTraceRequest({ spans: 200, services: 3, nowMs })),
  ).toBe(200);
});

afterAll(async () => {
  await prometheus?.stop();
  await pipeline?.end('SIGTERM');
});

const readText = async (): Promise<string> => (await fetch(`${pipeline.apiUrl}/metrics`)).text();

test('promtool finds nothing in the text format that cannot be read', async () => {
  const text = await eventually('the series', async () => {
    const found = await readText();
    return found.includes('traces_spanmetrics_latency_bucket') ? found : undefined;
  });
  const { status, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  if (error !== undefined) throw new Error("there is no promtool on the path: install Debian's prometheus");
  // 3: it can be read, but names break conventions, as those that applications choose may.
  expect([0, 3], stderr).toContain(status);
  expect(stderr).not.toMatch(/error while linting|parse/i);
});

test('Prometheus scrapes it as OpenMetrics and gets every sample that the text has', async () => {
  const found = await eventually('a scrape', async () => {
    const health = await ask(prometheus.url, 'up{job="sluice"}', Date.now());
    return [...health.values()][0] === 1 ? health : undefined;
  });
  expect(found.size).toBe(1);
  const names = new Set(
    Array.from((await readText()).matchAll(/^(?!#)([a-zA-Z_:][\w:]*)/gm), ([, name]) => name!),
  );
  await eventually('the span metrics', async () =>
    (await ask(prometheus.url, 'traces_spanmetrics_calls_total', Date.now())).size > 0 ? true : undefined,
  );
  const scraped = await ask(prometheus.url, 'count by (__name__) ({__name__=~".+"})', Date.now());
  const have = new Set([...scraped.keys()].map((text) => text.slice(0, text.indexOf('{'))));
  expect([...names].filter((name) => !have.has(name))).toEqual([]);
});

test('what it pushes is here under its own names and labels', async () => {
  const pushed = await eventually('series that only Prometheus has', async () => {
    const lines = (await readText())
      .split('\n')
      .filter((line) => /^(up|scrape_samples_scraped)\{/.test(line));
    return lines.length >= 2 ? lines : undefined;
  });
  expect(pushed.find((line) => line.startsWith('up{'))).toMatch(
    /^up\{instance="127\.0\.0\.1:\d+",job="sluice"\} 1$/,
  );
});
