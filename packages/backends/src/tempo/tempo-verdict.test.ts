import { encodeExportResponse, encodeStatus } from '@sluice/otlp/responses';
import { describe, expect, test } from 'vitest';
import { tempoVerdict } from './tempo-verdict.ts';

const options = { name: 'tempo', items: 10, nowMs: 0, secrets: ['s3cret'] };
const answer = (status: number, body: string | Uint8Array, contentType = 'text/plain') => ({
  status,
  contentType,
  retryAfter: null,
  body: typeof body === 'string' ? Buffer.from(body) : body,
});
const partial = (rejected: number, message: string, encoding: 'protobuf' | 'json' = 'protobuf') =>
  encodeExportResponse('traces', encoding, { rejected, message });

describe('refusals of Tempo', () => {
  test.each([
    [
      429,
      'RATE_LIMITED: ingestion rate limit (local: 15 bytes/s) exceeded while adding 10 bytes',
      'retryable',
    ],
    [400, 'RATE_LIMITED: ingestion rate limit exceeded', 'retryable'],
    [
      429,
      'RATE_LIMITED: batch size (900 bytes) exceeds ingestion limit (local: 10 bytes/s) while adding 900 bytes',
      'too-large',
    ],
    [429, 'grpc: received message after decompression larger than max (15728641 vs. 15728640)', 'too-large'],
    [400, 'LIVE_TRACES_EXCEEDED: max live traces exceeded for tenant single-tenant', 'retryable'],
    [
      400,
      'TRACE_TOO_LARGE: max size of trace (5000000) exceeded while adding 387 bytes to trace ab',
      'too-large',
    ],
    [500, 'TRACE_TOO_LARGE: max size of trace (5000000) exceeded', 'too-large'],
    [400, 'http: request body too large', 'too-large'],
    [413, '<html>413 Request Entity Too Large</html>', 'too-large'],
    [400, 'proto: wrong wireType = 4', 'permanent'],
    [500, 'pusher failed to consume trace data: empty ring', 'retryable'],
  ] as const)('%i %s is %s', (status, message, verdict) => {
    const asStatus = encodeStatus('protobuf', { code: 8, message });
    expect(tempoVerdict(answer(status, message), options).status).toBe(verdict);
    expect(tempoVerdict(answer(status, asStatus, 'application/x-protobuf'), options)).toMatchObject({
      status: verdict,
      reason: expect.stringContaining(message),
    });
  });

  test('a status in JSON is read, a damaged one is shown as text', () => {
    const json = encodeStatus('json', { code: 3, message: 'bad span id' });
    expect(tempoVerdict(answer(400, json, 'application/json'), options)).toMatchObject({
      reason: 'tempo answered 400: bad span id',
    });
    expect(tempoVerdict(answer(400, '{"cut', 'application/json'), options)).toMatchObject({
      reason: 'tempo answered 400: {"cut',
    });
  });

  test('a secret that the server echoes is not repeated', () => {
    expect(tempoVerdict(answer(401, 'unknown token s3cret'), options)).toMatchObject({
      misconfigured: true,
      reason: 'tempo answered 401: unknown token [redacted]',
    });
  });
});

describe('successes', () => {
  test.each([
    ['an empty protobuf', '', 'application/x-protobuf'],
    ['an empty body without a type', '', ''],
    ['an empty JSON object', '{}', 'application/json; charset=utf-8'],
    ['an empty JSON object without a type', '{}', ''],
    ['a word of success', 'OK\n', 'text/plain; charset=utf-8'],
  ])('%s is ok', (_name, body, contentType) => {
    expect(tempoVerdict(answer(200, body, contentType), options)).toEqual({ status: 'ok' });
  });

  test('some spans rejected: done, with a warning that counts them', () => {
    expect(tempoVerdict(answer(200, partial(3, 'too old'), 'application/x-protobuf'), options)).toEqual({
      status: 'ok',
      warning: 'tempo rejected 3 of 10 spans: too old',
    });
  });

  test('all spans rejected: as refused as by a 400', () => {
    expect(tempoVerdict(answer(200, partial(10, 'too old', 'json'), 'application/json'), options)).toEqual({
      status: 'permanent',
      reason: 'tempo rejected 10 of 10 spans: too old',
    });
  });

  test('a warning on full success is passed on', () => {
    expect(tempoVerdict(answer(200, partial(0, 'slow down'), 'application/x-protobuf'), options)).toEqual({
      status: 'ok',
      warning: 'tempo: slow down',
    });
  });

  test.each([
    ['a page', '<html>Sign in</html>', 'text/html'],
    ['a text', 'Please sign in', 'text/plain'],
    ['JSON cut short', '{"partialSucc', 'text/plain'],
    ['damaged protobuf', '\u00ff\u00ff', 'application/x-protobuf'],
  ])('%s with status 200 is not taken for success', (_name, body, contentType) => {
    expect(tempoVerdict(answer(200, body, contentType), options)).toMatchObject({
      status: 'retryable',
      misconfigured: true,
    });
  });
});
