/**
 * What storing a span costs, inflating included: batches of 500 spans, seven to a trace, over the file
 * that local mode uses (here in memory, since a disk's speed is not ours).
 */
import { gzipSync } from 'node:zlib';
import { messageIdOf } from '@sluice/core/envelope';
import { inflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import { systemClock } from '@sluice/core/ports/clock';
import type { TelemetryPart } from '@sluice/core/ports/sink';
import { type Bench, cpuMs } from '@sluice/core/testing/bench';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createEmbeddedTraceStore } from './embedded-trace-store.ts';

const TENANT = parseTenantId('default');
const SPANS = 500;
const MESSAGES_PER_PUSH = 10;
const PUSHES = 20;
const ROUNDS = 6;

export const bench: Bench = {
  name: 'embedded trace store',
  async run() {
    const database = createMemoryDatabase();
    const store = createEmbeddedTraceStore({
      database,
      clock: systemClock,
      retentionMs: 3_600_000,
      maxBytes: 1e9,
    });
    const signal = new AbortController().signal;
    let seed = 0;
    const makeParts = (): TelemetryPart[] =>
      Array.from({ length: MESSAGES_PER_PUSH }, () => {
        const raw = makeTraceRequest({ spans: SPANS, seed: ++seed, nowMs: Date.now() });
        const gzip = gzipSync(raw);
        const messageId = messageIdOf(TENANT, 'traces', raw);
        return { messageId, items: SPANS, receivedAtMs: Date.now(), gzip, raw: () => inflateGzip(gzip) };
      });

    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const pushes = Array.from({ length: PUSHES }, makeParts);
      const ms = await cpuMs(async () => {
        for (const parts of pushes) await store.push(TENANT, parts, { signal });
      });
      least = Math.min(least, (ms * 1000) / (PUSHES * MESSAGES_PER_PUSH * SPANS));
    }
    let searches = 0;
    const searchMs = await cpuMs(async () => {
      for (; searches < 20; searches++) {
        await store.search(TENANT, { service: 'cart', tags: new Map([['error', 'true']]), limit: 20 });
      }
    });
    await database.close();
    return [
      {
        name: 'store, inflated and indexed',
        value: least,
        unit: 'cpu-ms per 1,000 spans',
        limit: { kind: 'at most', value: 2 },
      },
      {
        name: 'search of 20 failed traces',
        value: searchMs / searches,
        unit: 'cpu-ms',
        limit: { kind: 'at most', value: 100 },
      },
    ];
  },
};
