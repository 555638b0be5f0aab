/** The Insights queries that the source systems print, verbatim, against what the facts say. */
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { beforeAll, expect, test } from 'vitest';
import { type DemoFact, makeDemoFacts, toPlainLogs } from '../testing/demo-logs.ts';
import { createTestLogStore, TEST_NOW_MS, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { SOURCE_INSIGHTS_QUERIES as QUERY } from '../testing/source-insights-queries.ts';
import { createEmbeddedInsights } from './embedded-insights.ts';
import { LOG_GROUPS, type LogInsightsBackend } from './log-insights-backend.ts';

const facts = makeDemoFacts({ count: 900, seed: 23, endNs: TEST_NOW_NS });
let insights: LogInsightsBackend;

beforeAll(async () => {
  const { store, push } = createTestLogStore();
  const half = facts.length / 2;
  await push(...toPlainLogs(facts.slice(half)));
  await push(...toPlainLogs(facts.slice(0, half)));
  insights = createEmbeddedInsights(store, { clock: createFakeClock(TEST_NOW_MS) });
});

type ResultRow = Readonly<Record<string, string>>;

async function ask(query: string): Promise<readonly ResultRow[]> {
  const request = { query, startNs: 0n, endNs: TEST_NOW_NS + 1n, limit: 10_000, groups: LOG_GROUPS };
  const { rows } = await insights.run(request, { tenant: TEST_TENANT, signal: AbortSignal.timeout(20_000) });
  return rows.map((row) => Object.fromEntries(row.map(({ field, value }) => [field, value])));
}

/** As Insights shows times. */
const timeOf = ({ timeNs }: DemoFact): string =>
  new Date(Number(timeNs / 1_000_000n)).toISOString().replace('T', ' ').slice(0, -1);
const durationOf = ({ attributes }: DemoFact): number => Number(attributes['request.duration'] ?? Number.NaN);
const defined = (row: Readonly<Record<string, unknown>>): ResultRow =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
const newestFirst = facts.toSorted((a, b) => (a.timeNs > b.timeNs ? -1 : 1));
const messageOf = (row: ResultRow): string => JSON.parse(row['@message']!).message;

/** What the query answers, with the text of @message cut down to the message itself. */
async function askMessages(query: string): Promise<readonly ResultRow[]> {
  return (await ask(query)).map((row) => ({ ...row, '@message': messageOf(row) }));
}

test('all records of one tracking id', async () => {
  const rows = await askMessages(QUERY.trackingId);
  const expected = newestFirst.filter(({ trackingId }) => trackingId === 'abc123def456');
  expect(expected.length).toBeGreaterThan(50);
  expect(rows).toEqual(
    expected.map((fact) => ({ '@timestamp': timeOf(fact), service: fact.service, '@message': fact.message })),
  );
});

const errorRow = (fact: DemoFact): ResultRow =>
  defined({
    '@timestamp': timeOf(fact),
    service: fact.service,
    'error.message': fact.attributes['exception.message'],
    tracking_id: fact.trackingId,
  });

test('all errors, the newest hundred', async () => {
  const rows = await ask(QUERY.errors);
  const errors = newestFirst.filter(({ level }) => level === 'ERROR');
  expect(errors.length).toBeGreaterThan(100);
  expect(rows).toEqual(errors.slice(0, 100).map(errorRow));
});

test('the duration of slow requests by path', async () => {
  const rows = await ask(QUERY.slowPaths);
  const byPath = Map.groupBy(
    facts.filter((fact) => durationOf(fact) > 1),
    ({ attributes }) => String(attributes['request.path']),
  );
  expect(byPath.size).toBe(3);
  expect(rows.map((row) => row['request.path'])).toEqual([...byPath.keys()].sort());
  for (const row of rows) {
    const group = byPath.get(row['request.path']!)!;
    const average = group.reduce((sum, fact) => sum + durationOf(fact), 0) / group.length;
    expect(Number(row['avg(request.duration)'])).toBeCloseTo(average, 9);
  }
});

test('slow requests, the slowest first', async () => {
  const rows = await askMessages(QUERY.slowRequests);
  const slow = facts.filter((fact) => durationOf(fact) > 2);
  expect(slow.length).toBeGreaterThan(50);
  expect(rows.map((row) => Number(row['request.duration']))).toEqual(
    slow.map(durationOf).sort((a, b) => b - a),
  );
  const line = (row: ResultRow): string => JSON.stringify(Object.entries(row).sort());
  expect(rows.map(line).sort()).toEqual(
    slow
      .map((fact) =>
        line({
          '@timestamp': timeOf(fact),
          '@message': fact.message,
          tracking_id: fact.trackingId,
          'request.duration': String(durationOf(fact)),
        }),
      )
      .sort(),
  );
});

test('what users do, by user and path', async () => {
  const rows = await ask(QUERY.userPaths);
  const counts = Map.groupBy(
    facts.filter(({ attributes }) => attributes['user.id'] !== undefined),
    ({ attributes }) => `${attributes['user.id']} ${attributes['request.path']}`,
  );
  expect(counts.size).toBe(9);
  expect(rows).toEqual(
    [...counts.keys()].sort().map((key) => {
      const [user, path] = key.split(' ');
      return { 'user.id': user, 'request.path': path, 'count()': String(counts.get(key)!.length) };
    }),
  );
});

test('errors of one service', async () => {
  const rows = await ask(QUERY.serviceErrors);
  const errors = newestFirst.filter(({ level, service }) => level === 'ERROR' && service === 'api-gateway');
  expect(errors.length).toBeGreaterThan(10);
  expect(rows).toEqual(
    errors.slice(0, 50).map((fact) => {
      const { service: _service, ...row } = errorRow(fact);
      return row;
    }),
  );
});

test('what users do in every five minutes, the busiest first', async () => {
  const rows = await ask(QUERY.busyUsers);
  const binOf = ({ timeNs }: DemoFact): string =>
    new Date(Math.floor(Number(timeNs / 1_000_000n) / 300_000) * 300_000)
      .toISOString()
      .replace('T', ' ')
      .slice(0, -1);
  const counts = Map.groupBy(
    facts.filter(({ attributes }) => attributes['user.id'] !== undefined),
    (fact) => `${fact.attributes['user.id']}|${binOf(fact)}`,
  );
  expect(
    Object.fromEntries(rows.map((row) => [`${row['user.id']}|${row['bin(5m)']}`, row['count()']])),
  ).toEqual(Object.fromEntries([...counts].map(([key, group]) => [key, String(group.length)])));
  const shown = rows.map((row) => Number(row['count()']));
  expect(shown).toEqual(shown.toSorted((a, b) => b - a));
});

test('the path of one user', async () => {
  const rows = await ask(QUERY.userJourney);
  const own = newestFirst.filter(({ attributes }) => attributes['user.id'] === 'user-123').reverse();
  expect(own.length).toBeGreaterThan(50);
  expect(rows).toEqual(
    own.map((fact) => ({
      'user.id': 'user-123',
      'request.path': String(fact.attributes['request.path']),
      '@timestamp': timeOf(fact),
    })),
  );
});
