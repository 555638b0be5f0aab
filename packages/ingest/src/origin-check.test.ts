import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createOriginCheck } from './origin-check.ts';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const from = (secret?: string): Headers =>
  new Headers(secret === undefined ? {} : { 'x-sluice-origin': secret });

test('without a secret every request is let in', () => {
  const check = createOriginCheck([]);
  expect([check(from()), check(from('anything'))]).toEqual([true, true]);
});

test('while a secret is changed, the new and the one before are good, and nothing else', () => {
  const check = createOriginCheck([digestOf('new'), digestOf('old')]);
  expect(['new', 'old', 'older', 'ne', '', digestOf('new')].map((secret) => check(from(secret)))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(check(from())).toBe(false);
});

test.each(['', 'abc', digestOf('x').toUpperCase(), `${digestOf('x')}0`])(
  'the digest %j is refused at start',
  (digest) => {
    expect(() => createOriginCheck([digest])).toThrow('instead of 64 in hex');
  },
);
