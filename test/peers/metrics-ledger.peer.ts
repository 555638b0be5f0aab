/**
 * Counted work in a real Prometheus: eight sources for most of an hour of simulated time, with duplicates,
 * reordering, skipped and doubled ticks, restarts of the reducer, and a Prometheus that is killed and comes
 * back. `increase` of every series equals the ledger, exactly.
 */
import { rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { createRemoteWriter } from '@sluice/backends/mimir/remote-writer';
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import type { ReceivedMessage } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { createRandom } from '@sluice/core/testing/random';
import { createCollectHandler } from '@sluice/delivery/metrics/collect-handler';
import { createSnapshotPusher } from '@sluice/delivery/metrics/push-snapshot';
import { createReduceAndPush, type ReduceAndPush } from '@sluice/delivery/metrics/reduce-and-push';
import { createShardLeases } from '@sluice/delivery/metrics/shard-lease';
import { createTickHandler } from '@sluice/delivery/metrics/tick-handler';
import { createMetricsSettings } from '@sluice/metrics/metrics-settings';
import { createSnapshotReader } from '@sluice/metrics/reduce/snapshot-store';
import { convertJsonRequest } from '@sluice/otlp/json-request';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { createCountingSources } from './metrics/counting-sources.ts';
import { makePrometheusHome, type PrometheusProcess, startPrometheus } from './promql/start-prometheus.ts';

const SEEDS = Number(process.env.SLUICE_FAULT_SEEDS ?? 2);
const MINUTE_MS = 60_000;
const MINUTES = 50;
const TENANT = parseTenantId('default');

interface Matrix {
  readonly data: {
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly values: readonly [number, string][];
    }[];
  };
}

test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
  'what was counted is what Prometheus says, seed %i',
  async (seed) => {
    const random = createRandom(seed);
    const home = await makePrometheusHome();
    let prometheus: PrometheusProcess | undefined = await startPrometheus({ home });
    try {
      const startMs = Math.floor((Date.now() - 70 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
      // Sleeping between retries must not move the time of ticks, which the test sets.
      const hurried = createHurriedClock(startMs);
      let nowMs = startMs;
      const clock = { nowMs: () => nowMs, sleep: hurried.sleep };
      const database = createMemoryDatabase();
      const table = createEmbeddedTable({ database, name: 'metrics', clock });
      const settings = createMetricsSettings();
      const deadLetter = createEmbeddedQueue({ database, name: 'metrics-dead', clock });
      const shared = { clock, random: random.next, selfMetrics: createSelfMetrics(), logger: silentLogger };
      const collect = createCollectHandler({
        ...shared,
        table,
        settings,
        queue: { name: 'metrics' },
        deadLetter,
      });
      const start = (): ReduceAndPush => {
        const url = `http://127.0.0.1:${home.port}/api/v1/write`;
        const writer = createRemoteWriter({ ...shared, url, fetch, timeoutMs: 2000 });
        const snapshots = createSnapshotReader(table, { settings });
        return createReduceAndPush({
          ...shared,
          reduce: { table, clock, settings },
          pusher: createSnapshotPusher({ ...shared, writer, table, snapshots }),
          leases: createShardLeases({
            table,
            clock,
            leaseMs: 1000,
            createToken: () => String(random.next()),
          }),
        });
      };
      let run = start();
      const tick = createTickHandler({
        ...shared,
        table,
        settings,
        async dispatch(jobs) {
          for (const job of jobs) await run(job, { signal: new AbortController().signal });
        },
      });

      const sources = createCountingSources({ random, startMs });
      const waiting: ReceivedMessage[] = [];
      for (let minute = 1; minute <= MINUTES; minute++) {
        nowMs = startMs + minute * MINUTE_MS - 5000;
        waiting.push(...sources.work(nowMs).map((body) => toMessage(body, nowMs)));
        const isLast = minute > MINUTES - 4;
        const now = isLast ? waiting.splice(0) : takeSome(waiting, random);
        const repeats = now.filter(() => random.chance(0.2));
        for (const batch of [now, repeats]) {
          const context = { softDeadlineMs: nowMs + MINUTE_MS, signal: new AbortController().signal };
          expect(await collect(batch, context)).toEqual({ failures: [] });
        }
        if (prometheus === undefined ? random.chance(0.3) || isLast : !isLast && random.chance(0.1)) {
          if (prometheus === undefined) prometheus = await startPrometheus({ home });
          else {
            await prometheus.kill();
            prometheus = undefined;
          }
        }
        if (random.chance(0.1)) run = start();
        nowMs = startMs + minute * MINUTE_MS;
        if (!isLast && random.chance(0.15)) continue;
        await tick(nowMs);
        if (random.chance(0.2)) await tick(nowMs);
      }

      const increases = await increasesOf(prometheus!.url, nowMs);
      expect(increases).toEqual(sources.ledger());
      expect((await deadLetter.stats()).visible).toBe(0);
    } finally {
      await prometheus?.kill();
      await rm(home.folder, { recursive: true, force: true });
    }
  },
);

let messages = 0;

function toMessage(body: string, receivedAtMs: number): ReceivedMessage {
  const { bytes } = convertJsonRequest('metrics', Buffer.from(body));
  const envelope = encodeEnvelope({
    id: messageIdOf(TENANT, 'metrics', bytes),
    signal: 'metrics',
    tenant: TENANT,
    items: 2,
    receivedAtMs,
    gzip: gzipSync(bytes),
  });
  messages += 1;
  const name = String(messages);
  return { ...envelope, messageId: name, receiptHandle: name, receiveCount: 1, sentAtMs: receivedAtMs };
}

/** Most of what waits, in another order; the rest comes minutes later. */
function takeSome(waiting: ReceivedMessage[], random: ReturnType<typeof createRandom>): ReceivedMessage[] {
  const taken: ReceivedMessage[] = [];
  for (let i = waiting.length - 1; i >= 0; i--) {
    if (random.chance(0.8)) taken.push(...waiting.splice(i, 1));
  }
  return taken;
}

/** From the first sample of a series to its last, where `increase` has nothing to extrapolate. */
async function increasesOf(url: string, atMs: number): Promise<ReadonlyMap<string, number>> {
  const all = await query<Matrix>(url, '{job="worker",__name__!="target_info"}[3h]', atMs);
  const found = new Map<string, number>();
  for (const { metric, values } of all.data.result) {
    const first = Math.round(values[0]![0] * 1000);
    const last = Math.round(values.at(-1)![0] * 1000);
    const { __name__: name = '', le, ...labels } = metric;
    const selector = Object.entries(metric)
      .filter(([label]) => label !== '__name__')
      .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    const answer = await query<{ data: { result: { value: [number, string] }[] } }>(
      url,
      `increase(${name}{${[...selector, ...(metric.instance === undefined ? ['instance=""'] : [])].join(',')}}[${last - first}ms])`,
      last,
    );
    const text = Object.keys(labels)
      .sort()
      .map((label) => `${label}="${labels[label]}"`)
      .join(',');
    found.set(`${name}{${text}}${le === undefined ? '' : ` ${le}`}`, Number(answer.data.result[0]!.value[1]));
  }
  return new Map([...found].filter(([, value]) => value > 0));
}

async function query<T>(url: string, text: string, atMs: number): Promise<T> {
  const body = new URLSearchParams({ query: text, time: String(atMs / 1000) });
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
  if (!response.ok) throw new Error(`${text}: ${await response.text()}`);
  return (await response.json()) as T;
}
