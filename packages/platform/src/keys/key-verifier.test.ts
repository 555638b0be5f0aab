import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCountingTable } from '../counting-table.ts';
import { createEmbeddedTable } from '../embedded/table.ts';
import { createFaultInjector } from '../testing/fault-injector.ts';
import { createMemoryDatabase } from '../testing/memory-database.ts';
import { createKeySecret } from './key-format.ts';
import { createKeyStore, type NewKey } from './key-store.ts';
import { createKeyVerifier } from './key-verifier.ts';

const WISH: NewKey = { tenant: 'shop', name: 'checkout', scopes: ['ingest:write'] };

function make(options: { readonly maxEntries?: number } = {}) {
  const database = createMemoryDatabase();
  onTestFinished(() => database.close());
  const clock = createFakeClock();
  const plain = createEmbeddedTable({ database, name: 'sluice', clock });
  const faults = createFaultInjector({ seed: 1, rates: {}, clock });
  const table = createCountingTable(faults.wrapTable(plain));
  const verifier = createKeyVerifier({ table, clock, ...options });
  return { clock, table, faults, keys: createKeyStore({ table: plain, clock }), ...verifier };
}

describe('verdicts', () => {
  test('a good key is ok and tells its tenant', async () => {
    const { keys, verify } = make();
    const { secret, key } = await keys.create(WISH);
    expect(await verify(secret, 'ingest:write')).toEqual({ status: 'ok', key });
    expect(await verify(secret)).toMatchObject({ status: 'ok' });
  });

  test.each([
    [undefined, 'missing'],
    ['', 'missing'],
    ['Bearer', 'malformed'],
    [`slk_${'0'.repeat(36)}`, 'malformed'],
  ])('%j is 401 %s, without a look at the table', async (secret, reason) => {
    const { table, verify } = make();
    expect(await verify(secret)).toMatchObject({ status: 'refused', httpStatus: 401, reason });
    expect(table.counts().reads).toBe(0);
  });

  test('a well-formed key that nobody made is 401 unknown', async () => {
    const { verify } = make();
    expect(await verify(createKeySecret())).toMatchObject({
      status: 'refused',
      httpStatus: 401,
      reason: 'unknown',
    });
  });

  test('a missing scope is 403 and named; admin has every scope', async () => {
    const { keys, verify } = make();
    const { secret } = await keys.create(WISH);
    expect(await verify(secret, 'query:read')).toMatchObject({
      status: 'refused',
      httpStatus: 403,
      reason: 'scope',
      message: expect.stringContaining('query:read'),
    });
    const admin = await keys.create({ ...WISH, scopes: ['admin'] });
    expect(await verify(admin.secret, 'audit:write')).toMatchObject({ status: 'ok' });
  });

  test('a key ends at its expiry to the millisecond, also from the cache', async () => {
    const { keys, clock, verify } = make();
    const { secret } = await keys.create({ ...WISH, expiresAtMs: clock.nowMs() + 1000 });
    await clock.advance(999);
    expect(await verify(secret)).toMatchObject({ status: 'ok' });
    await clock.advance(1);
    expect(await verify(secret)).toMatchObject({ reason: 'expired', httpStatus: 401 });
  });

  test('revoked comes before expired, expired before scope', async () => {
    const { keys, clock, verify } = make();
    const expiring = await keys.create({ ...WISH, expiresAtMs: clock.nowMs() + 1 });
    const revoked = await keys.create({ ...WISH, expiresAtMs: clock.nowMs() + 1 });
    await keys.revoke(revoked.key.id);
    await clock.advance(1);
    expect(await verify(expiring.secret, 'admin')).toMatchObject({ reason: 'expired' });
    expect(await verify(revoked.secret, 'admin')).toMatchObject({ reason: 'revoked' });
  });

  test('no message holds the secret', async () => {
    const { keys, verify } = make();
    const { secret, key } = await keys.create(WISH);
    await keys.revoke(key.id);
    for (const text of [secret, secret.slice(0, -1), createKeySecret()]) {
      expect(JSON.stringify(await verify(text, 'admin'))).not.toContain(text);
    }
  });
});

describe('the cache', () => {
  test('asks the table once in 60 s for a good key, once in 10 s for an unknown one', async () => {
    const { keys, clock, table, verify } = make();
    const { secret } = await keys.create(WISH);
    const stranger = createKeySecret();
    for (let second = 0; second < 60; second++) {
      await verify(secret);
      await verify(stranger);
      await clock.advance(1000);
    }
    expect(table.counts().reads).toBe(1 + 6);
  });

  test('asks once for many requests at the same moment', async () => {
    const { keys, table, verify } = make();
    const { secret } = await keys.create(WISH);
    await Promise.all(Array.from({ length: 50 }, () => verify(secret)));
    expect(table.counts().reads).toBe(1);
  });

  test('a revocation is seen within 60 s, a new key within 10 s', async () => {
    const { keys, clock, table, verify } = make();
    const { secret, key } = await keys.create(WISH);
    await verify(secret);
    await keys.revoke(key.id);
    await clock.advance(60_000);
    expect(await verify(secret)).toMatchObject({ reason: 'revoked' });
    const late = createKeySecret();
    expect(await verify(late)).toMatchObject({ reason: 'unknown' });
    await createKeyStore({ table, clock, createSecret: () => late }).create(WISH);
    await clock.advance(10_000);
    expect(await verify(late)).toMatchObject({ status: 'ok' });
  });

  test('holds no more than its bound', async () => {
    const { keys, table, verify } = make({ maxEntries: 2 });
    const made = [await keys.create(WISH), await keys.create(WISH), await keys.create(WISH)];
    for (const { secret } of made) await verify(secret);
    expect(table.counts().reads).toBe(3);
    await verify(made[2]!.secret);
    expect(table.counts().reads).toBe(3);
    await verify(made[0]!.secret);
    expect(table.counts().reads).toBe(4);
  });

  test('notes the day of use once a day', async () => {
    const { keys, clock, table, verify } = make();
    const { secret } = await keys.create(WISH);
    for (let hour = 0; hour < 48; hour++) {
      await verify(secret);
      await clock.advance(3_600_000);
    }
    expect(table.counts().writes).toBe(2);
    expect(await keys.list()).toMatchObject([{ lastUsedDay: '2026-01-02' }]);
  });
});

describe('while the table does not answer', () => {
  test('a key that was good is taken for 15 minutes, then the answer is 503', async () => {
    const { keys, clock, faults, verify } = make();
    const { secret } = await keys.create(WISH);
    await verify(secret);
    faults.setOutage(true);
    await clock.advance(14 * 60_000);
    expect(await verify(secret, 'ingest:write')).toMatchObject({ status: 'ok' });
    await clock.advance(2 * 60_000);
    expect(await verify(secret)).toMatchObject({ status: 'unavailable', httpStatus: 503 });
    faults.setOutage(false);
    expect(await verify(secret)).toMatchObject({ status: 'ok' });
  });

  test('a key that was never seen is 503, not 401', async () => {
    const { faults, verify } = make();
    faults.setOutage(true);
    expect(await verify(createKeySecret())).toMatchObject({ status: 'unavailable', httpStatus: 503 });
  });

  test('a refused key stays refused', async () => {
    const { keys, clock, faults, verify } = make();
    const { secret, key } = await keys.create(WISH);
    await keys.revoke(key.id);
    await verify(secret);
    faults.setOutage(true);
    await clock.advance(5 * 60_000);
    expect(await verify(secret)).toMatchObject({ reason: 'revoked' });
  });

  test('the table is asked again only every 10 s', async () => {
    const { keys, clock, table, faults, verify } = make();
    const { secret } = await keys.create(WISH);
    await verify(secret);
    await clock.advance(60_000);
    faults.setOutage(true);
    const before = faults.calls();
    for (let second = 0; second < 30; second++) {
      await verify(secret);
      await clock.advance(1000);
    }
    expect(faults.calls() - before).toBe(3);
    expect(table.counts().reads).toBe(1);
  });
});
