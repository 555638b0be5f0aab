import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@sluice/core/ports/clock';
import { createRandom } from '@sluice/core/testing/random';
import { expect, test } from 'vitest';
import { makeTemporaryFolder } from '../testing/temporary-folder.ts';
import { openDatabase } from './database.ts';
import { createEmbeddedQueue } from './queue.ts';

const RUNS = Number(process.env.SLUICE_KILL_RUNS ?? 4);
const NUMBERS_PER_RUN = 1_000_000;
const worker = fileURLToPath(new URL('../testing/kill-worker.ts', import.meta.url));

test(`kill -9 at ${RUNS} random moments loses nothing that was acknowledged and brings back nothing that was deleted`, {
  timeout: 30_000 + RUNS * 3000,
}, async () => {
  const path = join(makeTemporaryFolder(), 'data.db');
  const random = createRandom(RUNS);
  const sent = new Set<number>();
  const asked = new Set<number>();
  const deleted: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const output = await runAndKill(path, { start: run * NUMBERS_PER_RUN, afterMs: 1 + random.below(250) });
    for (const line of output.split('\n')) {
      const match = /^([sad]) (\d+)$/.exec(line);
      if (match?.[1] === 's') sent.add(Number(match[2]));
      if (match?.[1] === 'a') asked.add(Number(match[2]));
      if (match?.[1] === 'd') deleted.push(Number(match[2]));
    }
  }
  const left = await drainNumbers(path);

  expect(new Set(deleted).size, 'no message was deleted twice').toBe(deleted.length);
  expect(new Set(left).size, 'no message is there twice').toBe(left.length);
  const isDeleted = new Set(deleted);
  expect(left.filter((n) => isDeleted.has(n))).toEqual([]);
  const isThere = new Set([...left, ...deleted]);
  // A kill between a deletion and the line that tells of it leaves a number that was asked for only.
  expect([...sent].filter((n) => !isThere.has(n) && !asked.has(n))).toEqual([]);
  expect(sent.size).toBeGreaterThan(0);
  expect(deleted.length).toBeGreaterThan(0);
});

/** Kills `afterMs` after the first acknowledgement and answers what was written until then. */
async function runAndKill(
  path: string,
  { start, afterMs }: { start: number; afterMs: number },
): Promise<string> {
  const child = spawn(process.execPath, [worker, path, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  await once(child.stdout, 'data');
  await setTimeout(afterMs);
  child.kill('SIGKILL');
  await once(child, 'close');
  return output;
}

async function drainNumbers(path: string): Promise<readonly number[]> {
  const database = openDatabase({ path });
  const queue = createEmbeddedQueue({ database, name: 'work', clock: systemClock });
  await queue.releaseInFlight();
  const numbers: number[] = [];
  for (;;) {
    const messages = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 0 });
    if (messages.length === 0) break;
    numbers.push(...messages.map(({ body }) => Number(body.split(' ')[0])));
    await queue.delete(messages.map(({ receiptHandle }) => receiptHandle));
  }
  await database.close();
  return numbers;
}
