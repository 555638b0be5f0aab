import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyStore } from '@sluice/platform/keys/key-store';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { createAccess } from './access.ts';

const clock = createFakeClock();
const open = () =>
  createAccess({
    host: '127.0.0.1',
    table: createEmbeddedTable({ database: createMemoryDatabase(), name: 'keys', clock }),
    clock,
  });

test.each<[string, string, RequestInit, string]>([
  ['a program', 'http://127.0.0.1:9090/loki/api/v1/query', {}, 'ok'],
  ['a program by name', 'http://localhost:9090/api/v1/query', { method: 'POST' }, 'ok'],
  [
    'a page of this pipeline',
    'http://localhost:9090/x',
    { method: 'POST', headers: { origin: 'http://localhost:9090' } },
    'ok',
  ],
  [
    'a page elsewhere that reads',
    'http://localhost:9090/x',
    { headers: { origin: 'https://evil.example' } },
    'ok',
  ],
  [
    'a page elsewhere that writes',
    'http://localhost:9090/x',
    { method: 'POST', headers: { origin: 'https://evil.example' } },
    'refused',
  ],
  [
    'a page without an origin',
    'http://localhost:9090/x',
    { method: 'DELETE', headers: { origin: 'null' } },
    'refused',
  ],
  ['a name that was made to point here', 'http://evil.example:9090/x', {}, 'refused'],
])('%s, without a key on loopback', async (_, url, init, status) => {
  const { authorize } = await open();
  expect((await authorize(new Request(url, init), 'query:read')).status).toBe(status);
});

test('a listener beyond loopback starts only with a key', async () => {
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'keys', clock });
  await expect(createAccess({ host: '0.0.0.0', table, clock })).rejects.toThrow('no API key is set up');
});

test('a key that is revoked is refused within a second', async () => {
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'keys', clock });
  const keys = createKeyStore({ table, clock });
  const { secret, key } = await keys.create({ tenant: 'default', name: 'a', scopes: ['query:read'] });
  const { authorize } = await createAccess({ host: '127.0.0.1', table, clock });
  const statusOf = async () => {
    const headers = { 'x-api-key': secret };
    return (await authorize(new Request('http://localhost:9090/', { headers }), 'query:read')).status;
  };
  expect(await statusOf()).toBe('ok');
  await keys.revoke(key.id);
  await clock.advance(1001);
  expect(await statusOf()).toBe('refused');
});
