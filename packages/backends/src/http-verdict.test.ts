import { describe, expect, test } from 'vitest';
import { parseRetryAfter, verdictOf } from './http-verdict.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12, 0, 0);
const options = { destination: 'tempo', nowMs: NOW_MS };

describe('the verdict on an answer', () => {
  test.each([
    [429, 'retryable'],
    [500, 'retryable'],
    [502, 'retryable'],
    [503, 'retryable'],
    [504, 'retryable'],
    [599, 'retryable'],
    [408, 'retryable'],
    [425, 'retryable'],
    [100, 'retryable'],
    [400, 'permanent'],
    [422, 'permanent'],
    [418, 'permanent'],
    [413, 'too-large'],
  ] as const)('%i is %s', (status, verdict) => {
    const result = verdictOf({ status, retryAfter: null, message: 'because' }, options);
    expect(result).toMatchObject({ status: verdict, reason: `tempo answered ${status}: because` });
    expect(result).not.toHaveProperty('misconfigured');
  });

  test.each([301, 302, 307, 401, 402, 403, 404, 405, 407, 415, 501])(
    '%i means that the destination is set up wrongly, and is retried',
    (status) => {
      const result = verdictOf({ status, retryAfter: null, message: '' }, options);
      expect(result).toEqual({
        status: 'retryable',
        misconfigured: true,
        reason: `tempo answered ${status}`,
      });
    },
  );

  test('a text that a protocol names overrules the status, the first rule first', () => {
    const rules = [
      { pattern: /way too big/, status: 'too-large' },
      { pattern: /too/, status: 'retryable' },
    ] as const;
    const verdict = (message: string) =>
      verdictOf({ status: 400, retryAfter: '3', message }, { ...options, rules }).status;
    expect([verdict('way too big'), verdict('too many'), verdict('wrong')]).toEqual([
      'too-large',
      'retryable',
      'permanent',
    ]);
  });

  test('the wait that the server asks for is carried along', () => {
    expect(verdictOf({ status: 503, retryAfter: '7', message: '' }, options)).toMatchObject({
      retryAfterMs: 7000,
    });
  });
});

describe('Retry-After', () => {
  test.each([
    ['5', 5000],
    [' 0 ', 0],
    ['1.5', 1500],
    ['999999999', 3_600_000],
    [new Date(NOW_MS + 90_000).toUTCString(), 90_000],
    [new Date(NOW_MS - 90_000).toUTCString(), 0],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('%j asks for %j ms', (value, expected) => {
    expect(parseRetryAfter(value, NOW_MS)).toBe(expected);
  });
});
