import { describe, expect, test } from 'vitest';
import { ForbiddenAddressError } from './guarded-fetch.ts';
import { redact } from './redact.ts';
import { parseRetryAfter, postToReceiver } from './send-json.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

test.each([
  ['7', 7_000],
  ['0', 0],
  ['-1', 0],
  ['1e9', 3_600_000],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('Retry-After %j is %j ms', (value, expected) => {
  expect(parseRetryAfter(value, NOW_MS)).toBe(expected);
});

test.each([
  ['POST https://u:p@hooks.test/services/T/B/x failed', [], 'POST https://hooks.test/<redacted> failed'],
  ['bad token abcd1234', ['abcd1234'], 'bad token <redacted>'],
  ['at /bot%3Aabcd/send', [':abcd'], 'at /bot<redacted>/send'],
  ['short secrets such as ab stay', ['ab'], 'short secrets such as ab stay'],
  ['http://[bad', [], '<redacted>'],
])('%j without secrets is %j', (text, secrets, expected) => {
  expect(redact(text, secrets)).toBe(expected);
});

describe('what was thrown', () => {
  const post = (error: unknown, url = 'https://a.test/x') =>
    postToReceiver({
      fetch: () => Promise.reject(error),
      url,
      body: '',
      signal: new AbortController().signal,
      secrets: ['s3cret'],
    });

  test('by the guard is final', async () => {
    expect(await post(new ForbiddenAddressError('10.0.0.1 is private'))).toEqual({
      status: 'permanent',
      reason: '10.0.0.1 is private',
    });
  });

  test('by the network is worth another attempt, with its cause and without secrets', async () => {
    const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED s3cret') });
    expect(await post(error)).toEqual({
      status: 'retryable',
      reason: 'fetch failed: connect ECONNREFUSED <redacted>',
    });
  });

  test('is not asked for when the address is no URL', async () => {
    expect(await post(new Error(), 'no url')).toEqual({
      status: 'permanent',
      reason: 'the address is no URL',
    });
  });
});
