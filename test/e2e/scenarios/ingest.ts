/** What is sent is found again as it was sent; what cannot be taken is refused with the reason. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { encodeJsonRequest } from '@sluice/otlp/encode-json';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { expect } from 'vitest';
import { cleanEnvironment, ROOT } from '../local-process.ts';
import { eventuallyAtTick, type Pipeline, queryValue } from '../pipeline.ts';
import { countLogs, eventually, postOtlp, tracesIn } from '../pipeline-client.ts';
import { expectRecordsFound } from '../round-trip.ts';
import type { Scenario } from './scenario.ts';

interface SdkReport {
  readonly service: string;
  readonly traceId: string;
  readonly rootSpanId: string;
  readonly childSpanId: string;
  readonly message: string;
}

export const INGEST_SCENARIOS: readonly Scenario[] = [
  {
    name: 'an SDK that knows only its endpoint and headers sends three signals, and its trace, log line and count are found',
    async run(pipeline) {
      const sent = await runSdkApp(pipeline);
      const spans = await eventually('the trace of the SDK', async () => {
        const found = await pipeline.findSpans(sent.traceId);
        return found.length >= 2 ? found : undefined;
      });
      expect([...spans].sort((a, b) => a.name.localeCompare(b.name))).toEqual([
        { spanId: sent.rootSpanId, parentSpanId: '', name: 'GET /orders' },
        { spanId: sent.childSpanId, parentSpanId: sent.rootSpanId, name: 'SELECT orders' },
      ]);
      const lines = await eventually('the log line of the SDK', async () => {
        const found = await pipeline.findLines({ services: [sent.service], text: sent.message });
        return found.length > 0 ? found : undefined;
      });
      expect(lines).toHaveLength(1);
      expect(lines[0]!.line).toContain(sent.traceId);
      const count = await eventuallyAtTick(pipeline, 'the counter of the SDK', () =>
        queryValue(pipeline, `sum(orders_read_total{job="${sent.service}"})`),
      );
      expect(count).toBe(3);
    },
  },
  {
    name: 'every span and every log record is found again with its ids, times and attributes',
    async run(pipeline) {
      const shape = { seed: pipeline.seed + 9000, services: 4, nowMs: Date.now() };
      const traces = makeTraceRequest({ ...shape, spans: 150 });
      const logs = makeLogRequest({ ...shape, records: 150 });
      expect(await post(pipeline, 'traces', traces)).toBe(200);
      expect(await post(pipeline, 'logs', logs)).toBe(200);
      await pipeline.expectSpans(traces);
      await expectRecordsFound(pipeline.findLines, logs);
    },
  },
  {
    name: 'a trace sent in pieces, as protobuf and as JSON, is one trace with every span once',
    async run(pipeline) {
      const bytes = makeTraceRequest({
        spans: 30,
        spansPerTrace: 30,
        services: 3,
        seed: pipeline.seed + 9001,
        nowMs: Date.now(),
      });
      const [[traceId, spanIds]] = [...tracesIn(bytes)] as [[string, readonly string[]]];
      expect(await post(pipeline, 'traces', bytes)).toBe(200);
      const json = await fetch(`${pipeline.ingestUrl}/v1/traces`, {
        method: 'POST',
        headers: { ...pipeline.headers, 'content-type': 'application/json' },
        body: encodeJsonRequest('traces', bytes),
      });
      expect(json.status).toBe(200);
      const spans = await eventually('all spans', async () => {
        const found = await pipeline.findSpans(traceId);
        return found.length === spanIds.length ? found : undefined;
      });
      expect(spans.map(({ spanId }) => spanId).sort()).toEqual([...spanIds].sort());
    },
  },
  {
    name: 'a request that is sent three times is found once',
    async run(pipeline) {
      const shape = { services: 1, nowMs: Date.now() };
      const bytes = makeLogRequest({ ...shape, records: 40, seed: pipeline.seed + 9002 });
      const count = async (): Promise<number> => (await pipeline.findLines({})).length;
      const before = await count();
      for (let i = 0; i < 3; i++) expect(await post(pipeline, 'logs', bytes)).toBe(200);
      await eventually('the lines', async () => ((await count()) > before ? true : undefined));
      // Something sent afterwards marks that the queue has passed the repeats.
      const later = makeLogRequest({ ...shape, records: 7, seed: pipeline.seed + 9003 });
      expect(await post(pipeline, 'logs', later)).toBe(200);
      await eventually('the later lines', async () => ((await count()) >= before + 47 ? true : undefined));
      expect(await count()).toBe(before + countLogs(bytes) + 7);
    },
  },
  {
    name: 'a span without a trace id is refused by itself, with the reason; the others of its request arrive',
    async run(pipeline) {
      const nowNs = BigInt(Date.now()) * 1_000_000n;
      const span = (traceId: string, spanId: string) => ({
        traceId,
        spanId,
        name: 'partly',
        startTimeUnixNano: String(nowNs - 1_000_000n),
        endTimeUnixNano: String(nowNs),
      });
      const traceId = `${pipeline.seed.toString(16).padStart(8, '0')}${'a1'.repeat(12)}`;
      const spans = [span(traceId, 'b1b1b1b1b1b1b1b1'), span('', 'b2b2b2b2b2b2b2b2')];
      const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
      const response = await fetch(`${pipeline.ingestUrl}/v1/traces`, {
        method: 'POST',
        headers: { ...pipeline.headers, 'content-type': 'application/json' },
        body,
      });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringMatching(/trace/i) },
      });
      const found = await eventually('the good span', async () => {
        const each = await pipeline.findSpans(traceId);
        return each.length > 0 ? each : undefined;
      });
      expect(found).toMatchObject([{ spanId: 'b1b1b1b1b1b1b1b1', name: 'partly' }]);
    },
  },
  {
    name: 'keys: a wrong one and one without the scope are refused, a rate is kept to, what was within it arrives',
    async run(pipeline) {
      const bytes = makeTraceRequest({ spans: 5, seed: pipeline.seed + 9004, nowMs: Date.now() });
      const send = (key: string): Promise<number> =>
        postOtlp(pipeline.ingestUrl, 'traces', bytes, { authorization: `Bearer ${key}` });
      expect(await send('slk_nobody')).toBe(401);
      const create = async (...args: readonly string[]): Promise<string> => {
        const { stdout, stderr } = await pipeline.cli(
          'keys',
          'create',
          'scenario',
          '--tenant',
          pipeline.tenant,
          ...args,
          '--json',
        );
        if (stdout === '') throw new Error(stderr);
        return (JSON.parse(stdout) as { readonly secret: string }).secret;
      };
      expect(await send(await create('--scope', 'query:read'))).toBe(403);
      const limited = await create('--rate', '1', '--burst', '10');
      expect([await send(limited), await send(limited), await send(limited)]).toEqual([200, 200, 429]);
      const ids = [...tracesIn(bytes).keys()];
      await eventually('the spans', async () => {
        const found = await Promise.all(ids.map((id) => pipeline.findSpans(id)));
        return found.flat().length === 5 ? true : undefined;
      });
    },
  },
  {
    name: 'secrets are taken out of logs before anything is stored; the rest of the record stays',
    async run(pipeline) {
      const text = (value: string) => ({ stringValue: value });
      const marker = `redaction-${pipeline.seed}`;
      const record = {
        timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
        body: text(`${marker} calls https://bob:hunter2@db.example.net with Bearer a1b2c3d4e5f6a7b8c9d0`),
        attributes: [
          { key: 'password', value: text('correct horse') },
          { key: 'order.id', value: text('4111111111111111') },
        ],
      };
      const resource = { attributes: [{ key: 'service.name', value: text('redacted-app') }] };
      const response = await fetch(`${pipeline.ingestUrl}/v1/logs`, {
        method: 'POST',
        headers: { ...pipeline.headers, 'content-type': 'application/json' },
        body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }),
      });
      expect(response.status).toBe(200);
      const [line] = await eventually('the line', async () => {
        const found = await pipeline.findLines({ services: ['redacted-app'], text: marker });
        return found.length > 0 ? found : undefined;
      });
      expect(line!.line).toContain('https://[redacted]@db.example.net with Bearer [redacted]');
      expect(line!.line).toContain('4111111111111111');
      const stored = JSON.stringify([line, pipeline.loki.entries()], (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      );
      for (const secret of ['hunter2', 'a1b2c3d4e5f6a7b8c9d0', 'correct horse'])
        expect(stored).not.toContain(secret);
    },
  },
];

function post(pipeline: Pipeline, signal: 'traces' | 'logs', bytes: Uint8Array): Promise<number> {
  return postOtlp(pipeline.ingestUrl, signal, bytes, pipeline.headers);
}

async function runSdkApp({ ingestUrl, headers }: Pipeline): Promise<SdkReport> {
  const OTEL_EXPORTER_OTLP_HEADERS = Object.entries(headers)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join(',');
  const child = spawn(process.execPath, [join(ROOT, 'packages/packs/src/testing/sdk-app.ts')], {
    env: { ...cleanEnvironment(), OTEL_EXPORTER_OTLP_ENDPOINT: ingestUrl, OTEL_EXPORTER_OTLP_HEADERS },
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
