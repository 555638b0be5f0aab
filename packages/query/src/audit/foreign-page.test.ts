import { expect, test } from 'vitest';
import { isForeignPage } from './foreign-page.ts';

test.each([
  ['a program', 'http://127.0.0.1:9090', undefined, 'anonymous', false],
  ['a program by name', 'http://localhost:9090', undefined, 'anonymous', false],
  ['a program by IPv6', 'http://[::1]:9090', undefined, 'anonymous', false],
  ['a page of its own', 'http://localhost:9090', 'http://localhost:9090', 'anonymous', false],
  ['a page of another site', 'http://127.0.0.1:9090', 'https://example.org', 'anonymous', true],
  ['a page of another port', 'http://127.0.0.1:9090', 'http://127.0.0.1:3000', 'anonymous', true],
  ['a page without an origin', 'http://127.0.0.1:9090', 'null', 'anonymous', true],
  ['a host name made to point here', 'http://example.org:9090', 'http://example.org:9090', 'anonymous', true],
  ['a page that has a key', 'https://sluice.example.org', 'https://example.org', 'key k1', false],
])('%s', (_who, url, origin, reader, expected) => {
  const headers = origin === undefined ? {} : { origin };
  expect(isForeignPage(new Request(`${url}/v1/audit/erase`, { headers }), reader)).toBe(expected);
});
