/** What the handler itself costs, between a queue message and a sink that takes everything unopened. */
import { encodeEnvelope } from '@sluice/core/envelope';
import { silentLogger } from '@sluice/core/logger';
import { systemClock } from '@sluice/core/ports/clock';
import type { Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import type { Sink } from '@sluice/core/ports/sink';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { type Bench, leastCpuMs } from '@sluice/core/testing/bench';
import { createDeliverHandler } from './deliver-handler.ts';
import { makeEnvelope } from './testing/delivery-world.ts';

const SPANS = 500;
const BATCH = 10;

const sink: Sink = { name: 'open-hole', maxRawBytes: 4 * 1024 * 1024, push: async () => ({ status: 'ok' }) };

export const bench: Bench = {
  name: 'delivery: the handler alone',
  async run() {
    const queue: Queue = unusedQueue();
    const handler = createDeliverHandler({
      signal: 'traces',
      sinks: [sink],
      queue,
      deadLetter: queue,
      clock: systemClock,
      random: Math.random,
      selfMetrics: createSelfMetrics(),
      logger: silentLogger,
    });
    const messages = Array.from(
      { length: BATCH },
      (_, index): ReceivedMessage => ({
        ...encodeEnvelope(makeEnvelope({ seed: index, items: SPANS })),
        messageId: String(index),
        receiveCount: 1,
        sentAtMs: 0,
        receiptHandle: String(index),
      }),
    );
    const { signal } = new AbortController();
    const ms = await leastCpuMs(
      async () => {
        await handler(messages, { softDeadlineMs: Number.POSITIVE_INFINITY, signal });
      },
      { callsPerRound: 200 },
    );
    return [
      {
        name: `batches of ${BATCH} messages of ${SPANS} spans`,
        value: (ms / (BATCH * SPANS)) * 1000,
        unit: 'cpu-ms per 1,000 spans',
        limit: { kind: 'at most', value: 0.1 },
      },
    ];
  },
};

function unusedQueue(): Queue {
  const refuse = (): never => {
    throw new Error('the bench moves no message');
  };
  return {
    name: 'traces',
    send: refuse,
    receive: refuse,
    delete: refuse,
    changeVisibility: refuse,
    stats: refuse,
  };
}
