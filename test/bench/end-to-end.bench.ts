/**
 * The whole local pipeline as its users run it: a server process, and this process as the load over
 * HTTP, until the embedded store has every span. The promise is a rate on a machine with two cores, so the
 * first figure is wall time and wants an idle machine; the CPU figures say the same on a busy one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { METRIC } from '@sluice/core/names';
import type { Bench, Figure } from '@sluice/core/testing/bench';
import { startLocalProcess } from '../e2e/local-process.ts';
import { postLoad } from './post-load.ts';

const REQUESTS = 2000;
const WARM_UP_REQUESTS = 200;
const SPANS_PER_REQUEST = 500;
const CONNECTIONS = 8;
const POLL_MS = 50;
const MIN_SPANS_PER_SECOND = 100_000;
/** What one core can give to 1,000 spans at that rate. */
const FULL_CORE_MS = 1000 / (MIN_SPANS_PER_SECOND / 1000);
const DELIVERED = `${METRIC.deliveredItems}{signal="traces",sink="embedded-traces"}`;

export const bench: Bench = {
  name: 'end to end: OTLP over HTTP into the embedded trace store',
  async run() {
    const dataDir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      await using pipeline = await startLocalProcess({ SLUICE_LOG_LEVEL: 'error' }, dataDir);
      const { ingestUrl: url, apiUrl } = pipeline;
      const shape = { url, spansPerRequest: SPANS_PER_REQUEST, connections: CONNECTIONS };
      const warmUp = await postLoad({ ...shape, requests: WARM_UP_REQUESTS, firstSeed: REQUESTS });
      await untilDelivered(apiUrl, warmUp.spans);

      const before = pipeline.cpuSeconds();
      const load = await postLoad({ ...shape, requests: REQUESTS, firstSeed: 0 });
      if (Object.keys(load.refused).length > 0) throw new Error(`refused: ${JSON.stringify(load.refused)}`);
      const answeredAt = performance.now();
      await untilDelivered(apiUrl, warmUp.spans + load.spans);
      const seconds = load.seconds + (performance.now() - answeredAt) / 1000;
      const after = pipeline.cpuSeconds();
      const cpu = (name: string, seconds: number, limitMs: number): Figure => ({
        name,
        value: (seconds * 1000) / (load.spans / 1000),
        unit: 'cpu-ms per 1,000 spans',
        limit: { kind: 'at most', value: limitMs },
      });
      return [
        {
          name: `spans stored, ${SPANS_PER_REQUEST} to a request`,
          value: load.spans / seconds,
          unit: 'spans/s',
          limit: { kind: 'at least', value: MIN_SPANS_PER_SECOND },
        },
        ...(before === undefined || after === undefined
          ? []
          : [
              cpu(
                'server, all threads, and the load',
                after.all - before.all + load.cpuSeconds,
                2 * FULL_CORE_MS,
              ),
              cpu("server's main thread", after.mainThread - before.mainThread, FULL_CORE_MS),
            ]),
      ];
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

async function untilDelivered(apiUrl: string, spans: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${apiUrl}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${DELIVERED} `));
    if (Number(line?.slice(DELIVERED.length + 1) ?? 0) >= spans) return;
    await sleep(POLL_MS);
  }
}
