/** Whatever the parameters are, the answer is one of Prometheus' and never a fault. More by `SLUICE_FUZZ_RUNS`. */
import { parseTenantId } from '@sluice/core/ids';
import { createRandom } from '@sluice/core/testing/random';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createMemoryMetrics } from '../testing/memory-metrics.ts';
import { createPrometheusRoutes } from './prometheus-routes.ts';

const PATHS = [
  'query',
  'query_range',
  'query_exemplars',
  'labels',
  'label/job/values',
  'label/U__a_2e_/values',
  'label/%00/values',
  'series',
  'metadata',
  'targets',
  'format_query',
  'parse_query',
];
/** What each is like when it is right. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  query: ['up', 'up / up', 'sum(up)', 'max_over_time(up[1h:1s])', 'up + on () up', '1'],
  start: ['0', '600'],
  end: ['1800', '3600.5'],
  step: ['15', '1m'],
  time: ['1800', '-5', '1970-01-01T00:30:00+01:00'],
  limit: ['1', '0'],
  'match[]': ['up', '{job=~".+"}'],
  timeout: ['30s'],
  lookback_delta: ['1m'],
  stats: ['all'],
};
const VALUES = [
  ...[
    '',
    '0',
    '-1',
    '1',
    '60',
    '1800',
    '1e300',
    '-1e300',
    '9223372036854775807',
    '1.7976931348623157e308',
    'NaN',
  ],
  ...[
    'Inf',
    '-Inf',
    '0x10',
    '5m',
    '1y',
    '-5m',
    '1ms',
    '292y',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ],
  ...[
    '0000-01-01T00:00:00Z',
    '1970-13-45T99:99:99Z',
    '-292273086-05-16T16:47:06Z',
    'all',
    'true',
    '\u0000',
    '😀',
    '\ud800',
  ],
  ...[
    'up',
    'up{',
    'rate(up[5m])',
    'up[5m]',
    '{job=~".+"}',
    'up @ end()',
    'up offset -100y',
    'year(vector(1e300))',
  ],
  ...[
    'max_over_time(up[1h:1ms])',
    'sum_over_time(up[100y])',
    'timestamp(up)',
    '"x"',
    '1',
    'absent(nope)',
    'constructor',
    '__proto__',
  ],
];

test('is answered with a status and JSON of the API', async () => {
  const store = createMemoryMetrics('up{job="a"} 1x30\nup{job="b"} 0 NaN _ stale Inf');
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId('default'));
    return next();
  });
  const clock = { nowMs: () => 1_800_000 };
  app.route('/', createPrometheusRoutes({ storeOf: () => store, clock, engine: { maxSamples: 100_000 } }));
  const faults: string[] = [];
  app.onError((error, c) => {
    faults.push(`${c.req.url}: ${error.stack}`);
    return c.json({ status: 'fault' }, 500);
  });
  const random = createRandom(5);
  const statuses = new Set<number>();
  for (let run = 0; run < Number(process.env.SLUICE_FUZZ_RUNS ?? 2000); run++) {
    const search = new URLSearchParams();
    for (const [name, usual] of Object.entries(USUAL)) {
      if (random.chance(0.8)) search.append(name, random.pick(random.chance(0.85) ? usual : VALUES));
    }
    const response = await app.request(`/${random.pick(PATHS)}?${search}`);
    if (response.status === 204) continue;
    const body = (await response.json()) as { status: string; errorType?: string; error?: string };
    statuses.add(response.status);
    expect([200, 400, 422, 500, 503]).toContain(response.status);
    expect(body.status).toBe(
      response.status === 200 ? 'success' : response.status === 500 ? 'fault' : 'error',
    );
    if (body.status === 'error') expect(body.error).toMatch(/\w/);
  }
  expect(faults).toEqual([]);
  expect([...statuses].sort()).toEqual([200, 400, 422, 503]);
});
