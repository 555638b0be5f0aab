import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { expect, onTestFinished, test } from 'vitest';
import { createEmbeddedTable } from '../embedded/table.ts';
import { createFaultInjector } from '../testing/fault-injector.ts';
import { createMemoryDatabase } from '../testing/memory-database.ts';
import { fromKeyItem } from './api-key.ts';
import { hashKey } from './key-format.ts';
import { createKeyStore, type NewKey, noteKeyUse } from './key-store.ts';

const WISH: NewKey = { tenant: 'shop', name: 'checkout', scopes: ['ingest:write'] };

function make() {
  const database = createMemoryDatabase();
  onTestFinished(() => database.close());
  const clock = createFakeClock();
  const table = createEmbeddedTable({ database, name: 'sluice', clock });
  const dump = () =>
    JSON.stringify(database.db.prepare('SELECT pk, sk, hex(data) AS data FROM table_item').all());
  return { clock, table, dump, keys: createKeyStore({ table, clock }) };
}

test('a created key is listed with what was wished, and its secret lies nowhere', async () => {
  const { keys, clock, dump } = make();
  const limits = { itemsPerSecond: 100, burstItems: 500, itemsPerDay: 1e6 };
  const { secret, key } = await keys.create({ ...WISH, limits, expiresAtMs: clock.nowMs() + 1000 });
  expect(await keys.list()).toEqual([key]);
  expect(key).toEqual({
    id: hashKey(secret).slice(0, 12),
    hash: hashKey(secret),
    tenant: 'shop',
    name: 'checkout',
    scopes: ['ingest:write'],
    limits,
    createdAtMs: clock.nowMs(),
    expiresAtMs: clock.nowMs() + 1000,
    revision: 1,
  });
  expect(dump()).not.toContain(Buffer.from(secret).toString('hex').toUpperCase());
  expect(dump()).not.toContain(secret);
});

test('keys are listed newest first, of one tenant or of all', async () => {
  const { keys, clock } = make();
  for (const [tenant, name] of [
    ['shop', 'a'],
    ['bank', 'b'],
    ['shop', 'c'],
  ] as const) {
    await keys.create({ ...WISH, tenant, name });
    await clock.advance(1);
  }
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
  expect(names(await keys.list())).toEqual(['c', 'b', 'a']);
  expect(names(await keys.list('shop'))).toEqual(['c', 'a']);
  expect(await keys.list('nobody')).toEqual([]);
});

test('a rotated key has a successor with its rights and ends after the grace time', async () => {
  const { keys, clock } = make();
  const first = await keys.create({ ...WISH, limits: { itemsPerSecond: 5 } });
  await clock.advance(1000);
  const second = await keys.rotate(first.key.id, { graceMs: 3_600_000 });
  expect(second.secret).not.toBe(first.secret);
  expect(second.key).toMatchObject({
    tenant: 'shop',
    name: 'checkout',
    scopes: ['ingest:write'],
    limits: { itemsPerSecond: 5 },
  });
  const [, old] = await keys.list();
  expect(old).toMatchObject({
    id: first.key.id,
    expiresAtMs: clock.nowMs() + 3_600_000,
    replacedBy: second.key.id,
  });
});

test('rotation keeps an earlier expiry', async () => {
  const { keys, clock } = make();
  const expiresAtMs = clock.nowMs() + 1000;
  const first = await keys.create({ ...WISH, expiresAtMs });
  const second = await keys.rotate(first.key.id);
  expect((await keys.list()).map((key) => key.expiresAtMs)).toEqual([expiresAtMs, expiresAtMs]);
  expect(second.key.expiresAtMs).toBe(expiresAtMs);
});

test('a rotation that breaks off in the middle leaves the old key valid', async () => {
  const { table, clock } = make();
  const faults = createFaultInjector({ seed: 1, rates: {}, clock });
  const keys = createKeyStore({ table: faults.wrapTable(table), clock });
  const { key } = await keys.create(WISH);
  for (const when of ['before', 'after'] as const) {
    // 16 partitions are read, then the new key is put, then the old one is changed.
    faults.crashAt(18, when);
    await expect(keys.rotate(key.id)).rejects.toThrow(/crash/);
    faults.revive();
    const old = (await keys.list()).find(({ id }) => id === key.id)!;
    expect(old.revokedAtMs).toBeUndefined();
    expect(old.expiresAtMs === undefined).toBe(when === 'before');
  }
});

test('a revoked key stays in the list with its time; twice is fine; rotating it is not', async () => {
  const { keys, clock } = make();
  const { key } = await keys.create(WISH);
  const revokedAtMs = clock.nowMs();
  await keys.revoke(key.id);
  await clock.advance(1000);
  expect(await keys.revoke(key.id)).toMatchObject({ revokedAtMs, revision: 2 });
  await expect(keys.rotate(key.id)).rejects.toThrow(/is revoked/);
});

test('the day of last use is listed and survives changes', async () => {
  const { keys, table } = make();
  const { key } = await keys.create(WISH);
  await noteKeyUse(table, key.hash, '2026-01-01');
  await keys.revoke(key.id);
  expect(await keys.list()).toMatchObject([{ id: key.id, lastUsedDay: '2026-01-01' }]);
});

test('two changes at once: one is told to try again', async () => {
  const { keys } = make();
  const { key } = await keys.create(WISH);
  const results = await Promise.allSettled([keys.revoke(key.id), keys.rotate(key.id)]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test.each<[Partial<NewKey>, RegExp]>([
  [{ tenant: 'Shop!' }, /tenant "Shop!" is not/],
  [{ name: ' ' }, /needs a name/],
  [{ name: 'a\u0007b' }, /printable/],
  [{ name: 'x'.repeat(101) }, /100/],
  [{ scopes: [] }, /at least one scope of ingest:write/],
  [{ scopes: ['ingest:write', 'root'] }, /scope "root" is not one of/],
  [{ limits: { itemsPerSecond: 0 } }, /itemsPerSecond 0 is not a positive number/],
  [{ limits: { itemsPerDay: Number.NaN } }, /itemsPerDay NaN/],
  [{ expiresAtMs: 1 }, /past/],
])('the wish %o is refused with the reason', async (wish, reason) => {
  const { keys } = make();
  const create = keys.create({ ...WISH, ...wish });
  await expect(create).rejects.toThrow(reason);
  await expect(create).rejects.toMatchObject({ name: 'UsageError' });
  expect(await keys.list()).toEqual([]);
});

test('an unknown id is named', async () => {
  const { keys } = make();
  await expect(keys.revoke('123456789abc')).rejects.toThrow(/no key "123456789abc"; "sluice keys list"/);
});

test('a secret that exists already is not given out again', async () => {
  const { table, clock } = make();
  const keys = createKeyStore({ table, clock, createSecret: () => 'the same' });
  await keys.create(WISH);
  await expect(keys.create({ ...WISH, tenant: 'bank' })).rejects.toThrow(/try again/);
  expect((await keys.list()).map(({ tenant }) => tenant)).toEqual(['shop']);
});

test('a damaged item is named by its id and refused', () => {
  const hash = hashKey('x');
  expect(() => fromKeyItem({ pk: 'api-key#0', sk: hash })).toThrow(
    `the stored key ${hash.slice(0, 12)} is damaged`,
  );
});
