import { createFakeClock, type FakeClock } from '@sluice/core/testing/fake-clock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCountingTable } from '../counting-table.ts';
import { createEmbeddedTable } from '../embedded/table.ts';
import type { KeyLimits } from '../keys/api-key.ts';
import { createFaultInjector } from '../testing/fault-injector.ts';
import { createMemoryDatabase } from '../testing/memory-database.ts';
import { createRateLimiter } from './rate-limiter.ts';

function make(startMs?: number) {
  const database = createMemoryDatabase();
  onTestFinished(() => database.close());
  const clock = createFakeClock(startMs);
  const plain = createEmbeddedTable({ database, name: 'sluice', clock });
  const faults = createFaultInjector({ seed: 1, rates: {}, clock });
  const table = createCountingTable(faults.wrapTable(plain));
  return { clock, table, faults, limiter: () => createRateLimiter({ table, clock }) };
}

const keyWith = (limits: KeyLimits, id = 'key1') => ({ id, limits });
/** Lets background writes end. */
const settle = (clock: FakeClock) => clock.advance(0).then(() => clock.advance(0));

test('a key without limits is never limited and costs no writes', async () => {
  const { clock, table, limiter } = make();
  const { check, flush } = limiter();
  for (let i = 0; i < 100; i++) expect(check(keyWith({}), 1_000_000)).toEqual({ status: 'ok' });
  await flush();
  await settle(clock);
  expect(table.counts().writes).toBe(0);
});

describe('the rate', () => {
  test('limits with a wait of 1 to 5 seconds and the reason', () => {
    const { check } = make().limiter();
    const key = keyWith({ itemsPerSecond: 10, burstItems: 100 });
    expect(check(key, 100)).toEqual({ status: 'ok' });
    expect(check(key, 1)).toEqual({
      status: 'limited',
      retryAfterSeconds: 1,
      reason: 'the rate limit of 10 items a second is reached',
    });
    expect(check(key, 35)).toMatchObject({ retryAfterSeconds: 4 });
    expect(check(key, 100)).toMatchObject({ retryAfterSeconds: 5 });
  });

  test('has a burst of ten seconds by default, and recovers', async () => {
    const { clock, limiter } = make();
    const { check } = limiter();
    const key = keyWith({ itemsPerSecond: 10 });
    expect(check(key, 100).status).toBe('ok');
    expect(check(key, 10).status).toBe('limited');
    await clock.advance(1000);
    expect(check(key, 10).status).toBe('ok');
  });

  test('is counted for each key on its own', () => {
    const { check } = make().limiter();
    const limits = { itemsPerSecond: 1, burstItems: 1 };
    expect(check(keyWith(limits, 'a'), 1).status).toBe('ok');
    expect(check(keyWith(limits, 'b'), 1).status).toBe('ok');
    expect(check(keyWith(limits, 'a'), 1).status).toBe('limited');
  });
});

describe('what is refunded', () => {
  test('may be sent again at once, and fills no bucket beyond its burst', () => {
    const { check, refund } = make().limiter();
    const key = keyWith({ itemsPerSecond: 10, burstItems: 100 });
    expect(check(key, 100).status).toBe('ok');
    refund(key, 100);
    expect(check(key, 100).status).toBe('ok');
    expect(check(key, 1).status).toBe('limited');
    refund(key, 100_000);
    expect(check(key, 100).status).toBe('ok');
    expect(check(key, 1).status).toBe('limited');
  });

  test('is taken off the daily quota, for every process', async () => {
    const { clock, limiter } = make();
    const key = keyWith({ itemsPerDay: 1000 });
    const [one, two] = [limiter(), limiter()];
    expect(one.check(key, 900).status).toBe('ok');
    await one.flush();
    one.refund(key, 900);
    expect(one.check(key, 1001).status).toBe('limited');
    await one.flush();
    two.check(key, 1);
    await settle(clock);
    expect(two.check(key, 999).status).toBe('ok');
    expect(two.check(key, 1).status).toBe('limited');
  });

  test('after midnight gives nothing of the new day away', async () => {
    const { clock, limiter } = make(Date.UTC(2026, 0, 1, 23));
    const { check, refund } = limiter();
    const key = keyWith({ itemsPerDay: 1000 });
    expect(check(key, 900).status).toBe('ok');
    await clock.advance(3_600_000);
    refund(key, 900);
    expect(check(key, 1001).status).toBe('limited');
    expect(check(key, 1000).status).toBe('ok');
  });

  test('for a key that was never checked changes nothing', () => {
    const { check, refund } = make().limiter();
    const key = keyWith({ itemsPerSecond: 10, burstItems: 100, itemsPerDay: 100 });
    refund(key, 50);
    expect(check(key, 101).status).toBe('limited');
    expect(check(key, 100).status).toBe('ok');
  });
});

describe('the daily quota', () => {
  const key = keyWith({ itemsPerDay: 1000 });

  test('cuts exactly in one process, and begins anew at midnight UTC', async () => {
    const { clock, limiter } = make(Date.UTC(2026, 0, 1, 23));
    const { check } = limiter();
    expect(check(key, 999).status).toBe('ok');
    expect(check(key, 2)).toEqual({
      status: 'limited',
      retryAfterSeconds: 5,
      reason: 'the daily quota of 1000 items is used up until 00:00 UTC',
    });
    expect(check(key, 1).status).toBe('ok');
    await clock.advance(3_600_000);
    expect(check(key, 1000).status).toBe('ok');
  });

  test('is shared by processes within a few seconds', async () => {
    const { clock, limiter } = make();
    const [one, two] = [limiter(), limiter()];
    let passed = 0;
    for (let second = 0; second < 40; second++) {
      for (const { check } of [one, two]) passed += check(key, 30).status === 'ok' ? 30 : 0;
      await clock.advance(1000);
    }
    expect(one.check(key, 30).status).toBe('limited');
    expect(two.check(key, 30).status).toBe('limited');
    expect(passed).toBeGreaterThan(940);
    expect(passed).toBeLessThanOrEqual(1000 + 5 * 60);
  });

  test('is known to a process that starts later', async () => {
    const { clock, limiter } = make();
    const one = limiter();
    one.check(key, 990);
    await one.flush();
    const two = limiter();
    two.check(key, 5);
    await settle(clock);
    expect(two.check(key, 6).status).toBe('limited');
    expect(two.check(key, 5).status).toBe('ok');
  });

  test('costs one write in five seconds, however many requests', async () => {
    const { clock, table, limiter } = make();
    const { check } = limiter();
    for (let tenth = 0; tenth < 100; tenth++) {
      check(key, 1);
      await clock.advance(100);
    }
    expect(table.counts().writes).toBeLessThanOrEqual(3);
  });

  test('still holds in this process while the table is away, and never counts an item twice', async () => {
    const { clock, faults, limiter } = make();
    const { check, flush } = limiter();
    check(key, 100);
    await flush();
    faults.setRates({ failAfter: 1 });
    check(key, 400);
    await flush();
    faults.setRates({});
    check(key, 100);
    await flush();
    await settle(clock);
    expect(check(key, 401).status).toBe('limited');
    expect(check(key, 400).status).toBe('ok');
    expect(faults.counts().failAfter).toBe(1);
  });
});
