/**
 * The whole local pipeline as its users run it: a server process, and this process as the load over
 * HTTP. Wall time, because the promise is a rate on a machine with two cores; the clock stops when the
 * embedded store has every span. Run it on an idle machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { METRIC } from '@sluice/core/names';
import type { Bench } from '@sluice/core/testing/bench';
import { startLocalProcess } from '../e2e/local-process.ts';
import { postLoad } from './post-load.ts';

const REQUESTS = 2000;
const WARM_UP_REQUESTS = 200;
const SPANS_PER_REQUEST = 500;
const CONNECTIONS = 8;
const POLL_MS = 50;
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

      const load = await postLoad({ ...shape, requests: REQUESTS, firstSeed: 0 });
      if (Object.keys(load.refused).length > 0) throw new Error(`refused: ${JSON.stringify(load.refused)}`);
      const answeredAt = performance.now();
      await untilDelivered(apiUrl, warmUp.spans + load.spans);
      const seconds = load.seconds + (performance.now() - answeredAt) / 1000;
      return [
        {
          name: `spans stored, ${SPANS_PER_REQUEST} to a request`,
          value: load.spans / seconds,
          unit: 'spans/s',
          limit: { kind: 'at least', value: 100_000 },
        },
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
