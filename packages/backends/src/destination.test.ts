import { describe, expect, test } from 'vitest';
import { parseDestination, toPushUrl } from './destination.ts';
import { redact } from './redact.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a destination', () => {
  test.each([
    ['user and password', 'http://tempo:4318', '12345:glc_abc', `Basic ${base64('12345:glc_abc')}`],
    ['a token', 'http://tempo:4318', 'glc_abc', 'Bearer glc_abc'],
    ['a whole header value', 'http://tempo:4318', 'Basic Zm9v', 'Basic Zm9v'],
    ['credentials in the URL', 'http://me:p%40ss@tempo:4318', undefined, `Basic ${base64('me:p@ss')}`],
    ['the setting before the URL', 'http://me:pass@tempo:4318', 'token', 'Bearer token'],
  ])('signs in with %s', (_name, url, auth, authorization) => {
    expect(parseDestination(url, auth)).toMatchObject({ url: 'http://tempo:4318', authorization });
  });

  test('without credentials sends no header, and the path is kept without its slash', () => {
    expect(parseDestination('https://gateway.example.com/otlp/')).toEqual({
      url: 'https://gateway.example.com/otlp',
      secrets: [],
    });
  });

  test.each(['12345:glc_abc', 'glc_abc', 'Bearer glc_abc'])(
    'with %s nothing secret survives redacting',
    (auth) => {
      const { secrets, authorization } = parseDestination('http://tempo', auth);
      const text = redact(`sent ${authorization} and glc_abc (${base64('12345:glc_abc')})`, secrets);
      expect(text).not.toContain('glc_abc');
      if (auth.includes(':')) expect(text).not.toContain(base64('12345:glc_abc'));
    },
  );
});

describe('redacting', () => {
  test.each([
    ['several\n lines\tand \u0000 control', 'several lines and control'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted]'],
    ['connect http://user:pass@host/path failed', 'connect http://[redacted]@host/path failed'],
    ['x'.repeat(2000), 'x'.repeat(500)],
  ])('%j', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });
});

test.each([
  ['https://loki.example', 'https://loki.example/loki/api/v1/push'],
  ['https://loki.example/loki/api/v1/push', 'https://loki.example/loki/api/v1/push'],
  ['https://gateway.example/tenant', 'https://gateway.example/tenant/loki/api/v1/push'],
])('with %s as its URL, Loki is sent to %s', (url, expected) => {
  expect(toPushUrl(parseDestination(url).url, '/loki/api/v1/push')).toBe(expected);
});
