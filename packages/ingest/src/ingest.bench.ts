/** CPU time of whole requests through the app, in process: everything but the socket and the queue's own work. */
import { gzipSync } from 'node:zlib';
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import { systemClock } from '@sluice/core/ports/clock';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { type Bench, type Figure, leastCpuMs } from '@sluice/core/testing/bench';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { validateRequest } from '@sluice/otlp/validate';
import { inflateBody } from './inflate.ts';
import { createIngestApp } from './ingest-app.ts';
import { createMemoryQueue } from './testing/memory-queue.ts';

/** Batch sizes seen in the field: a quiet service, an SDK's default exporter under load, and a Collector. */
const SPANS = [20, 130, 500] as const;
const LIMIT_MS: Readonly<Record<(typeof SPANS)[number], number>> = { 20: 15, 130: 4.5, 500: 2.8 };
const CALLS = 200;

async function measurePost(spans: (typeof SPANS)[number]): Promise<readonly Figure[]> {
  const raw = makeTraceRequest({ spans, services: 3, seed: spans, nowMs: Date.now() });
  const gzip = gzipSync(raw);
  const queues = {
    traces: createMemoryQueue('traces'),
    logs: createMemoryQueue('logs'),
    metrics: createMemoryQueue('metrics'),
  };
  const app = createIngestApp({
    queues,
    clock: systemClock,
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
  });
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
    'content-length': String(gzip.length),
  };
  const per1000 = 1000 / spans;
  const post = async (): Promise<void> => {
    const response = await app.request('/v1/traces', { method: 'POST', headers, body: gzip });
    if (response.status !== 200) throw new Error(`the post was answered ${response.status}`);
    queues.traces.sent.length = 0;
  };
  const tenant = parseTenantId('default');
  const envelope = (): void => {
    const id = messageIdOf(tenant, 'traces', raw);
    encodeEnvelope({ id, signal: 'traces', tenant, items: spans, receivedAtMs: 0, gzip });
  };
  const measure = (work: () => Promise<void> | void): Promise<number> =>
    leastCpuMs(work, { rounds: 7, callsPerRound: CALLS, warmup: 3 });
  const figure = (name: string, ms: number): Figure => ({
    name: `${spans} spans a post (${gzip.length} bytes of gzip): ${name}`,
    value: ms * per1000,
    unit: 'cpu-ms per 1,000 spans',
    limit: { kind: 'at most', value: LIMIT_MS[spans] },
  });
  return [
    figure('whole request', await measure(post)),
    figure(
      'of which inflating',
      await measure(async () => {
        await inflateBody(gzip, { coding: 'gzip', maxBytes: 1 << 26 });
      }),
    ),
    figure(
      'of which validating',
      await measure(() => void validateRequest('traces', raw, { nowMs: Date.now() })),
    ),
    figure('of which id and envelope', await measure(envelope)),
  ];
}

export const bench: Bench = {
  name: 'ingest: gzip posts of traces, fully validated',
  async run() {
    const figures: Figure[] = [];
    for (const spans of SPANS) figures.push(...(await measurePost(spans)));
    return figures;
  },
};
