import { gzipSync } from 'node:zlib';
import { messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import type { LogFields } from '@sluice/core/logger';
import { silentLogger } from '@sluice/core/logger';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { describe, expect, test } from 'vitest';
import { makeSpanRequest, type ResourceSpec, type SpanSpec } from '../testing/span-request.ts';
import { makePart } from '../testing/telemetry-part.ts';
import type { StoredTrace, TraceQuery } from '../trace-reader.ts';
import { UNNAMED_SERVICE } from '../trace-reader.ts';
import { createEmbeddedTraceStore } from './embedded-trace-store.ts';

const T = parseTenantId('default');
const NOW_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

function createStore({ maxBytes = 1e9, retentionMs = 24 * HOUR_MS, database = createMemoryDatabase() } = {}) {
  const clock = createFakeClock(NOW_MS);
  const warnings: (readonly [string, LogFields | undefined])[] = [];
  const logger = {
    ...silentLogger,
    warn: (text: string, fields?: LogFields) => void warnings.push([text, fields]),
  };
  const store = createEmbeddedTraceStore({ database, clock, retentionMs, maxBytes, logger });
  const push = (resources: readonly ResourceSpec[], receivedAtMs = clock.nowMs()) =>
    store.push(T, [makePart(makeSpanRequest(resources), { receivedAtMs })], { signal });
  return { store, clock, warnings, push, database };
}

const traceId = (n: number): string => n.toString(16).padStart(32, '0');
const spanId = (n: number): string => n.toString(16).padStart(16, '0');
const span = (trace: number, id: number, rest: Partial<SpanSpec> = {}): SpanSpec => ({
  traceId: traceId(trace),
  spanId: spanId(id),
  startMs: NOW_MS,
  ...rest,
});
const idsOf = (traces: readonly StoredTrace[]): readonly number[] =>
  traces.map((trace) => Number.parseInt(trace.traceId, 16));
const spansOf = (trace: StoredTrace | undefined) =>
  (trace?.resourceSpans ?? []).flatMap(({ scopes }) => scopes.flatMap(({ spans }) => spans));

describe('a trace by its id', () => {
  test('is merged from all messages that have spans of it, with nothing of other traces', async () => {
    const { store, push } = createStore();
    await push([{ service: 'web', spans: [span(1, 1), span(2, 9)] }]);
    await push([
      { service: 'cart', attributes: { 'host.name': 'a' }, spans: [span(1, 2, { parentSpanId: spanId(1) })] },
    ]);
    const trace = await store.trace(T, traceId(1));
    expect(spansOf(trace).map((found) => found.spanId)).toEqual([spanId(1), spanId(2)]);
    expect(trace!.resourceSpans.map(({ resource }) => resource.attributes)).toEqual([
      [{ key: 'service.name', value: { type: 'string', value: 'web' } }],
      [
        { key: 'service.name', value: { type: 'string', value: 'cart' } },
        { key: 'host.name', value: { type: 'string', value: 'a' } },
      ],
    ]);
  });

  test('comes back as it was sent: every field of every span, resource and scope', async () => {
    const { store } = createStore();
    const raw = makeTraceRequest({ spans: 300, services: 3, spansPerTrace: 7, nowMs: NOW_MS });
    await store.push(T, [makePart(raw, { items: 300, receivedAtMs: NOW_MS })], { signal });
    const sent = decodeTraces(raw);
    const traceIds = new Set(
      sent.flatMap(({ scopes }) => scopes.flatMap(({ spans }) => spans.map((s) => s.traceId))),
    );
    expect(traceIds.size).toBe(43);
    for (const id of traceIds) {
      const expected = sent
        .map((rs) => ({
          ...rs,
          scopes: rs.scopes.map((ss) => ({ ...ss, spans: ss.spans.filter((s) => s.traceId === id) })),
        }))
        .filter(({ scopes }) => scopes.some(({ spans }) => spans.length > 0));
      expect((await store.trace(T, id))!.resourceSpans).toEqual(expected);
    }
  });

  test('is not found under another id, another tenant or outside the asked-for time', async () => {
    const { store, push } = createStore();
    await push([{ service: 'web', spans: [span(1, 1)] }]);
    const startNs = BigInt(NOW_MS) * 1_000_000n;
    expect(await store.trace(T, traceId(2))).toBeUndefined();
    // Ids whose random part is the same share an index entry.
    expect(await store.trace(T, `1${traceId(1).slice(1)}`)).toBeUndefined();
    expect(await store.trace(parseTenantId('other'), traceId(1))).toBeUndefined();
    expect(await store.trace(T, traceId(1), { startNs: startNs + 1n })).toBeUndefined();
    expect(await store.trace(T, traceId(1), { endNs: startNs - 1n })).toBeUndefined();
    expect(spansOf(await store.trace(T, traceId(1), { startNs, endNs: startNs }))).toHaveLength(1);
  });

  test('pushing a message again adds nothing', async () => {
    const { store, push, database } = createStore();
    for (let i = 0; i < 3; i++) await push([{ service: 'web', spans: [span(1, 1), span(1, 2)] }]);
    expect(spansOf(await store.trace(T, traceId(1)))).toHaveLength(2);
    expect(database.db.prepare('SELECT count(*) AS n FROM trace_message').get()).toMatchObject({ n: 1 });
  });

  test('a batch that was sent again, cut differently, collapses; the same id with other content does not', async () => {
    const { store, push } = createStore();
    await push([{ service: 'web', spans: [span(1, 1), span(1, 2)] }]);
    await push([{ service: 'web', spans: [span(1, 2), span(1, 3)] }]);
    await push([{ service: 'db', spans: [span(1, 2)] }]);
    await push([{ service: 'web', spans: [span(1, 3, { durationMs: 99 })] }]);
    expect(spansOf(await store.trace(T, traceId(1))).map((found) => Number(found.spanId))).toEqual([
      1, 2, 3, 2, 3,
    ]);
  });

  test('is found among thousands of messages', async () => {
    const { store } = createStore();
    for (let batch = 0; batch < 20; batch++) {
      const parts = Array.from({ length: 50 }, (_, i) =>
        makePart(makeSpanRequest([{ service: 'web', spans: [span(1 + (batch * 50 + i) * 7, i + 1)] }]), {
          receivedAtMs: NOW_MS,
        }),
      );
      await store.push(T, parts, { signal });
    }
    for (const n of [0, 1, 255, 256, 511, 512, 999]) {
      expect(spansOf(await store.trace(T, traceId(1 + n * 7))), `message ${n}`).toHaveLength(1);
    }
  });
});

describe('services and operations', () => {
  test('are listed by tenant, sorted, each once', async () => {
    const { store, push } = createStore();
    await push([
      {
        service: 'web',
        spans: [span(1, 1, { name: 'GET /', kind: 2 }), span(1, 2, { name: 'call', kind: 3 })],
      },
      { spans: [span(1, 3)] },
    ]);
    await push([
      {
        service: 'api',
        spans: [span(2, 1, { name: 'GET /', kind: 2 }), span(2, 2, { name: 'GET /', kind: 3 })],
      },
    ]);
    await push([{ service: 'web', spans: [span(3, 1, { name: 'GET /', kind: 2 })] }]);
    expect(await store.services(T)).toEqual([UNNAMED_SERVICE, 'api', 'web']);
    expect(await store.operations(T, 'web')).toEqual([
      { name: 'GET /', kind: 2 },
      { name: 'call', kind: 3 },
    ]);
    expect(await store.operations(T, 'api')).toEqual([
      { name: 'GET /', kind: 2 },
      { name: 'GET /', kind: 3 },
    ]);
    expect(await store.operations(T, 'unknown')).toEqual([]);
    expect(await store.services(parseTenantId('other'))).toEqual([]);
  });
});

describe('a search', () => {
  const shop: readonly ResourceSpec[] = [
    {
      service: 'web',
      attributes: { 'host.name': 'node-1', 'deployment.environment': 'prod' },
      scope: { name: 'http', version: '1.2' },
      spans: [
        span(1, 1, {
          name: 'GET /cart',
          kind: 2,
          durationMs: 10,
          attributes: { 'http.status_code': 200n, 'user.id': 'user-123' },
        }),
        span(2, 1, {
          name: 'GET /cart',
          kind: 2,
          durationMs: 2500,
          startMs: NOW_MS + 1000,
          statusCode: 2,
          statusMessage: 'boom',
          attributes: { 'http.status_code': 500n, retry: true, ratio: 0.5 },
          events: [{ name: 'exception', attributes: { 'exception.type': 'TimeoutError' } }],
        }),
        span(3, 1, {
          name: 'POST /order',
          durationMs: 40,
          startMs: NOW_MS + 2000,
          traceState: 'a=b',
          attributes: { tags: ['x', 1n], blob: Buffer.from('hi') },
        }),
      ],
    },
    {
      service: 'cart',
      spans: [
        span(1, 2, { name: 'SELECT', durationMs: 5, attributes: { error: true } }),
        span(4, 1, { name: 'GET /cart', durationMs: 2500 }),
      ],
    },
  ];
  const tags = (key: string, text: string) => ({ tags: new Map([[key, text]]) });
  const ns = (ms: number) => BigInt(ms) * 1_000_000n;

  test.each<[string, Omit<TraceQuery, 'limit'>, readonly number[]]>([
    ['by service', { service: 'web' }, [3, 2, 1]],
    ['by another service', { service: 'cart' }, [4, 1]],
    ['by an unknown service', { service: 'nope' }, []],
    ['without a service', {}, [3, 2, 4, 1]],
    ['by operation', { service: 'web', operation: 'GET /cart' }, [2, 1]],
    ['by an operation of another service', { service: 'cart', operation: 'POST /order' }, []],
    ['by an int as text', { service: 'web', ...tags('http.status_code', '500') }, [2]],
    ['by text', { service: 'web', ...tags('user.id', 'user-123') }, [1]],
    ['by text without a service', tags('user.id', 'user-123'), [1]],
    ['by a bool', { service: 'web', ...tags('retry', 'true') }, [2]],
    ['by a double', { service: 'web', ...tags('ratio', '0.50') }, [2]],
    ['by bytes in base64', { service: 'web', ...tags('blob', 'aGk=') }, [3]],
    ['by a list in JSON', { service: 'web', ...tags('tags', '["x",1]') }, [3]],
    ['by a resource attribute', { service: 'web', ...tags('host.name', 'node-1') }, [3, 2, 1]],
    ['by an event attribute', { service: 'web', ...tags('exception.type', 'TimeoutError') }, [2]],
    ['by an event name', { service: 'web', ...tags('event', 'exception') }, [2]],
    ['by error status', { service: 'web', ...tags('error', 'true') }, [2]],
    ['by an error attribute', { service: 'cart', ...tags('error', 'true') }, [1]],
    ['by the absence of errors', { service: 'web', ...tags('error', 'false') }, [3, 1]],
    ['by kind', { service: 'web', ...tags('span.kind', 'server') }, [2, 1]],
    ['by status code', { service: 'web', ...tags('otel.status_code', 'ERROR') }, [2]],
    ['by status description', { service: 'web', ...tags('otel.status_description', 'boom') }, [2]],
    ['by scope', { service: 'web', ...tags('otel.scope.name', 'http') }, [3, 2, 1]],
    ['by scope version', { service: 'web', ...tags('otel.scope.version', '1.2') }, [3, 2, 1]],
    ['by trace state', { service: 'web', ...tags('w3c.tracestate', 'a=b') }, [3]],
    ['by a value that no span has', { service: 'web', ...tags('http.status_code', '404') }, []],
    ['by the value of another key', { service: 'web', ...tags('user.id', '500') }, []],
    [
      'by tags that one span must have together',
      {
        service: 'web',
        tags: new Map([
          ['http.status_code', '200'],
          ['retry', 'true'],
        ]),
      },
      [],
    ],
    ['by least duration', { service: 'web', minDurationNs: ns(40) }, [3, 2]],
    ['by most duration', { service: 'web', maxDurationNs: ns(40) }, [3, 1]],
    ['by both', { service: 'web', minDurationNs: ns(11), maxDurationNs: ns(41) }, [3]],
    ['from a time', { service: 'web', startNs: ns(NOW_MS + 1000) }, [3, 2]],
    ['to a time', { service: 'web', endNs: ns(NOW_MS + 1000) }, [2, 1]],
    ['outside all times', { service: 'web', startNs: ns(NOW_MS + 9000) }, []],
  ])('%s', async (_name, query, expected) => {
    const { store, push } = createStore();
    await push(shop);
    expect(idsOf(await store.search(T, { ...query, limit: 20 }))).toEqual(expected);
  });

  test('answers whole traces, also what other messages hold of them', async () => {
    const { store, push } = createStore();
    await push([{ service: 'web', spans: [span(1, 1)] }]);
    await push([{ service: 'db', spans: [span(1, 2)] }]);
    const [trace] = await store.search(T, { service: 'web', limit: 1 });
    expect(spansOf(trace)).toHaveLength(2);
  });

  test('stops at the limit, with the traces that arrived last', async () => {
    const { store, push } = createStore();
    for (let n = 1; n <= 300; n++)
      await push([{ service: 'web', spans: [span(n, 1, { startMs: NOW_MS + n })] }]);
    expect(idsOf(await store.search(T, { service: 'web', limit: 3 }))).toEqual([300, 299, 298]);
    expect(await store.search(T, { limit: 290 })).toHaveLength(290);
    expect(idsOf(await store.search(T, { service: 'web', limit: 20, endNs: ns(NOW_MS + 2) }))).toEqual([
      2, 1,
    ]);
  });

  test('opens only the messages that can hold what is looked for', async () => {
    const { store, push, database } = createStore();
    for (let n = 1; n <= 200; n++) {
      await push([{ service: 'web', spans: [span(n, 1, { attributes: { 'user.id': `user-${n}` } })] }]);
    }
    // What is opened in vain would fail to inflate.
    database.db.prepare('UPDATE trace_message SET gzip = ? WHERE seq <> 77').run(Buffer.from('damaged'));
    const found = await store.search(T, { service: 'web', ...tags('user.id', 'user-77'), limit: 1 });
    expect(idsOf(found)).toEqual([77]);
  });
});

describe('dependencies', () => {
  test('count the calls between services, over messages, in the asked-for time', async () => {
    const { store, push } = createStore();
    await push([
      {
        service: 'cart',
        spans: [span(1, 2, { parentSpanId: spanId(1) }), span(1, 3, { parentSpanId: spanId(2) })],
      },
      {
        service: 'db',
        spans: [span(1, 4, { parentSpanId: spanId(3) }), span(1, 5, { parentSpanId: spanId(3) })],
      },
    ]);
    await push([{ service: 'web', spans: [span(1, 1), span(1, 6, { parentSpanId: spanId(99) })] }]);
    await push([{ service: 'web', spans: [span(1, 1)] }]);
    const day = { startNs: 0n, endNs: BigInt(NOW_MS + 1) * 1_000_000n };
    expect(await store.dependencies(T, day)).toEqual([
      { parent: 'cart', child: 'db', callCount: 2 },
      { parent: 'web', child: 'cart', callCount: 1 },
    ]);
    expect(await store.dependencies(T, { startNs: 0n, endNs: 1n })).toEqual([]);
  });
});

describe('what is kept', () => {
  test('ends with the retention, and takes its services and operations along', async () => {
    const { store, clock, push, database } = createStore({ retentionMs: HOUR_MS });
    await push([{ service: 'old', spans: [span(1, 1)] }]);
    await clock.advance(HOUR_MS / 2);
    await push([{ service: 'new', spans: [span(2, 1)] }]);
    await clock.advance(HOUR_MS / 2 + 1);
    await store.prune();
    expect(await store.trace(T, traceId(1))).toBeUndefined();
    expect(await store.services(T)).toEqual(['new']);
    expect(spansOf(await store.trace(T, traceId(2)))).toHaveLength(1);
    await clock.advance(HOUR_MS);
    await store.prune();
    expect(await store.services(T)).toEqual([]);
    expect(database.db.prepare('SELECT bytes FROM trace_total').get()).toMatchObject({ bytes: 0 });
    await push([{ service: 'again', spans: [span(3, 1)] }]);
    expect(await store.services(T)).toEqual(['again']);
    expect(spansOf(await store.trace(T, traceId(3)))).toHaveLength(1);
  });

  test('operations that are not seen any more go as well', async () => {
    const { store, clock, push } = createStore({ retentionMs: HOUR_MS });
    await push([{ service: 'web', spans: [span(1, 1, { name: 'once' })] }]);
    for (let i = 0; i < 5; i++) {
      await clock.advance(HOUR_MS);
      await push([{ service: 'web', spans: [span(2 + i, 1, { name: 'always' })] }]);
    }
    expect(await store.operations(T, 'web')).toEqual([{ name: 'always', kind: 1 }]);
  });

  test('stays under the size cap: the oldest go first, and it is said so', async () => {
    const { store, push, warnings, database } = createStore({ maxBytes: 100_000 });
    const noise = (n: number) => Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * n * 7919) % 251));
    for (let n = 1; n <= 400; n++) {
      await push([{ service: 'web', spans: [span(n, 1, { attributes: { noise: noise(n) } })] }]);
    }
    const { bytes } = database.db.prepare('SELECT bytes FROM trace_total').get()!;
    expect(Number(bytes)).toBeLessThanOrEqual(100_000);
    expect(await store.trace(T, traceId(1))).toBeUndefined();
    expect(spansOf(await store.trace(T, traceId(400)))).toHaveLength(1);
    expect(warnings[0]).toEqual([
      'the trace store is full: the oldest messages were deleted before their time',
      expect.objectContaining({ maxBytes: 100_000 }),
    ]);
  });

  test('survives the process', async () => {
    const first = createStore();
    await first.push([{ service: 'web', spans: [span(1, 1)] }]);
    const second = createStore({ database: first.database });
    expect(spansOf(await second.store.trace(T, traceId(1)))).toHaveLength(1);
    await second.push([{ service: 'web', spans: [span(1, 1)] }]);
    await second.push([{ service: 'web', spans: [span(1, 2)] }]);
    expect(spansOf(await second.store.trace(T, traceId(1)))).toHaveLength(2);
    expect(await second.store.services(T)).toEqual(['web']);
  });
});

describe('a push that cannot be stored', () => {
  const raw = makeSpanRequest([{ service: 'web', spans: [span(1, 1)] }]);

  test.each([
    ['cut off', raw.subarray(0, raw.length - 3)],
    ['of an unknown wire type', Uint8Array.of(0x0f)],
    ['with a number that does not end', Uint8Array.from([...Array(11).fill(0xff)])],
    ['with a group that does not end', Uint8Array.of(0x1b, 0x08, 0x01)],
  ])('is refused for good when it is %s', async (_name, bytes) => {
    const { store } = createStore();
    const good = makePart(raw);
    const result = await store.push(T, [good, makePart(bytes)], { signal });
    expect(result).toMatchObject({
      status: 'permanent',
      reason: expect.stringContaining('embedded-traces: '),
    });
    expect(await store.services(T)).toEqual([]);
    expect(await store.push(T, [good], { signal })).toEqual({ status: 'ok' });
  });

  test('is refused for good when it is no gzip', async () => {
    const { store } = createStore();
    const part = makePart(raw);
    const result = await store.push(
      T,
      [{ ...part, raw: () => Promise.reject(Object.assign(new Error('bad'), { code: 'Z_DATA_ERROR' })) }],
      { signal },
    );
    expect(result.status).toBe('permanent');
  });

  test('is retried when the database fails, and what it cached is written again', async () => {
    const { store, push, database } = createStore();
    database.db.exec(
      'CREATE TRIGGER full BEFORE INSERT ON trace_filter BEGIN SELECT RAISE(FAIL, "disk full"); END',
    );
    await expect(push([{ service: 'web', spans: [span(1, 1)] }])).rejects.toThrow('disk full');
    database.db.exec('DROP TRIGGER full');
    await push([{ service: 'web', spans: [span(1, 1)] }]);
    expect(await store.services(T)).toEqual(['web']);
    expect(await store.operations(T, 'web')).toHaveLength(1);
  });

  test('of a message without spans stores nothing', async () => {
    const { store, database } = createStore();
    const empty = makeSpanRequest([{ service: 'web', spans: [] }]);
    expect(await store.push(T, [makePart(empty)], { signal })).toEqual({ status: 'ok' });
    expect(database.db.prepare('SELECT count(*) AS n FROM trace_message').get()).toMatchObject({ n: 0 });
  });
});

test('unknown fields, groups and resources that come last are no obstacle', async () => {
  const { store } = createStore();
  const { wire } = unusualRequest();
  await store.push(
    T,
    [
      {
        messageId: messageIdOf(T, 'traces', wire),
        items: 1,
        receivedAtMs: NOW_MS,
        gzip: gzipSync(wire),
        raw: async () => wire,
      },
    ],
    { signal },
  );
  expect(await store.services(T)).toEqual(['late']);
  expect(
    idsOf(await store.search(T, { service: 'late', tags: new Map([['otel.scope.name', 'sc']]), limit: 5 })),
  ).toEqual([5]);
});

/** The scope spans before the resource, the span before the scope, and a group and other fields in between. */
function unusualRequest(): { readonly wire: Uint8Array } {
  const field = (number: number, bytes: readonly number[]) => [number * 8 + 2, bytes.length, ...bytes];
  const text = (value: string) => [...Buffer.from(value)];
  const group = [0xa3, 6, 0x08, 0x01, 0xab, 6, 0xac, 6, 0x12, 0x01, 0x00, 0xa4, 6];
  const spanBytes = [
    ...group,
    ...field(5, text('op')),
    ...field(2, [...Buffer.from(spanId(1), 'hex')]),
    ...field(1, [...Buffer.from(traceId(5), 'hex')]),
    0x9d,
    6,
    1,
    2,
    3,
    4,
  ];
  const scopeSpans = [...field(2, spanBytes), ...field(1, field(1, text('sc')))];
  const serviceName = [...field(2, field(1, text('late'))), ...field(1, text('service.name'))];
  const resourceSpans = [...field(2, scopeSpans), ...field(1, field(1, serviceName))];
  return { wire: Uint8Array.from([0x10, 0x01, ...field(1, resourceSpans)]) };
}
