import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeEnvelope } from '@sluice/core/envelope';
import { PermanentError } from '@sluice/core/errors';
import { parseTenantId } from '@sluice/core/ids';
import type { Logger } from '@sluice/core/logger';
import { METRIC } from '@sluice/core/names';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { decodeExportResponse, decodeStatus } from '@sluice/otlp/responses';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import type { ApiKey } from '@sluice/platform/keys/api-key';
import type { KeyVerdict, KeyVerifier } from '@sluice/platform/keys/key-verifier';
import { describe, expect, test } from 'vitest';
import { createIngestApp, type IngestDeps } from './ingest-app.ts';
import { toIngestLimits } from './ingest-limits.ts';
import { createMemoryQueue } from './testing/memory-queue.ts';
import { makeNoisyTraceRequest } from './testing/noisy-requests.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const KEY = { id: 'k1', tenant: parseTenantId('acme'), limits: {} } as ApiKey;

function build(deps: Partial<IngestDeps> = {}) {
  const queues = {
    traces: createMemoryQueue('traces'),
    logs: createMemoryQueue('logs'),
    metrics: createMemoryQueue('metrics'),
  };
  const selfMetrics = createSelfMetrics();
  const lines: { level: string; message: string; fields: unknown }[] = [];
  const log =
    (level: string): Logger['info'] =>
    (message, fields) =>
      void lines.push({ level, message, fields });
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const app = createIngestApp({
    queues,
    clock: createFakeClock(NOW_MS),
    selfMetrics,
    logger,
    monotonicMs: () => 0,
    ...deps,
  });
  const post = (
    body: Uint8Array | string,
    headers: Record<string, string> = {},
    path = '/v1/traces',
  ): Promise<Response> =>
    Promise.resolve(
      app.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', ...headers },
        body: body as Uint8Array<ArrayBuffer>,
      }),
    );
  return { app, queues, selfMetrics, lines, post };
}

const verifierOf = (verdict: KeyVerdict): KeyVerifier => ({ verify: async () => verdict });
const bytesOf = async (response: Response): Promise<Uint8Array> =>
  new Uint8Array(await response.arrayBuffer());
const statusOf = async (response: Response) => decodeStatus('protobuf', await bytesOf(response));
const traces = (spans = 3): Uint8Array => makeTraceRequest({ spans, nowMs: NOW_MS });

describe('what goes onto the queue', () => {
  test('a redacted request, compressed anew, when something was redacted', async () => {
    const redacted = traces(1);
    const { post, queues } = build({ redact: (signal, bytes) => (signal === 'traces' ? redacted : bytes) });
    expect((await post(gzipSync(traces(2)), { 'content-encoding': 'gzip' })).status).toBe(200);
    expect(gunzipSync(decodeEnvelope(queues.traces.sent[0]!).gzip).equals(redacted)).toBe(true);
  });

  test('the client’s own gzip bytes, when nothing was cut', async () => {
    const { post, queues } = build();
    const raw = traces();
    const gzip = gzipSync(raw, { level: 9 });
    expect((await post(gzip, { 'content-encoding': 'gzip' })).status).toBe(200);
    const envelope = decodeEnvelope(queues.traces.sent[0]!);
    expect(Buffer.from(envelope.gzip).equals(gzip)).toBe(true);
    expect(envelope).toMatchObject({ tenant: 'default', signal: 'traces', items: 3, receivedAtMs: NOW_MS });
  });

  test.each([
    ['identity', (raw: Uint8Array) => raw],
    ['zstd', (raw: Uint8Array) => zstdCompressSync(raw)],
  ])('gzip of the same bytes, when they came in %s', async (coding, compress) => {
    const { post, queues } = build();
    const raw = traces();
    await post(compress(raw), { 'content-encoding': coding });
    expect(gunzipSync(decodeEnvelope(queues.traces.sent[0]!).gzip).equals(raw)).toBe(true);
  });

  test('protobuf, when JSON came', async () => {
    const { post, queues } = build();
    const span = {
      traceId: 'a1'.repeat(16),
      spanId: 'b2'.repeat(8),
      name: 'n',
      startTimeUnixNano: '1',
      endTimeUnixNano: '2',
    };
    const json = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    const response = await post(json, { 'content-type': 'application/json' });
    expect(response.status).toBe(200);
    const raw = gunzipSync(decodeEnvelope(queues.traces.sent[0]!).gzip);
    expect(raw.includes(Buffer.from('a1'.repeat(16), 'hex'))).toBe(true);
  });

  test('nothing for a request without items', async () => {
    const { post, queues } = build();
    expect((await post('')).status).toBe(200);
    expect(queues.traces.sent).toEqual([]);
  });

  test('only the good items, gzipped anew, when some were cut', async () => {
    const { post, queues, selfMetrics } = build();
    const raw = Buffer.concat([traces(), requestWithBadSpan()]);
    const response = await post(gzipSync(raw), { 'content-encoding': 'gzip' });
    const partial = decodeExportResponse('traces', 'protobuf', await bytesOf(response));
    expect(partial).toMatchObject({ rejected: 1, message: expect.stringContaining('invalid-trace-id') });
    const envelope = decodeEnvelope(queues.traces.sent[0]!);
    expect(envelope.items).toBe(3);
    expect(gunzipSync(envelope.gzip).length).toBeLessThan(raw.length);
    const text = await selfMetrics.render();
    expect(text).toContain(`${METRIC.itemsAccepted}{signal="traces",tenant="default"} 3`);
    expect(text).toContain(
      `${METRIC.itemsRejected}{signal="traces",tenant="default",reason="invalid-trace-id"} 1`,
    );
  });

  test('nothing and 200, when all items were cut', async () => {
    const { post, queues } = build();
    const response = await post(requestWithBadSpan());
    expect(decodeExportResponse('traces', 'protobuf', await bytesOf(response)).rejected).toBe(1);
    expect(queues.traces.sent).toEqual([]);
  });

  test('several messages for a request that one cannot hold', async () => {
    const { post, queues } = build();
    expect((await post(makeNoisyTraceRequest({ spans: 40, nameBytes: 50_000 }))).status).toBe(200);
    expect(queues.traces.sent.length).toBeGreaterThan(1);
    const items = queues.traces.sent.reduce((sum, message) => sum + decodeEnvelope(message).items, 0);
    expect(items).toBe(40);
    for (const { body } of queues.traces.sent) expect(body.length).toBeLessThan(1_048_576 - 1000);
  });

  test('each signal on its own queue', async () => {
    const { post, queues } = build();
    await post(makeLogRequest({ records: 4, nowMs: NOW_MS }), {}, '/v1/logs');
    expect(queues.logs.sent).toHaveLength(1);
    expect(queues.traces.sent).toEqual([]);
  });
});

describe('when the queue does not take it', () => {
  test('a fault is answered 503 with Retry-After and a RetryInfo, and logged with its cause', async () => {
    const { post, queues, lines } = build();
    queues.traces.onSend(() => {
      throw new Error('disk full');
    });
    const response = await post(traces(), { 'x-request-id': 'r-1' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^[1-5]$/);
    const status = await statusOf(response);
    expect(status.code).toBe(14);
    expect(status.retryDelayMs).toBe(Number(response.headers.get('retry-after')) * 1000);
    expect(status.message).not.toContain('disk');
    expect(lines).toMatchObject([
      { level: 'warn', fields: { requestId: 'r-1', status: 503, cause: 'disk full' } },
    ]);
  });

  test('a message that it will never take is counted as rejected, the answer is 200', async () => {
    const { post, queues } = build();
    queues.traces.onSend(() => ({ status: 'permanent', reason: 'larger than the queue allows' }));
    const partial = decodeExportResponse('traces', 'protobuf', await bytesOf(await post(traces())));
    expect(partial.rejected).toBe(3);
    expect(partial.message).toContain('larger than the queue allows');
  });

  test('a single item that no message can hold is rejected by name', async () => {
    const { post, queues } = build();
    const huge = makeNoisyTraceRequest({ spans: 1, nameBytes: 1_200_000 });
    const partial = decodeExportResponse('traces', 'protobuf', await bytesOf(await post(huge)));
    expect(partial).toMatchObject({ rejected: 1, message: expect.stringContaining('item-too-large') });
    expect(queues.traces.sent).toEqual([]);
  });
});

describe('what nobody foresaw', () => {
  test('is answered 503, so that the client keeps its data', async () => {
    const { post, lines } = build({ keys: { verify: () => Promise.reject(new Error('surprise')) } });
    const response = await post(traces(), { 'x-api-key': 'k' });
    expect(response.status).toBe(503);
    expect(lines[0]).toMatchObject({ level: 'warn', fields: { cause: 'surprise' } });
  });

  test('is answered 500 when it says of itself that no retry helps', async () => {
    const { post } = build({ keys: { verify: () => Promise.reject(new PermanentError('never')) } });
    expect((await post(traces(), { 'x-api-key': 'k' })).status).toBe(500);
  });
});

describe('keys', () => {
  const ok = verifierOf({ status: 'ok', key: KEY });

  test('the tenant comes from the key', async () => {
    const { post, queues } = build({ keys: ok });
    expect((await post(traces(), { authorization: 'Bearer k', 'x-scope-orgid': 'other' })).status).toBe(200);
    expect(decodeEnvelope(queues.traces.sent[0]!).tenant).toBe('acme');
  });

  test('the verifier is asked for the scope of ingest', async () => {
    const asked: unknown[] = [];
    const keys: KeyVerifier = {
      verify: async (...args) => {
        asked.push(args);
        return { status: 'ok', key: KEY };
      },
    };
    const { post } = build({ keys });
    await post(traces(), { authorization: 'Bearer abc' });
    expect(asked).toEqual([['abc', 'ingest:write']]);
  });

  test.each([
    [401, { status: 'refused', reason: 'expired', httpStatus: 401, message: 'the key expired' }, 16],
    [403, { status: 'refused', reason: 'scope', httpStatus: 403, message: 'the key lacks the scope' }, 7],
    [503, { status: 'unavailable', httpStatus: 503, message: 'cannot be checked' }, 14],
  ] as const)('a verdict is answered with its own %d', async (httpStatus, verdict, code) => {
    const { post, queues } = build({ keys: verifierOf(verdict) });
    const response = await post(traces(), { authorization: 'Bearer abc' });
    expect(response.status).toBe(httpStatus);
    expect(response.headers.has('www-authenticate')).toBe(httpStatus === 401);
    expect(response.headers.has('retry-after')).toBe(httpStatus === 503);
    expect(await statusOf(response)).toMatchObject({ code, message: verdict.message });
    expect(queues.traces.sent).toEqual([]);
  });

  test('an authorization that carries no key is refused without asking', async () => {
    const { post } = build({ keys: { verify: () => Promise.reject(new Error('asked')) } });
    expect((await post(traces(), { authorization: 'Digest x' })).status).toBe(401);
  });

  describe('that are not required', () => {
    const refused = verifierOf({
      status: 'refused',
      reason: 'unknown',
      httpStatus: 401,
      message: 'not known',
    });
    test('a request without one is of the default tenant', async () => {
      const { post, queues } = build({ keys: refused, keyRequired: false });
      expect((await post(traces())).status).toBe(200);
      expect(decodeEnvelope(queues.traces.sent[0]!).tenant).toBe('default');
    });

    test('one that is there must be good', async () => {
      const { post } = build({ keys: refused, keyRequired: false });
      expect((await post(traces(), { 'x-api-key': 'k' })).status).toBe(401);
    });
  });
});

describe('limits of a key', () => {
  test('too many items are put off with 429 before they are queued, and counted', async () => {
    const { post, queues, selfMetrics } = build({
      keys: verifierOf({ status: 'ok', key: KEY }),
      limiter: {
        refund: () => {},
        check: (_, items) => ({ status: 'limited', retryAfterSeconds: 3, reason: `${items} are too many` }),
      },
    });
    const response = await post(traces(7), { 'x-api-key': 'k' });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('3');
    expect(await statusOf(response)).toMatchObject({
      code: 8,
      message: '7 are too many',
      retryDelayMs: 3000,
    });
    expect(queues.traces.sent).toEqual([]);
    expect(await selfMetrics.render()).toContain(`tenant="acme",reason="rate-limited"} 7`);
  });

  test('what the queue did not take counts for nothing: only the resend does', async () => {
    let counted = 0;
    const { post, queues } = build({
      keys: verifierOf({ status: 'ok', key: KEY }),
      limiter: {
        check(_, items) {
          counted += items;
          return { status: 'ok' };
        },
        refund(_, items) {
          counted -= items;
        },
      },
    });
    queues.traces.onSend(() => ({ status: 'retryable', reason: 'busy' }));
    expect((await post(traces(7), { 'x-api-key': 'k' })).status).toBe(503);
    expect(counted).toBe(0);
    queues.traces.onSend(() => undefined);
    expect((await post(traces(7), { 'x-api-key': 'k' })).status).toBe(200);
    expect(counted).toBe(7);
  });

  test('requests without a key have none', async () => {
    const limited = { status: 'limited', retryAfterSeconds: 1, reason: 'no' } as const;
    const { post } = build({ limiter: { check: () => limited, refund: () => {} } });
    expect((await post(traces())).status).toBe(200);
  });
});

describe('answers', () => {
  test('limits are those of the signal', async () => {
    const { post } = build({ limits: toIngestLimits({ signals: { logs: { maxWireBytes: 10 } } }) });
    expect((await post(Buffer.alloc(11), {}, '/v1/logs')).status).toBe(413);
    expect((await post(Buffer.alloc(11), {}, '/v1/traces')).status).toBe(400);
  });

  test('requests are counted by signal and status, with their bytes and time', async () => {
    let ms = 0;
    const { post, selfMetrics } = build({ monotonicMs: () => (ms += 20) });
    const body = traces();
    await post(body);
    await post(Buffer.from([0xff]));
    await post('', {}, '/nowhere');
    const text = await selfMetrics.render();
    expect(text).toContain(`${METRIC.requests}{signal="traces",status="200"} 1`);
    expect(text).toContain(`${METRIC.requests}{signal="traces",status="400"} 1`);
    expect(text).toContain(`${METRIC.requests}{signal="none",status="404"} 1`);
    expect(text).toContain(`${METRIC.requestBytes}{signal="traces"} ${body.length + 1}`);
    expect(text).toContain(`${METRIC.requestDuration}_bucket{signal="traces",le="0.025"} 2`);
  });

  test('warnings are told and counted, though nothing is rejected', async () => {
    const { post, selfMetrics } = build();
    const response = await post(makeTraceRequest({ spans: 1, nowMs: NOW_MS + 7_200_000 }));
    const partial = decodeExportResponse('traces', 'protobuf', await bytesOf(response));
    expect(partial).toMatchObject({
      rejected: 0,
      message: expect.stringMatching(/^accepted with warnings: /),
    });
    expect(await selfMetrics.render()).toContain(`${METRIC.warnings}{signal="traces"} 1`);
  });

  test('a refusal that is the client’s own is not logged above debug', async () => {
    const { post, lines } = build();
    await post(Buffer.from([0xff]));
    expect(lines.map(({ level }) => level)).toEqual(['debug']);
  });

  test('a listed origin may read answers, and is told so in the preflight', async () => {
    const { app, post } = build({ cors: { origins: ['https://shop.example'] } });
    const origin = 'https://shop.example';
    const preflight = await app.request('/v1/traces', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    const refused = await post(Buffer.from([0xff]), { origin });
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
  });
});

function len(field: number, content: Uint8Array): Buffer {
  const size: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>>= 7) size.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...size, rest]), content]);
}

function requestOf(...fields: readonly Buffer[]): Buffer {
  return len(1, len(2, len(2, Buffer.concat(fields))));
}

function requestWithBadSpan(): Buffer {
  return requestOf(len(1, Buffer.alloc(3, 1)), len(2, Buffer.alloc(8, 1)), len(5, Buffer.from('bad')));
}
