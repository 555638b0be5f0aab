/**
 * The work of every signal, counted over the bundled functions: what `packages/cli/src/cost/counted.json` holds.
 * Each consumer is fed batches of one message and full ones; what lies between lies on the line through both.
 */
import { gzipSync } from 'node:zlib';
import type { AuditWork, Counted, LogWork, MetricWork, TraceWork } from '@sluice/cli/cost/counted-work';
import { addWork, type BatchWork, NO_WORK, toBatchWork, type Work } from '@sluice/cli/cost/work';
import { METRIC, type Signal } from '@sluice/core/names';
import { encodeMetrics } from '@sluice/metrics/testing/encode-metrics';
import { createLoadSource } from '@sluice/metrics/testing/load-source';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { deployed } from './cloud.ts';
import type { CostRig, IsApart } from './count-cost.ts';
import { countSeries } from './count-series.ts';

/** Spans of a post: a small service, a usual batch, the largest batch that SDKs make by themselves. */
const SPANS = [20, 100, 512] as const;
/** Of which there are enough for a full batch of their metrics, too. */
const USUAL_SPANS = 100;
const RECORDS = 100;
const POINTS = 80;
const SINGLES = 6;
const FULL_BATCHES = 2;
const MINUTE_MS = 60_000;
const SOURCES = 10;
const JOBS = ['tick', 'evaluate', 'seal-audit', 'keep-audit', 'compact-metrics'] as const;

export async function countAll(rig: CostRig): Promise<Counted> {
  const idle: Record<string, Work> = {};
  for (const job of JOBS) {
    // The first run loads; later ones are what every minute costs.
    await rig.cloud.schedule(job);
    const { work } = await rig.measure(job, async () => void (await rig.cloud.schedule(job)));
    idle[job] = work;
  }
  // A first round warms up: environments live for thousands of requests.
  await countTraces(rig, SPANS[0]);
  const traces: Record<string, TraceWork> = {};
  for (const spans of SPANS) traces[spans] = await countTraces(rig, spans);
  const logs = await countLogs(rig);
  const metrics = await countPoints(rig);
  const order = await countOrder(rig);
  const series = await countSeries();
  const audit = await countAudit(rig);
  return { traces, logs, metrics, order, series, audit, idle, customMetrics: customMetricsOf(rig) };
}

async function countTraces(rig: CostRig, spans: number): Promise<TraceWork> {
  const full = batchSizeOf('deliver-traces');
  const posts = SINGLES + (spans === USUAL_SPANS ? FULL_BATCHES : 1) * full;
  const bodies = Array.from({ length: posts }, (_, i) =>
    makeTraceRequest({ spans, services: 1, seed: spans * 1000 + i, nowMs: Date.now() }),
  );
  const ingest = await countPosts(rig, 'traces', bodies);
  const toMetrics: IsApart = ({ input }) => input.QueueUrl === rig.cloud.queueUrl('metrics');
  const deliver = await countBatches(rig, { queue: 'traces', by: 'deliver-traces', isApart: toMetrics });
  const most = Math.min(batchSizeOf('collect-metrics'), posts - SINGLES);
  const collect = await countBatches(rig, { queue: 'metrics', by: 'collect-metrics', full: most });
  return {
    rawBytes: mean(bodies.map(({ length }) => length)),
    ingest,
    deliver: deliver.work,
    spanMetrics: { send: deliver.apart, collect: collect.work },
  };
}

async function countLogs(rig: CostRig): Promise<LogWork> {
  const posts = SINGLES + FULL_BATCHES * batchSizeOf('deliver-logs');
  const bodies = Array.from({ length: posts }, (_, i) =>
    makeLogRequest({ records: RECORDS, services: 1, seed: 5000 + i, nowMs: Date.now() }),
  );
  const ingest = await countPosts(rig, 'logs', bodies);
  const { work } = await countBatches(rig, { queue: 'logs', by: 'deliver-logs' });
  return { records: RECORDS, rawBytes: mean(bodies.map(({ length }) => length)), ingest, deliver: work };
}

/** Of processes that send the same series every minute. */
async function countPoints(rig: CostRig): Promise<MetricWork> {
  const posts = SINGLES + FULL_BATCHES * batchSizeOf('collect-metrics');
  const sources = createSources(SOURCES);
  const bodies = Array.from({ length: posts }, (_, i) =>
    encodeMetrics(sources[i % sources.length]!(Date.now() + i)),
  );
  const ingest = await countPosts(rig, 'metrics', bodies);
  const { work } = await countBatches(rig, { queue: 'metrics', by: 'collect-metrics' });
  return { points: POINTS, ingest, collect: work };
}

/** The way of an order to reduce from the tick on; what it finds to do depends on when it comes. */
async function countOrder(rig: CostRig): Promise<Work> {
  const tickMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const event = { job: 'tick', scheduledAtMs: new Date(tickMs).toISOString() };
  const isOrder: IsApart = ({ input }) => input.QueueUrl === rig.cloud.queueUrl('reduce');
  const tick = await rig.measure(
    'tick',
    async () => void (await rig.cloud.functions.get('tick')!.invoke(event)),
    isOrder,
  );
  const { work } = await rig.measure('reduce-metrics', async () => {
    const taken = await rig.consume('reduce', { by: 'reduce-metrics', messages: 1 });
    if (taken !== 1) throw new Error('the tick ordered nothing');
  });
  return { ...NO_WORK, sqs: work.sqs + tick.apart.sqs };
}

async function countAudit(rig: CostRig): Promise<AuditWork> {
  const full = batchSizeOf('record-audit');
  const events = SINGLES + 2 * full;
  const { work } = await rig.measure('ingest', async () => {
    for (let i = 0; i < events; i++) {
      const event = { id: `evt-${i}`, type: 'USER_ACTION', action: 'login', actor: { id: `u${i % 7}` } };
      await post(rig, '/v1/audit', { type: 'application/json', body: Buffer.from(JSON.stringify(event)) });
    }
  });
  const record = await countBatches(rig, { queue: 'audit.fifo', by: 'record-audit', full });
  return { ingest: addWork([1 / events, work]), record: record.work };
}

/** One request each. */
async function countPosts(rig: CostRig, signal: Signal, bodies: readonly Uint8Array[]): Promise<Work> {
  const { work } = await rig.measure('ingest', async () => {
    for (const body of bodies)
      await post(rig, `/v1/${signal}`, {
        type: 'application/x-protobuf',
        body: gzipSync(body),
        isGzip: true,
      });
  });
  return addWork([1 / bodies.length, work]);
}

interface Post {
  readonly type: string;
  readonly body: Uint8Array;
  readonly isGzip?: boolean;
}

async function post(rig: CostRig, path: string, { type, body, isGzip = false }: Post): Promise<void> {
  const response = await fetch(`${rig.cloud.ingestUrl}${path}`, {
    method: 'POST',
    headers: {
      authorization: rig.authorization,
      'content-type': type,
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    },
    body,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
}

interface Consumer {
  readonly queue: string;
  readonly by: string;
  readonly isApart?: IsApart;
  readonly full?: number;
}

/** Batches of one, then full ones, until the queue is empty. */
async function countBatches(
  rig: CostRig,
  { queue, by, isApart, full = batchSizeOf(by) }: Consumer,
): Promise<{ readonly work: BatchWork; readonly apart: BatchWork }> {
  const one = await rig.measure(
    by,
    async () => {
      for (let i = 0; i < SINGLES; i++) await rig.consume(queue, { by, messages: 1 });
    },
    isApart,
  );
  let batches = 0;
  const all = await rig.measure(
    by,
    async () => {
      while ((await rig.consume(queue, { by, messages: full })) === full) batches += 1;
    },
    isApart,
  );
  if (batches === 0) throw new Error(`${queue} had no full batch of ${full}`);
  const line = (ofOne: Work, ofAll: Work) =>
    toBatchWork(addWork([1 / SINGLES, ofOne]), addWork([1 / batches, ofAll]), full);
  return { work: line(one.work, all.work), apart: line(one.apart, all.apart) };
}

/** As it is deployed. */
export function batchSizeOf(name: string): number {
  const mapping = deployed('aws:lambda/eventSourceMapping').find(({ inputs }) =>
    String(inputs.functionName).endsWith(`-${name}`),
  );
  return Number(mapping!.inputs.batchSize);
}

function createSources(count: number) {
  const bornMs = Date.now() - MINUTE_MS;
  const shape = { points: POINTS, temporality: 'cumulative' } as const;
  return Array.from({ length: count }, (_, number) => createLoadSource(number, shape, bornMs));
}

/** Each name of each function is paid for by the month. */
function customMetricsOf({ cloud }: CostRig): number {
  // Written when there was something to push, which depends on where a minute ends.
  const pushed = [METRIC.remoteWriteSamples, METRIC.remoteWriteLag];
  const names = new Set(pushed.map((name) => `reduce-metrics ${name}`));
  for (const { name, log } of cloud.functions.values()) {
    for (const line of log.filter((text) => text.startsWith('{"_aws"'))) {
      const { _aws } = JSON.parse(line) as { _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } };
      for (const { Metrics } of _aws.CloudWatchMetrics)
        for (const { Name } of Metrics) names.add(`${name} ${Name}`);
    }
  }
  return names.size;
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
