/** Debian's promtool reads Sluice's API as it reads a Prometheus. */
import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import { parseTenantId } from '@sluice/core/ids';
import { systemClock } from '@sluice/core/ports/clock';
import { createPrometheusRoutes } from '@sluice/query/prometheus/prometheus-routes';
import type { QueryEnv } from '@sluice/query/query-env';
import { createMemoryMetrics } from '@sluice/query/testing/memory-metrics';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);

const store = createMemoryMetrics(`
requests_total{job="api",status="200"} 0+60x30
requests_total{job="api",status="500"} 0+6x30
up{job="api"} 1x30
`);

let url: string;
let server: ReturnType<typeof serve>;

beforeAll(async () => {
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId('default'));
    return next();
  });
  app.route('/api/v1', createPrometheusRoutes({ storeOf: () => store, clock: systemClock }));
  url = await new Promise((resolve) => {
    server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }: AddressInfo) =>
      resolve(`http://127.0.0.1:${port}`),
    );
  });
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

async function promtool(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('promtool', ['query', ...args]).catch(
    (error: { code?: string; stdout?: string; stderr?: string }) => {
      if (error.code === 'ENOENT') throw new Error("there is no promtool: install Debian's prometheus");
      return { stdout: error.stdout ?? '', stderr: error.stderr ?? '' };
    },
  );
  return stdout + stderr;
}

test.each([
  [
    ['instant', '--time=1800', 'requests_total'],
    '{__name__}{job="api", status="200"} => 1800 @[1800]\n{__name__}{job="api", status="500"} => 180 @[1800]\n',
  ],
  [['instant', '--time=1800', 'sum(rate(requests_total[5m]))'], '{} => 1.1 @[1800]\n'],
  [['instant', '--time=1800', '1 + 1'], 'scalar: 2 @[1800]\n'],
  [
    ['range', '--start=0', '--end=120', '--step=60s', 'sum(requests_total)'],
    '{} =>\n0 @[0]\n66 @[60]\n132 @[120]\n',
  ],
  [
    ['series', '--start=0', '--end=1800', '--match=requests_total'],
    '{__name__="requests_total", job="api", status="200"}\n{__name__="requests_total", job="api", status="500"}\n',
  ],
  [['labels', '--start=0', '--end=1800', 'status'], '200\n500\n'],
])('promtool query %j', async (args, expected) => {
  const [kind = '', ...rest] = args;
  const flags = rest.filter((arg) => arg.startsWith('--'));
  const operands = rest.filter((arg) => !arg.startsWith('--'));
  expect(await promtool(kind, ...flags, url, ...operands)).toBe(
    expected.replaceAll('{__name__}', 'requests_total'),
  );
});

test('and shows where an expression is wrong', async () => {
  expect(await promtool('instant', url, 'sum by (job (up)')).toContain(
    'bad_data: invalid parameter "query": 1:13: parse error: unexpected "(" in grouping opts',
  );
});
