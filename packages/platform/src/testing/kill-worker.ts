/**
 * The process that the kill test kills: sends numbered messages and consumes them at the same time, and
 * writes to stdout what it is about to delete (`a <n>`) and what it was acknowledged: `s <n>` sent, `d <n>` deleted. Usage: kill-worker PATH START.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '@sluice/core/ports/clock';
import { openDatabase } from '../embedded/database.ts';
import { createEmbeddedQueue } from '../embedded/queue.ts';

const [path = '', start = '0'] = process.argv.slice(2);
const database = openDatabase({ path });
const queue = createEmbeddedQueue({ database, name: 'work', clock: systemClock });
await queue.releaseInFlight();
const padding = 'x'.repeat(2000);

async function produce(lane: number): Promise<never> {
  for (let n = Number(start) + lane; ; n += 4) {
    const outcomes = await queue.send([{ body: `${n} ${padding}`, attributes: {} }]);
    if (outcomes[0]?.status === 'ok') writeSync(1, `s ${n}\n`);
  }
}

async function consume(): Promise<never> {
  for (;;) {
    const messages = await queue.receive({ maxMessages: 7, visibilityTimeoutMs: 60_000, waitMs: 1000 });
    for (const { body } of messages) writeSync(1, `a ${body.split(' ')[0]}\n`);
    await queue.delete(messages.map(({ receiptHandle }) => receiptHandle));
    for (const { body } of messages) writeSync(1, `d ${body.split(' ')[0]}\n`);
  }
}

await Promise.race([0, 1, 2, 3].map(produce).concat(consume()));
