import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { createQueryApp, type QueryAppOptions } from './query-app.ts';
import type { QueryEnv } from './query-env.ts';

const tenant = parseTenantId('acme');

function makeApp(overrides: Partial<QueryAppOptions> = {}): Hono<QueryEnv> {
  const routes = new Hono<QueryEnv>()
    .get('/whoami', (c) => c.text(c.get('tenant')))
    .get('/broken', () => {
      throw new Error('no such table: secret_table');
    });
  return createQueryApp({
    apis: [{ path: '/jaeger/api', routes }],
    authorize: async () => ({ status: 'ok', tenant }),
    readiness: async () => [{ name: 'database', ok: true }],
    selfMetrics: createSelfMetrics(),
    logger: silentLogger,
    ingestUrl: 'http://127.0.0.1:4318',
    ...overrides,
  });
}

describe('the query app', () => {
  test('hands the tenant of the key to the mounted routes', async () => {
    const response = await makeApp().request('/jaeger/api/whoami');
    expect(await response.text()).toBe('acme');
  });

  test('answers ready only when every check holds, and says which does not', async () => {
    const readiness = async () => [
      { name: 'traces queue', ok: false, detail: 'the disk is full; free some space' },
    ];
    expect((await makeApp().request('/-/ready')).status).toBe(200);
    const response = await makeApp({ readiness }).request('/-/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not ready',
      checks: [{ name: 'traces queue', ok: false, detail: 'the disk is full; free some space' }],
    });
  });

  test.each([
    [401, 'send an API key', 'Bearer realm="sluice"'],
    [403, 'the key lacks the scope query:read', null],
    [503, 'keys cannot be read right now', null],
  ] as const)(
    'refuses with %d and its reason, but always says whether it lives',
    async (httpStatus, message, challenge) => {
      const app = makeApp({ authorize: async () => ({ status: 'refused', httpStatus, message }) });
      for (const path of ['/', '/metrics', '/jaeger/api/whoami']) {
        const response = await app.request(path);
        expect(response.status).toBe(httpStatus);
        expect(response.headers.get('www-authenticate')).toBe(challenge);
        expect(await response.json()).toEqual({ error: message });
      }
      expect((await app.request('/-/healthy')).status).toBe(200);
      expect((await app.request('/-/ready')).status).toBe(200);
    },
  );

  test('serves its own metrics in the Prometheus text format', async () => {
    const selfMetrics = createSelfMetrics();
    selfMetrics.counter('sluice_test_total', 'A test.').add(3, { signal: 'traces' });
    const response = await makeApp({ selfMetrics }).request('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toContain('sluice_test_total{signal="traces"} 3\n');
  });

  test('links every mounted API on a page that names the ingest address', async () => {
    const page = await (await makeApp().request('/')).text();
    expect(page).toContain('http://127.0.0.1:4318');
    for (const href of ['/jaeger/api/services', '/metrics', '/-/ready'])
      expect(page).toContain(`href="${href}"`);
  });

  test('does not tell a reader what broke inside, and says where nothing is', async () => {
    const broken = await makeApp().request('/jaeger/api/broken');
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('secret_table');
    const missing = await makeApp().request('/api/nothing');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toEqual({ error: 'nothing is served at /api/nothing; see / for what is' });
    const otlp = await makeApp().request('/v1/traces', { method: 'POST' });
    expect(otlp.status).toBe(404);
    expect(await otlp.text()).toContain('OTLP is taken at http');
  });

  test('faults under /api/v1 are in the envelope of Prometheus, whoever finds them', async () => {
    const routes = new Hono<QueryEnv>().get('/broken', () => {
      throw new Error('no such table: secret_table');
    });
    const apis = [{ path: '/api/v1', routes }];
    const ask = async (
      path: string,
      { method = 'GET', ...overrides }: Partial<QueryAppOptions> & { method?: string } = {},
    ) => {
      const response = await makeApp({ apis, ...overrides }).request(path, { method });
      const { status, errorType } =
        response.status === 204 ? {} : ((await response.json()) as Record<string, string>);
      return [response.status, status, errorType];
    };
    expect(await ask('/api/v1/broken')).toEqual([500, 'error', 'internal']);
    expect(await ask('/api/v1/nothing')).toEqual([404, 'error', 'not_found']);
    expect(await ask('/api/v1')).toEqual([404, 'error', 'not_found']);
    expect(await ask('/api/v1/nothing', { method: 'OPTIONS' })).toEqual([204, undefined, undefined]);
    for (const [httpStatus, kind] of [
      [401, 'unauthorized'],
      [403, 'forbidden'],
      [503, 'unavailable'],
    ] as const) {
      const authorize = async () => ({ status: 'refused', httpStatus, message: 'no' }) as const;
      expect(await ask('/api/v1/query', { authorize })).toEqual([httpStatus, 'error', kind]);
    }
  });
});
