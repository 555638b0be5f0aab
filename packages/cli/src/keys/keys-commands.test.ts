import { join } from 'node:path';
import { DATA_FILE, TABLE } from '@sluice/core/names';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { openDatabase } from '@sluice/platform/embedded/database';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyVerifier } from '@sluice/platform/keys/key-verifier';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await createTemporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const clock = createHurriedClock(Date.UTC(2026, 0, 1));

async function keys(...argv: readonly string[]) {
  const io = createFakeIo({ cwd: folder.path, env: { SLUICE_DATA_DIR: 'data' }, clock });
  const code = await run(['keys', ...argv], io);
  return { code, out: io.out(), err: io.err(), json: () => JSON.parse(io.out()) };
}

/** As a pipeline that runs on the same directory would judge the key. */
async function verify(secret: string) {
  const database = openDatabase({ path: join(folder.path, 'data', DATA_FILE.database) });
  const table = createEmbeddedTable({ database, name: TABLE.keys, clock });
  const verdict = await createKeyVerifier({ table, clock }).verify(secret, 'ingest:write');
  await new Promise((resolve) => setImmediate(resolve));
  await database.close();
  return verdict.status === 'ok'
    ? verdict.key.tenant
    : verdict.status === 'refused'
      ? verdict.reason
      : verdict.status;
}

test('a key lives from create over rotate to revoke', async () => {
  const created = (await keys('create', 'checkout service', '--tenant', 'team-a', '--json')).json();
  expect(created).toMatchObject({
    name: 'checkout service',
    tenant: 'team-a',
    scopes: ['ingest:write'],
    state: 'active',
    expiresAt: null,
  });
  expect(await verify(created.secret)).toBe('team-a');

  const rotated = (await keys('rotate', created.id, '--grace', '1h', '--json')).json();
  expect(rotated).toMatchObject({ replaces: created.id, tenant: 'team-a', name: 'checkout service' });
  expect([await verify(created.secret), await verify(rotated.secret)]).toEqual(['team-a', 'team-a']);
  const states = (await keys('list', '--json'))
    .json()
    .map(({ id, state }: Record<string, string>) => [id, state]);
  expect(Object.fromEntries(states)).toEqual({ [created.id]: 'replaced', [rotated.id]: 'active' });

  await clock.sleep(3_600_001);
  expect([await verify(created.secret), await verify(rotated.secret)]).toEqual(['expired', 'team-a']);
  expect((await keys('revoke', rotated.id)).out).toBe(
    `key ${rotated.id} (checkout service, tenant team-a) is revoked\n`,
  );
  expect(await verify(rotated.secret)).toBe('revoked');
});

test('the secret is printed once and stored nowhere in lists', async () => {
  const { out } = await keys(
    'create',
    'grafana',
    '--scope',
    'query:read',
    '--scope',
    'ingest:write',
    '--expires',
    '90d',
    '--rate',
    '5000',
    '--per-day',
    '1000000',
  );
  const secret = /^slk_[0-9A-Za-z]{36}/.exec(out)![0];
  expect(out).toMatch(/scopes\s+ingest:write, query:read\n/);
  expect(out).toMatch(/expires\s+2026-\d\d-\d\d \d\d:\d\d\n/);
  expect(out).toMatch(/limits\s+5,000 items\/s, 1,000,000 items\/day\n/);
  const [text, json] = [await keys('list'), await keys('list', '--json')];
  expect(text.out).toMatch(/grafana\s+default\s+active/);
  expect(text.out + json.out).not.toContain(secret);
  expect(text.out + json.out).not.toMatch(/[0-9a-f]{64}/);
});

test('lists can be of one tenant, and say what to do when empty', async () => {
  expect((await keys('list')).out).toContain('"sluice keys create NAME" makes one');
  await keys('create', 'one', '--tenant', 'a');
  await keys('create', 'two', '--tenant', 'b');
  expect(
    (await keys('list', '--tenant', 'b', '--json')).json().map(({ name }: { name: string }) => name),
  ).toEqual(['two']);
});

test.each([
  [
    ['revoke', 'feedfacecafe'],
    /there is no data in .*: start the pipeline there first, or set SLUICE_DATA_DIR/,
  ],
  [['create', '\u001b[31m'], /a key needs a name of 1 to 100 printable characters/],
  [['create', 'x', '--tenant', 'Not Valid'], /tenant "Not Valid" is not 1-63 characters/],
])('%j fails with one line', async (argv, message) => {
  const { code, err } = await keys(...argv);
  expect([code, err.split('\n').length]).toEqual([1, 2]);
  expect(err).toMatch(message);
});

test('an unknown key is told where to look', async () => {
  await keys('create', 'x');
  expect((await keys('rotate', 'feedfacecafe')).err).toMatch(
    /there is no key "feedfacecafe"; "sluice keys list" shows all ids/,
  );
});
