import { createEmbeddedTraceStore } from '@sluice/backends/embedded-traces/embedded-trace-store';
import { makeSpanRequest, type ResourceSpec } from '@sluice/backends/testing/span-request';
import { makePart } from '@sluice/backends/testing/telemetry-part';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import { DEFAULT_TENANT } from '@sluice/core/names';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { Hono } from 'hono';
import { beforeAll, describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createJaegerRoutes } from './jaeger-routes.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const TENANT = parseTenantId(DEFAULT_TENANT);
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SHORT = '00000000000000000000000000000abc';

const shop: readonly ResourceSpec[] = [
  {
    service: 'web',
    attributes: { 'host.name': 'node-1', cpus: 4n },
    scope: { name: '@shop/http', version: '1.2.0' },
    spans: [
      {
        traceId: TRACE,
        spanId: 'b7ad6b7169203331',
        name: 'GET /cart',
        kind: 2,
        startNs: BigInt(NOW_MS) * 1_000_000n + 1_999n,
        durationMs: 12.3456,
        flags: 0x301,
        statusCode: 2,
        statusMessage: 'upstream timeout',
        traceState: 'vendor=1',
        attributes: {
          text: 'GET',
          yes: true,
          int: 200n,
          big: 9_223_372_036_854_775_807n,
          ratio: 0.25,
          infinite: Number.POSITIVE_INFINITY,
          blob: Buffer.from('hi'),
          list: ['a', 1n, [true, null]],
          none: null,
        },
        events: [
          { name: 'exception', attributes: { 'exception.type': 'TimeoutError' } },
          { name: 'renamed', attributes: { event: 'own name' } },
          { name: '' },
        ],
      },
      {
        traceId: SHORT,
        spanId: '0000000000000001',
        name: 'tick',
        kind: 0,
        startMs: NOW_MS - 60_000,
        durationMs: 1500,
      },
    ],
  },
  {
    service: 'cart/api',
    spans: [
      {
        traceId: TRACE,
        spanId: '00f067aa0ba902b7',
        parentSpanId: 'b7ad6b7169203331',
        name: 'SELECT',
        kind: 3,
        startMs: NOW_MS - 1,
        statusCode: 1,
        durationMs: -5,
        links: [
          { traceId: SHORT, spanId: '0000000000000001' },
          { traceId: SHORT, spanId: '0000000000000002', attributes: { 'opentracing.ref_type': 'child_of' } },
          {
            traceId: TRACE,
            spanId: 'b7ad6b7169203331',
            attributes: { 'opentracing.ref_type': 'follows_from' },
          },
        ],
      },
    ],
  },
  { spans: [{ traceId: TRACE, spanId: '0000000000000009', startMs: NOW_MS + 5 }] },
];

let app: Hono<QueryEnv>;
let tenant: TenantId = TENANT;

beforeAll(async () => {
  const clock = createFakeClock(NOW_MS + 10_000);
  const store = createEmbeddedTraceStore({
    database: createMemoryDatabase(),
    clock,
    retentionMs: 86_400_000,
    maxBytes: 1e9,
  });
  const parts = [makePart(makeSpanRequest(shop), { receivedAtMs: NOW_MS })];
  await store.push(TENANT, parts, { signal: new AbortController().signal });
  app = new Hono<QueryEnv>();
  app.use(async (c, next) => {
    c.set('tenant', tenant);
    await next();
  });
  app.route('/jaeger/api', createJaegerRoutes(store, { clock }));
});

// biome-ignore lint/suspicious/noExplicitAny: what the JSON holds is what the tests are about
type Answer = { status: number; body: any };

async function get(path: string): Promise<Answer> {
  const response = await app.request(`/jaeger/api${path}`);
  return { status: response.status, body: await response.json() };
}

const traceIds = ({ body }: Answer) => body.data.map(({ traceID }: { traceID: string }) => traceID);

describe('services and operations', () => {
  test('services', async () => {
    expect(await get('/services')).toEqual({
      status: 200,
      body: {
        data: ['OTLPResourceNoServiceName', 'cart/api', 'web'],
        total: 3,
        limit: 0,
        offset: 0,
        errors: null,
      },
    });
  });

  test('operations of a service, in the old and the new form', async () => {
    expect((await get('/services/web/operations')).body).toMatchObject({
      data: ['GET /cart', 'tick'],
      total: 2,
    });
    expect((await get('/services/cart%2Fapi/operations')).body.data).toEqual(['SELECT']);
    expect((await get('/services/nope/operations')).body.data).toEqual([]);
    expect((await get('/operations?service=web')).body.data).toEqual([
      { name: 'GET /cart', spanKind: 'server' },
      { name: 'tick', spanKind: '' },
    ]);
    expect((await get('/operations?service=web&spanKind=server')).body).toMatchObject({
      data: [{ name: 'GET /cart', spanKind: 'server' }],
      total: 1,
    });
  });

  test('operations need a service', async () => {
    expect(await get('/operations')).toEqual({
      status: 400,
      body: {
        data: null,
        total: 0,
        limit: 0,
        offset: 0,
        errors: [{ code: 400, msg: "parameter 'service' is required" }],
      },
    });
  });
});

describe('a trace', () => {
  test('in the JSON of Jaeger, field by field', async () => {
    const { status, body } = await get(`/traces/${TRACE}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ total: 0, limit: 0, offset: 0, errors: null });
    const [trace] = body.data;
    expect(Object.keys(trace)).toEqual(['traceID', 'spans', 'processes', 'warnings']);
    expect(trace.processes).toEqual({
      p1: {
        serviceName: 'web',
        tags: [
          { key: 'host.name', type: 'string', value: 'node-1' },
          { key: 'cpus', type: 'int64', value: 4 },
        ],
      },
      p2: { serviceName: 'cart/api', tags: [] },
      p3: { serviceName: 'OTLPResourceNoServiceName', tags: [] },
    });
    expect(trace.spans.map((span: { spanID: string }) => span.spanID)).toEqual([
      '00f067aa0ba902b7',
      'b7ad6b7169203331',
      '0000000000000009',
    ]);
    expect(trace.spans[1]).toEqual({
      traceID: TRACE,
      spanID: 'b7ad6b7169203331',
      flags: 1,
      operationName: 'GET /cart',
      references: [],
      startTime: NOW_MS * 1000 + 1,
      duration: 12_345,
      tags: [
        { key: 'otel.scope.name', type: 'string', value: '@shop/http' },
        { key: 'otel.scope.version', type: 'string', value: '1.2.0' },
        { key: 'text', type: 'string', value: 'GET' },
        { key: 'yes', type: 'bool', value: true },
        { key: 'int', type: 'int64', value: 200 },
        { key: 'big', type: 'int64', value: '9223372036854775807' },
        { key: 'ratio', type: 'float64', value: 0.25 },
        { key: 'infinite', type: 'float64', value: 'Infinity' },
        { key: 'blob', type: 'binary', value: 'aGk=' },
        { key: 'list', type: 'string', value: '["a",1,[true,null]]' },
        { key: 'none', type: 'string', value: '' },
        { key: 'span.kind', type: 'string', value: 'server' },
        { key: 'otel.status_code', type: 'string', value: 'ERROR' },
        { key: 'error', type: 'bool', value: true },
        { key: 'otel.status_description', type: 'string', value: 'upstream timeout' },
        { key: 'w3c.tracestate', type: 'string', value: 'vendor=1' },
      ],
      logs: [
        {
          timestamp: NOW_MS * 1000 + 2,
          fields: [
            { key: 'event', type: 'string', value: 'exception' },
            { key: 'exception.type', type: 'string', value: 'TimeoutError' },
          ],
        },
        { timestamp: NOW_MS * 1000 + 2, fields: [{ key: 'event', type: 'string', value: 'own name' }] },
        { timestamp: NOW_MS * 1000 + 2, fields: [] },
      ],
      processID: 'p1',
      warnings: null,
    });
  });

  test('has its parent as the first reference, and links after it', async () => {
    const { body } = await get(`/traces/${TRACE}`);
    const [span] = body.data[0].spans;
    expect(span).not.toHaveProperty('flags');
    expect(span.duration).toBe(0);
    expect(span.references).toEqual([
      { refType: 'FOLLOWS_FROM', traceID: TRACE, spanID: 'b7ad6b7169203331' },
      { refType: 'FOLLOWS_FROM', traceID: SHORT, spanID: '0000000000000001' },
      { refType: 'CHILD_OF', traceID: SHORT, spanID: '0000000000000002' },
    ]);
    expect(span.tags).toEqual([
      { key: 'span.kind', type: 'string', value: 'client' },
      { key: 'otel.status_code', type: 'string', value: 'OK' },
    ]);
  });

  test.each(['abc', 'ABC', '0000000000000abc', SHORT])('is found by the id %s', async (id) => {
    expect(traceIds(await get(`/traces/${id}`))).toEqual([SHORT]);
  });

  test('outside its time is not found', async () => {
    expect((await get(`/traces/abc?start=${NOW_MS}000`)).status).toBe(404);
    expect((await get(`/traces/abc?start=${NOW_MS - 60_000}000&end=${NOW_MS}000`)).status).toBe(200);
  });

  test('that does not exist is a 404 in the words of Jaeger', async () => {
    expect(await get('/traces/1')).toEqual({
      status: 404,
      body: { data: null, total: 0, limit: 0, offset: 0, errors: [{ code: 404, msg: 'trace not found' }] },
    });
  });

  test.each(['xyz', '0'.repeat(33)])('with the id %s is a 400', async (id) => {
    expect(await get(`/traces/${id}`)).toMatchObject({ status: 400, body: { errors: [{ code: 400 }] } });
  });

  test('of another tenant cannot be seen', async () => {
    tenant = parseTenantId('other');
    try {
      expect((await get(`/traces/${TRACE}`)).status).toBe(404);
      expect((await get('/services')).body.data).toEqual([]);
    } finally {
      tenant = TENANT;
    }
  });
});

describe('a search', () => {
  test.each([
    ['service=web', [TRACE, SHORT]],
    ['service=web&limit=1', [TRACE]],
    ['service=web&operation=tick', [SHORT]],
    ['service=web&minDuration=1s', [SHORT]],
    ['service=web&maxDuration=1s', [TRACE]],
    ['service=web&tags={"error":"true"}', [TRACE]],
    ['service=web&tags=error=true int=200', [TRACE]],
    ['service=web&tag=big:9223372036854775807', [TRACE]],
    ['service=web&tag=host.name:node-1', [TRACE, SHORT]],
    ['service=web&tag=span.kind:server', [TRACE]],
    ['service=cart/api&lookback=1h', [TRACE]],
    ['service=web&lookback=10s', []],
    [`service=web&start=${NOW_MS}000&end=${NOW_MS + 1}000`, [TRACE]],
    ['service=nope', []],
    [`traceID=${SHORT}&traceID=${TRACE}`, [SHORT, TRACE]],
  ])('%s', async (query, expected) => {
    const answer = await get(`/traces?${query.replaceAll('{', '%7B').replaceAll(' ', '%20')}`);
    expect(answer.status).toBe(200);
    expect(traceIds(answer).toSorted()).toEqual([...expected].sort());
    expect(answer.body.errors).toBeNull();
  });

  test('by ids names those that are missing, and answers the others', async () => {
    const answer = await get(`/traces?traceID=${TRACE}&traceID=99`);
    expect(traceIds(answer)).toEqual([TRACE]);
    expect(answer.body.errors).toEqual([{ msg: 'trace not found', traceID: `${'0'.repeat(30)}99` }]);
  });

  test.each(['', 'service=web&limit=x', 'service=web&minDuration=1', 'service=web&tags=%7B', 'traceID=zz'])(
    '%j is a 400 that names the parameter',
    async (query) => {
      expect(await get(`/traces?${query}`)).toMatchObject({
        status: 400,
        body: {
          data: null,
          errors: [{ code: 400, msg: expect.stringMatching(/service|limit|minDuration|tags|TraceID/) }],
        },
      });
    },
  );
});

test('dependencies, all or of one service', async () => {
  const link = { parent: 'web', child: 'cart/api', callCount: 1 };
  expect((await get('/dependencies')).body).toMatchObject({ data: [link], errors: null });
  expect((await get(`/dependencies?endTs=${NOW_MS + 10_000}&lookback=20000&service=web`)).body.data).toEqual([
    link,
  ]);
  expect((await get('/dependencies?service=nope')).body.data).toEqual([]);
  expect((await get(`/dependencies?endTs=${NOW_MS - 86_400_000}&lookback=1000`)).body.data).toEqual([]);
  expect((await get('/dependencies?endTs=now')).status).toBe(400);
});

test('what the API does not have is a 404 in its own form', async () => {
  expect(await get('/metrics/latencies')).toMatchObject({
    status: 404,
    body: { data: null, errors: [{ code: 404 }] },
  });
});
