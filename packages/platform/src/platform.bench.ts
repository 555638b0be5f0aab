/**
 * What the embedded queue and table cost in CPU, on a real file with the durability of production. The
 * pipeline's 100,000 spans a second at 500 spans a message are 200 messages a second.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ATTRIBUTE } from '@sluice/core/names';
import { systemClock } from '@sluice/core/ports/clock';
import type { OutgoingMessage, Queue } from '@sluice/core/ports/queue';
import { type Bench, cpuMs, type Figure } from '@sluice/core/testing/bench';
import { type EmbeddedDatabase, openDatabase } from './embedded/database.ts';
import { createEmbeddedQueue } from './embedded/queue.ts';
import { createEmbeddedTable } from './embedded/table.ts';

const MESSAGES = 4000;
const ROUNDS = 4;
const BODY_BYTES = 20_000;
const message: OutgoingMessage = {
  body: Buffer.from(
    Uint8Array.from({ length: (BODY_BYTES / 4) * 3 }, (_, index) => (index * 2_654_435_761) >>> 11),
  ).toString('base64'),
  attributes: {
    [ATTRIBUTE.version]: '1',
    [ATTRIBUTE.signal]: 'traces',
    [ATTRIBUTE.codec]: 'gzip',
    [ATTRIBUTE.tenant]: 'default',
    [ATTRIBUTE.items]: '500',
    [ATTRIBUTE.id]: 'a'.repeat(64),
    [ATTRIBUTE.receivedAtMs]: '1767225600000',
  },
};

export const bench: Bench = {
  name: 'platform: embedded queue and table',
  async run() {
    const pipelined = await measure((database) => pipeline(database, 32));
    const single = await measure((database) => pipeline(database, 1));
    const backlog = await measure(fillAndDrain);
    const rate = (cpu: number): number => 1_000_000 / cpu;
    return [
      atMost('send + receive + delete of 1,000 x 20 KB, 32 senders', pipelined, 200),
      atMost('send + receive + delete of 1,000 x 20 KB, one after another', single, 600),
      atMost('send, then receive + delete of 1,000 x 20 KB from a backlog', backlog, 300),
      {
        name: 'messages through the queue per core-second, 32 senders',
        value: rate(pipelined),
        unit: 'messages/s',
        limit: { kind: 'at least', value: 5000 },
      },
      atMost('conditional put + get of 1,000 x 1 KB items', await measure(putAndGet), 150),
    ];
  },
};

function atMost(name: string, value: number, limit: number): Figure {
  return { name, value, unit: 'cpu-ms', limit: { kind: 'at most', value: limit } };
}

/** Least CPU milliseconds per 1,000 messages over some rounds, each on a fresh file. */
async function measure(work: (database: EmbeddedDatabase) => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    const database = openDatabase({ path: join(folder, 'data.db') });
    least = Math.min(least, (await cpuMs(() => work(database))) / (MESSAGES / 1000));
    await database.close();
    rmSync(folder, { recursive: true });
  }
  return least;
}

async function pipeline(database: EmbeddedDatabase, senders: number): Promise<void> {
  const queue = createEmbeddedQueue({ database, name: 'traces', clock: systemClock });
  const draining = drain(queue);
  const send = async (): Promise<void> => {
    for (let i = 0; i < MESSAGES / senders; i++) await queue.send([message]);
  };
  await Promise.all(Array.from({ length: senders }, send));
  await draining;
}

async function fillAndDrain(database: EmbeddedDatabase): Promise<void> {
  const queue = createEmbeddedQueue({ database, name: 'traces', clock: systemClock });
  for (let i = 0; i < MESSAGES; i += 10) await queue.send(Array.from({ length: 10 }, () => message));
  await drain(queue);
}

async function drain(queue: Queue): Promise<void> {
  for (let received = 0; received < MESSAGES; ) {
    const messages = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 20_000 });
    received += messages.length;
    await queue.delete(messages.map(({ receiptHandle }) => receiptHandle));
  }
}

async function putAndGet(database: EmbeddedDatabase): Promise<void> {
  const table = createEmbeddedTable({ database, name: 'sluice', clock: systemClock });
  const data = new Uint8Array(1000);
  for (let i = 0; i < MESSAGES; i += 20) {
    const keys = Array.from({ length: 20 }, (_, n) => ({
      pk: `series#${i % 100}`,
      sk: String(i + n).padStart(8, '0'),
    }));
    await Promise.all(keys.map((key) => table.put({ ...key, data }, { condition: { kind: 'absent' } })));
    for (const key of keys) await table.get(key);
  }
}
