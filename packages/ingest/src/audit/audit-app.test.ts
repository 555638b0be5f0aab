import { gzipSync } from 'node:zlib';
import { decodeAuditMessage } from '@sluice/audit/audit-message';
import { silentLogger } from '@sluice/core/logger';
import type { Queue } from '@sluice/core/ports/queue';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { createAuditApp } from './audit-app.ts';
import { createTenantGate } from './tenant-gate.ts';

const clock = createFakeClock();
const limits = { maxWireBytes: 100_000, maxInflatedBytes: 1_000_000 };

function makeQueue(): Queue {
  return createEmbeddedQueue({ database: createMemoryDatabase(), name: 'audit.fifo', clock });
}

function post(
  queue: Queue,
  body: string | Uint8Array,
  options: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const app = createAuditApp({
    queue,
    keys: { required: false },
    limits,
    nowMs: clock.nowMs,
    logger: silentLogger,
  });
  const { path = '/v1/audit', headers = {} } = options;
  return Promise.resolve(
    app.request(path, { method: 'POST', body: body as Uint8Array<ArrayBuffer> | string, headers }),
  );
}

async function queuedTypes(queue: Queue): Promise<readonly string[]> {
  const types: string[] = [];
  for (;;) {
    const messages = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 30_000, waitMs: 0 });
    if (messages.length === 0) return types;
    types.push(...messages.flatMap((message) => decodeAuditMessage(message).events.map(({ type }) => type)));
    await queue.delete(messages.map(({ receiptHandle }) => receiptHandle));
  }
}

test('each event of a mixed batch is answered by itself, and nothing valid is lost', async () => {
  const queue = makeQueue();
  const response = await post(
    queue,
    JSON.stringify([{ type: 'a' }, { level: 'x' }, { event_type: 'b', user_id: 'u' }]),
  );
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    accepted: 2,
    rejected: 1,
    results: [
      { status: 'accepted', id: expect.stringMatching(/^ev_/) },
      { status: 'rejected', path: '$.type', reason: expect.stringContaining('missing') },
      { status: 'accepted', id: expect.stringMatching(/^ev_/) },
    ],
  });
  expect(await queuedTypes(queue)).toEqual(['a', 'b']);
});

test('bulk takes one event a line, gzipped too, and a broken line costs only itself', async () => {
  const queue = makeQueue();
  const lines = '{"type":"a"}\n{broken\n\n{"type":"c"}\n';
  const response = await post(queue, gzipSync(lines), {
    path: '/v1/audit/bulk',
    headers: { 'content-encoding': 'gzip' },
  });
  expect(await response.json()).toMatchObject({
    accepted: 2,
    rejected: 1,
    results: [{}, { reason: expect.stringContaining('line 2 is not JSON') }, {}],
  });
  expect(await queuedTypes(queue)).toEqual(['a', 'c']);
});

test('a name that is there twice costs its event, not the others', async () => {
  const queue = makeQueue();
  const array = await post(queue, '[{"type":"a"},{"type":"b","user":{"id":"1","id":"2"}}]');
  expect(await array.json()).toMatchObject({
    accepted: 1,
    results: [
      { status: 'accepted' },
      { status: 'rejected', path: '$.user.id', reason: expect.stringContaining('twice') },
    ],
  });
  const lines = await post(queue, '{"type":"c"}\n{"type":"d","type":"e"}', { path: '/v1/audit/bulk' });
  expect(await lines.json()).toMatchObject({
    accepted: 1,
    results: [{ status: 'accepted' }, { status: 'rejected', path: '$.type' }],
  });
  expect(await queuedTypes(queue)).toEqual(['a', 'c']);
});

test.each([
  [{ origin: 'https://example.org', 'content-type': 'text/plain' }, 415],
  [{ origin: 'https://example.org' }, 415],
  [{ origin: 'https://example.org', 'content-type': 'application/json' }, 200],
  [{ origin: 'https://example.org', 'content-type': 'application/x-ndjson' }, 200],
  [{ 'content-type': 'application/x-www-form-urlencoded' }, 200],
])(
  'what a page can post without being asked is refused where no key is needed: %j',
  async (headers, status) => {
    const queue = makeQueue();
    const response = await post(queue, '{"type":"a"}', { path: '/v1/audit/bulk', headers });
    expect(response.status).toBe(status);
    expect(await queuedTypes(queue)).toEqual(status === 200 ? ['a'] : []);
  },
);

test('a request that is sent twice under one Idempotency-Key has the same ids', async () => {
  const queue = makeQueue();
  const ids = async (): Promise<unknown> => {
    const response = await post(queue, '[{"type":"a"},{"type":"b"}]', {
      headers: { 'idempotency-key': 'k1' },
    });
    return ((await response.json()) as { results: unknown }).results;
  };
  expect(await ids()).toEqual(await ids());
});

test.each([
  ['{"type":', 400, 'not JSON'],
  ['{"type":"a"}\n{"type":"b"}', 400, 'one event a line goes to /v1/audit/bulk'],
  ['', 400, 'empty'],
  [JSON.stringify(Array.from({ length: 1001 }, () => ({ type: 'a' }))), 413, 'at most 1000'],
  ['x'.repeat(100_001), 413, 'larger than'],
  [Uint8Array.of(0xff, 0xfe), 400, 'UTF-8'],
])('a request that cannot be read is refused whole, with the reason: %.20s', async (body, status, reason) => {
  const response = await post(makeQueue(), body);
  expect(response.status).toBe(status);
  expect(((await response.json()) as { error: string }).error).toContain(reason);
});

test('when no event can be taken the answer is 400, and when the queue is down 503 with Retry-After', async () => {
  expect((await post(makeQueue(), '{}')).status).toBe(400);
  const down: Queue = { ...makeQueue(), send: () => Promise.reject(new Error('down')) };
  const response = await post(down, '{"type":"a"}');
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(
    (
      await createAuditApp({
        queue: down,
        keys: { required: false },
        limits,
        nowMs: clock.nowMs,
        logger: silentLogger,
      }).request('/v1/audit')
    ).status,
  ).toBe(405);
});

test('a hot tenant is answered 429 with Retry-After before anything is queued', async () => {
  const queue = makeQueue();
  const app = createAuditApp({
    queue,
    keys: { required: false },
    limits,
    gate: createTenantGate({ nowMs: clock.nowMs, requestsPerSecond: 2 }),
    nowMs: clock.nowMs,
    logger: silentLogger,
  });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const response = await app.request('/v1/audit', { method: 'POST', body: `{"type":"t${i}"}` });
    statuses.push(response.status);
    expect(response.headers.get('retry-after')).toBe(response.status === 429 ? '1' : null);
  }
  expect(statuses).toEqual([200, 200, 429, 429]);
  expect(await queuedTypes(queue)).toEqual(['t0', 't1']);
});
