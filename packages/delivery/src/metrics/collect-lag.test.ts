import type { BatchOutcome, QueueStats, ReceivedMessage } from '@sluice/core/ports/queue';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { noteCollectLag, withCollectLag } from './collect-lag.ts';

const NONE = { visible: 0, inFlight: 0, delayed: 0, oldestAgeMs: 0 };
const SOME = { visible: 3, inFlight: 0, delayed: 0, oldestAgeMs: undefined };
const CONTEXT = { softDeadlineMs: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal };

function makeWorld() {
  const clock = createFakeClock(1_000_000_000);
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'any', clock });
  let puts = 0;
  let failures: BatchOutcome['failures'] = [];
  const counted: typeof table = {
    ...table,
    put: (item, options) => {
      puts += 1;
      return table.put(item, options);
    },
  };
  const collect = noteCollectLag(async () => ({ failures }), { table: counted, clock });
  let stats: QueueStats = SOME;
  const queue = withCollectLag({ stats: async () => stats }, { table, clock });
  const message = (ageMs: number): ReceivedMessage => ({
    messageId: 'm',
    body: '',
    attributes: {},
    receiveCount: 1,
    sentAtMs: clock.nowMs() - ageMs,
    receiptHandle: 'r',
  });
  return {
    clock,
    take: (...agesMs: readonly number[]) => collect(agesMs.map(message), CONTEXT),
    fail: (found: BatchOutcome['failures']) => {
      failures = found;
    },
    puts: () => puts,
    age: async (now: QueueStats = SOME) => {
      stats = now;
      return (await queue.stats()).oldestAgeMs;
    },
  };
}

test('a queue that tells its age is believed', async () => {
  const { age, take } = makeWorld();
  await take(500_000);
  expect(await age({ ...SOME, oldestAgeMs: 7 })).toBe(7);
  expect(await age(NONE)).toBe(0);
});

test('messages that wait are as old as those that are being taken', async () => {
  const { age, take, clock } = makeWorld();
  await take(400, 200_000, 10);
  expect(await age()).toBe(200_000);
  await clock.advance(20_000);
  await take(150_000);
  expect(await age()).toBe(150_000);
});

test('when nothing is taken any more, the age grows since the last that was', async () => {
  const { age, take, clock } = makeWorld();
  await age();
  await take(1000);
  await clock.advance(300_000);
  expect(await age()).toBe(300_000);
});

test('a message that comes after a quiet hour is not an hour old', async () => {
  const { age, take, clock } = makeWorld();
  await take(1000);
  await age(NONE);
  await clock.advance(3_600_000);
  expect(await age()).toBe(0);
  await clock.advance(60_000);
  expect(await age()).toBe(60_000);
});

test('without any note the age is what was seen so far', async () => {
  const { age, clock } = makeWorld();
  expect(await age()).toBe(0);
  await clock.advance(90_000);
  expect(await age()).toBe(90_000);
});

test('notes are few: one a minute, four while it is late, none of a batch that failed', async () => {
  const { take, clock, puts, fail } = makeWorld();
  for (let second = 0; second < 60; second++) {
    await take(100);
    await clock.advance(1000);
  }
  expect(puts()).toBe(1);
  for (let second = 0; second < 60; second++) {
    await take(100_000);
    await clock.advance(1000);
  }
  expect(puts()).toBe(5);
  fail([{ messageId: 'm' }]);
  await clock.advance(600_000);
  await take(100_000);
  expect(puts()).toBe(5);
});
