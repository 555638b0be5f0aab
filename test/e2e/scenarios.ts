/**
 * What a pipeline must do, seen from outside: one list, run on every composition of the handlers. A
 * scenario knows two URLs and nothing else.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { encodeJsonRequest } from '@sluice/otlp/encode-json';
import { makeLogRequest, makeMetricRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { expect } from 'vitest';
import { cleanEnvironment, ROOT } from './local-process.ts';
import {
  countLogs,
  eventually,
  findLogs,
  findTrace,
  type PipelineUrls,
  postOtlp,
  readMetric,
  tracesIn,
} from './pipeline-client.ts';
import { expectRecordsFound, expectSpansFound } from './round-trip.ts';

export interface Scenario {
  readonly name: string;
  run(pipeline: PipelineUrls): Promise<void>;
}

interface SdkReport {
  readonly service: string;
  readonly traceId: string;
  readonly rootSpanId: string;
  readonly childSpanId: string;
  readonly message: string;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'an SDK that knows only OTEL_EXPORTER_OTLP_ENDPOINT sends three signals, and its trace and log line are found',
    async run({ ingestUrl, apiUrl }) {
      const before = await readMetric(
        apiUrl,
        'sluice_ingest_items_accepted_total{signal="metrics",tenant="default"}',
      );
      const sent = await runSdkApp(ingestUrl);
      const trace = await eventually('the trace of the SDK', () => findTrace(apiUrl, sent.traceId));
      expect(trace.spans.map(({ spanID, operationName }) => [spanID, operationName]).sort()).toEqual(
        [
          [sent.rootSpanId, 'GET /orders'],
          [sent.childSpanId, 'SELECT orders'],
        ].sort(),
      );
      expect(Object.values(trace.processes).map(({ serviceName }) => serviceName)).toContain(sent.service);
      const child = trace.spans.find(({ spanID }) => spanID === sent.childSpanId)!;
      expect(child.references).toMatchObject([{ refType: 'CHILD_OF', spanID: sent.rootSpanId }]);

      const lines = await eventually('the log line of the SDK', async () => {
        const found = await findLogs(apiUrl, `{service="${sent.service}"} |= "${sent.rootSpanId}"`);
        return found.length > 0 ? found : undefined;
      });
      expect(lines).toHaveLength(1);
      expect(lines[0]!.line).toContain(sent.message);
      expect(lines[0]!.line).toContain(sent.traceId);
      expect(
        await readMetric(apiUrl, 'sluice_ingest_items_accepted_total{signal="metrics",tenant="default"}'),
      ).toBeGreaterThan(before);
    },
  },
  {
    name: 'every span and every log record is found again with its ids, times and attributes',
    async run({ ingestUrl, apiUrl }) {
      const shape = { seed: 9000, services: 4, nowMs: Date.now() };
      const traces = makeTraceRequest({ ...shape, spans: 150 });
      const logs = makeLogRequest({ ...shape, records: 150 });
      expect(await postOtlp(ingestUrl, 'traces', traces)).toBe(200);
      expect(await postOtlp(ingestUrl, 'logs', logs)).toBe(200);
      await expectSpansFound(apiUrl, traces);
      await expectRecordsFound(apiUrl, logs);
    },
  },
  {
    name: 'a trace sent in pieces, as protobuf and as JSON, is one trace with every span once',
    async run({ ingestUrl, apiUrl }) {
      const bytes = makeTraceRequest({
        spans: 30,
        spansPerTrace: 30,
        services: 3,
        seed: 9001,
        nowMs: Date.now(),
      });
      const [[traceId, spanIds]] = [...tracesIn(bytes)] as [[string, readonly string[]]];
      expect(await postOtlp(ingestUrl, 'traces', bytes)).toBe(200);
      const json = await fetch(`${ingestUrl}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: encodeJsonRequest('traces', bytes),
      });
      expect(json.status).toBe(200);
      const trace = await eventually('all spans', async () => {
        const found = await findTrace(apiUrl, traceId);
        return found?.spans.length === spanIds.length ? found : undefined;
      });
      expect(trace.spans.map(({ spanID }) => spanID).sort()).toEqual([...spanIds].sort());
    },
  },
  {
    name: 'a request that is sent twice is stored once',
    async run({ ingestUrl, apiUrl }) {
      const bytes = makeLogRequest({ records: 40, services: 1, seed: 9002, nowMs: Date.now() });
      const count = async (): Promise<number> => (await findLogs(apiUrl, '{service=~".+"}')).length;
      const before = await count();
      for (let i = 0; i < 3; i++) expect(await postOtlp(ingestUrl, 'logs', bytes)).toBe(200);
      await eventually('the lines', async () => ((await count()) > before ? true : undefined));
      // Something sent afterwards marks that the queue has passed the repeats.
      await postOtlp(
        ingestUrl,
        'logs',
        makeLogRequest({ records: 7, services: 1, seed: 9003, nowMs: Date.now() }),
      );
      await eventually('the later lines', async () => ((await count()) >= before + 47 ? true : undefined));
      expect(await count()).toBe(before + countLogs(bytes) + 7);
    },
  },
  {
    name: 'metrics are accepted and counted',
    async run({ ingestUrl, apiUrl }) {
      const series = 'sluice_ingest_items_accepted_total{signal="metrics",tenant="default"}';
      const before = await readMetric(apiUrl, series);
      expect(await postOtlp(ingestUrl, 'metrics', makeMetricRequest({ points: 25, nowMs: Date.now() }))).toBe(
        200,
      );
      expect((await readMetric(apiUrl, series)) - before).toBe(25);
    },
  },
];

async function runSdkApp(endpoint: string): Promise<SdkReport> {
  const child = spawn(process.execPath, [join(ROOT, 'packages/packs/src/testing/sdk-app.ts')], {
    env: { ...cleanEnvironment(), OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(0);
  return JSON.parse(output) as SdkReport;
}
