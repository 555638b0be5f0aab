import { expect, test } from 'vitest';
import { readCredential } from './credentials.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  [{ authorization: 'Bearer abc' }, 'abc'],
  [{ authorization: 'bearer   abc ' }, 'abc'],
  [{ 'x-api-key': ' abc ' }, 'abc'],
  [{ authorization: 'Bearer abc', 'x-api-key': 'other' }, 'abc'],
  [{ authorization: basic('anyone:abc') }, 'abc'],
  [{ authorization: basic('anyone:a:b') }, 'a:b'],
  [{ authorization: basic('abc:') }, 'abc'],
  [{ authorization: basic('abc') }, 'abc'],
])('%j carries the key %s', (headers, secret) => {
  expect(readCredential(new Headers(headers))).toEqual({ kind: 'key', secret });
});

test.each([[{}], [{ authorization: '' }], [{ 'x-api-key': ' ' }]])('%j carries no key', (headers) => {
  expect(readCredential(new Headers(headers))).toEqual({ kind: 'none' });
});

test.each([
  ['Bearer', /no key behind it/],
  ['Basic', /neither user nor password/],
  [basic(':'), /neither user nor password/],
  ['Digest abc', /neither "Bearer" nor "Basic"/],
  ['abc', /neither "Bearer" nor "Basic"/],
])('authorization "%s" is told to be unreadable', (authorization, message) => {
  expect(readCredential(new Headers({ authorization }))).toEqual({
    kind: 'unreadable',
    message: expect.stringMatching(message),
  });
});
