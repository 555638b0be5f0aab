import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { createTestLogStore, TEST_NOW_MS, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { createEmbeddedInsights } from './embedded-insights.ts';
import { InsightsBusy } from './insights-busy.ts';
import { createInsightsRoutes } from './insights-routes.ts';
import type { LogInsightsBackend } from './log-insights-backend.ts';

async function setUp(instead?: LogInsightsBackend) {
  const { store, clock, push } = createTestLogStore();
  await push({
    resource: { 'service.name': 'shop' },
    records: ['=1+1', 'say "hi", you', '\u001b[31mred\n'].map((body, i) => ({
      body,
      timeNs: TEST_NOW_NS - BigInt(i) * 1_000_000_000n,
    })),
  });
  const app = new Hono<QueryEnv>();
  app.use(async (c, next) => {
    c.set('tenant', TEST_TENANT);
    await next();
  });
  app.route('/v1/logs', createInsightsRoutes(instead ?? createEmbeddedInsights(store, { clock }), { clock }));
  return (body: unknown, headers: Record<string, string> = {}) =>
    app.request('/v1/logs/insights', {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers,
    });
}

const QUERY = 'fields @timestamp, message | sort @timestamp desc';

test('JSON has the shape of GetQueryResults, with the columns beside it', async () => {
  const post = await setUp();
  const response = await post({ query: `${QUERY} | limit 1` });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    status: 'Complete',
    columns: ['@timestamp', 'message'],
    results: [
      [
        { field: '@timestamp', value: '2026-01-01 00:00:00.000' },
        { field: 'message', value: '=1+1' },
      ],
    ],
    statistics: { recordsMatched: 3, recordsScanned: 3, bytesScanned: expect.any(Number) },
  });
});

test('CSV, by format or Accept: quoted, and no formula for a spreadsheet', async () => {
  const post = await setUp();
  const csv = await post({ query: `${QUERY} | limit 2`, format: 'csv' });
  expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(await csv.text()).toBe(
    '@timestamp,message\r\n2026-01-01 00:00:00.000,\'=1+1\r\n2025-12-31 23:59:59.000,"say ""hi"", you"\r\n',
  );
  const accepted = await post({ query: 'stats count()' }, { accept: 'text/csv' });
  expect(await accepted.text()).toBe('count()\r\n3\r\n');
});

test('a table, whose cells cannot steer a terminal', async () => {
  const post = await setUp();
  const table = await post({ query: `${QUERY} | filter message like "red"` }, { accept: 'text/plain' });
  expect(await table.text()).toBe(
    [
      '@timestamp               message',
      '-----------------------  ---------',
      '2025-12-31 23:59:58.000  ?[31mred?',
      '',
    ].join('\n'),
  );
});

test.each([
  ['seconds', TEST_NOW_MS / 1000 - 1, TEST_NOW_MS / 1000, 2],
  ['milliseconds', TEST_NOW_MS - 1000, TEST_NOW_MS - 1, 1],
  ['RFC 3339', '2025-12-31T23:59:58Z', '2025-12-31T23:59:59Z', 2],
  ['one instant: both ends belong to the range', TEST_NOW_MS, TEST_NOW_MS, 1],
])('times in %s', async (_name, start, end, expected) => {
  const post = await setUp();
  const answer = (await (await post({ query: 'stats count() as c', start, end })).json()) as {
    results: { value: string }[][];
  };
  expect(answer.results[0]![0]!.value).toBe(String(expected));
});

test.each<[unknown, string]>([
  ['{', 'the body is not JSON: send {"query"'],
  ['[]', 'the body is no JSON object'],
  ['null', 'the body is no JSON object'],
  [`"${'x'.repeat(100_001)}"`, 'longer than 100000 characters'],
  [{}, '"query" must be a text'],
  [{ query: ' ' }, '"query" must be a text'],
  [{ query: 'x'.repeat(10_001) }, 'longer than 10000 characters'],
  [{ query: 'x', start: 'soon' }, "could not parse 'start' parameter"],
  [{ query: 'x', start: -1 }, '"start" must be a time'],
  [{ query: 'x', end: {} }, '"end" must be a time'],
  [{ query: 'x', start: 20, end: 10 }, '"start" must not lie after "end"'],
  [{ query: 'x', limit: 10_001 }, '"limit" must be a whole number from 1 to 10000'],
  [{ query: 'x', groups: [] }, '"groups" must be a list out of app, audit, security'],
  [{ query: 'x', groups: ['other'] }, '"groups" must be a list'],
  [{ query: 'x', startTime: 20 }, '"startTime" is not known: there are query, start, end'],
  [{ query: 'x', format: 'xml' }, '"format" must be one of json, csv, table'],
])('%j is a 400 that says why', async (body, message) => {
  const response = await (await setUp())(body);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { error: string }).error).toContain(message);
});

test('an error in the query has its position', async () => {
  const response = await (await setUp())({ query: 'fields a\n| oops' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ position: { line: 2, column: 3 } });
});

test('what is too busy can be asked again', async () => {
  const post = await setUp({ run: async () => Promise.reject(new InsightsBusy('later')) });
  const response = await post({ query: 'x' });
  expect(response.status).toBe(429);
  expect(await response.json()).toEqual({ error: 'later' });
});
