import { join } from 'node:path';
import { systemClock } from '@sluice/core/ports/clock';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { expect, onTestFinished, test } from 'vitest';
import { createMemoryDatabase } from '../testing/memory-database.ts';
import { makeTemporaryFolder } from '../testing/temporary-folder.ts';
import { openDatabase } from './database.ts';
import { createEmbeddedQueue } from './queue.ts';

const now = { maxMessages: 10, visibilityTimeoutMs: 60_000, waitMs: 0 };

function openQueue(path: string, name = 'work') {
  const database = openDatabase({ path });
  onTestFinished(() => database.close());
  return { database, queue: createEmbeddedQueue({ database, name, clock: systemClock }) };
}

test('messages, receive counts and hidden messages survive a restart', async () => {
  const path = join(makeTemporaryFolder(), 'data.db');
  const first = openQueue(path);
  await first.queue.send([{ body: 'a', attributes: { tenant: 't' } }]);
  await first.queue.receive(now);
  await first.database.close();
  const { queue } = openQueue(path);
  expect(await queue.receive(now)).toEqual([]);
  expect(await queue.releaseInFlight()).toBe(1);
  expect(await queue.receive(now)).toMatchObject([
    { body: 'a', attributes: { tenant: 't' }, receiveCount: 2 },
  ]);
});

test('a message that another process sends wakes a waiting receive', async () => {
  const path = join(makeTemporaryFolder(), 'data.db');
  const [server, command] = [openQueue(path), openQueue(path)];
  const waiting = server.queue.receive({ ...now, waitMs: 10_000 });
  await command.queue.send([{ body: 'from outside', attributes: {} }]);
  expect(await waiting).toMatchObject([{ body: 'from outside' }]);
});

test('two processes never receive the same message at the same time', async () => {
  const path = join(makeTemporaryFolder(), 'data.db');
  const [one, two] = [openQueue(path), openQueue(path)];
  await one.queue.send(Array.from({ length: 100 }, (_, n) => ({ body: `m${n}`, attributes: {} })));
  const batches = await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : two).queue.receive({ ...now, maxMessages: 5 })),
  );
  const bodies = batches.flat().map(({ body }) => body);
  expect(new Set(bodies).size).toBe(100);
  expect(bodies).toHaveLength(100);
});

test('messages older than the retention time are dropped', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database, name: 'work', clock, retentionMs: 3_600_000 });
  await queue.send([{ body: 'old', attributes: {} }]);
  await clock.advance(3_000_000);
  await queue.send([{ body: 'young', attributes: {} }]);
  await clock.advance(1_000_000);
  expect((await queue.receive(now)).map(({ body }) => body)).toEqual(['young']);
  await database.close();
});

test('the receipt of an earlier receive does not delete the message of a later one', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database, name: 'work', clock });
  await queue.send([{ body: 'a', attributes: {} }]);
  const [first] = await queue.receive({ ...now, visibilityTimeoutMs: 1000 });
  await clock.advance(1000);
  const [second] = await queue.receive(now);
  await queue.delete([first!.receiptHandle, 'not a receipt']);
  await queue.changeVisibility('not a receipt', 0);
  expect(await queue.stats()).toMatchObject({ inFlight: 1 });
  await queue.delete([second!.receiptHandle]);
  expect(await queue.stats()).toMatchObject({ inFlight: 0 });
  await database.close();
});

test('a FIFO queue with many groups and one blocked backlog finds the next group', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const queue = createEmbeddedQueue({ database, name: 'work.fifo', clock });
  await queue.send(
    Array.from({ length: 500 }, (_, n) => ({ body: `a${n}`, attributes: {}, groupId: 'busy' })).concat(
      Array.from({ length: 50 }, (_, n) => ({ body: `b${n}`, attributes: {}, groupId: `idle${n}` })),
    ),
  );
  expect(await queue.receive({ ...now, maxMessages: 1 })).toMatchObject([{ body: 'a0' }]);
  const idle = await queue.receive(now);
  expect(idle.map(({ body }) => body)).toEqual(Array.from({ length: 10 }, (_, n) => `b${n}`));
  await database.close();
});
