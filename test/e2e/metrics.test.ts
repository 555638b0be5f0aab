/** Metrics of real SDK processes, end to end: totals to the unit, whatever happens to who counts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { createRandom } from '@sluice/core/testing/random';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { expect, test } from 'vitest';
import { cleanEnvironment, makeDataDir, ROOT, removeDataDir, startLocalProcess } from './local-process.ts';
import { createLossyProxy } from './lossy-proxy.ts';
import { eventually, postOtlp } from './pipeline-client.ts';

const WORKER = join(ROOT, 'packages/packs/src/testing/counting-worker.ts');
const ROUNDS = 14;

interface Worker {
  readonly temporality: 'delta' | 'cumulative';
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
}

function startWorker(url: string, temporality: Worker['temporality']): Worker {
  const child = spawn(process.execPath, [WORKER, url, temporality, `${temporality}-1`], {
    env: cleanEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines: Interface = createInterface({ input: child.stdout! });
  return { temporality, child, lines: lines[Symbol.asyncIterator]() };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** What was taken says: deltas add up, of a cumulative process the last value counts. A repeat is one request. */
function ledgerOf(taken: readonly Uint8Array[]): Readonly<Record<string, number>> {
  const deltas = new Map<string, number>();
  const cumulatives = new Map<string, number>();
  const distinct = new Map(taken.map((body) => [Buffer.from(body).toString('base64'), body]));
  for (const { scopes } of [...distinct.values()].flatMap(decodeMetrics)) {
    for (const { name, data } of scopes.flatMap(({ metrics }) => metrics)) {
      if (name !== 'jobs' || data.type !== 'sum') continue;
      for (const { value, startTimeUnixNano, attributes } of data.points) {
        const count = value.type === 'double' ? value.value : value.type === 'int' ? Number(value.value) : 0;
        if (data.aggregationTemporality === 1) deltas.set('jobs', (deltas.get('jobs') ?? 0) + count);
        else {
          const key = `${startTimeUnixNano}/${JSON.stringify(attributes)}`;
          cumulatives.set(key, Math.max(cumulatives.get(key) ?? 0, count));
        }
      }
    }
  }
  const cumulative = [...cumulatives.values()].reduce((a, b) => a + b, 0);
  return { 'delta-worker': deltas.get('jobs') ?? 0, 'cumulative-worker': cumulative };
}

async function readTotals(apiUrl: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  const totals: Record<string, number> = {};
  for (const [, job = '', value] of text.matchAll(/^jobs_total\{.*job="([^"]+)".*\} (\S+)$/gm))
    totals[job] = (totals[job] ?? 0) + Number(value);
  return totals;
}

test('two SDK processes that are killed and started again count to the unit', async () => {
  const random = createRandom(5);
  const dataDir = makeDataDir();
  try {
    await using pipeline = await startLocalProcess({ SLUICE_TICK_SECONDS: '1' }, dataDir);
    await using proxy = await createLossyProxy({ target: pipeline.ingestUrl, random, loss: 0.2 });
    const workers = [startWorker(proxy.url, 'delta'), startWorker(proxy.url, 'cumulative')];
    const done = { 'delta-worker': 0, 'cumulative-worker': 0 };
    let kills = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(
        workers.map(async (worker, i) => {
          const { temporality, child, lines } = worker;
          const jobs = 1 + random.below(40);
          child.stdin!.write(`${jobs}\n`);
          if (random.chance(0.35)) {
            // In the middle of it: what of this was exported, the proxy knows.
            await new Promise((resolve) => setTimeout(resolve, random.below(150)));
            await end(child);
            kills += 1;
            workers[i] = startWorker(proxy.url, temporality);
            return;
          }
          expect((await lines.next()).value).toBe('done');
          done[`${temporality}-worker`] += jobs;
        }),
      );
    }
    for (const { child } of workers) await end(child);
    const ledger = ledgerOf(proxy.taken);
    await eventually('the totals', async () => {
      const totals = await readTotals(pipeline.apiUrl);
      return JSON.stringify(Object.entries(totals).sort()) === JSON.stringify(Object.entries(ledger).sort())
        ? true
        : undefined;
    }).catch(() => undefined);
    expect(await readTotals(pipeline.apiUrl)).toEqual(ledger);
    expect(kills).toBeGreaterThan(3);
    expect(proxy.lostAnswers()).toBeGreaterThan(0);
    for (const job of ['delta-worker', 'cumulative-worker'] as const)
      expect(ledger[job]).toBeGreaterThanOrEqual(done[job]);
  } finally {
    removeDataDir(dataDir);
  }
});

test('spans are counted once, however often their message is sent', async () => {
  const dataDir = makeDataDir();
  try {
    await using pipeline = await startLocalProcess({ SLUICE_TICK_SECONDS: '1' }, dataDir);
    const traces = makeTraceRequest({ spans: 70, services: 2, seed: 4, nowMs: Date.now() });
    for (let i = 0; i < 3; i++) expect(await postOtlp(pipeline.ingestUrl, 'traces', traces)).toBe(200);
    const count = async (): Promise<number> => {
      const text = await (await fetch(`${pipeline.apiUrl}/metrics`)).text();
      const lines = text.matchAll(/^traces_spanmetrics_(?:calls_total|latency_count)\{.*\} (\d+)$/gm);
      return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
    };
    await eventually('the counts', async () => ((await count()) > 0 ? true : undefined));
    // Two more ticks: a repeat would show by then.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await count()).toBe(140);
  } finally {
    removeDataDir(dataDir);
  }
});
