import { createLogGroups } from '@sluice/backends/cloudwatch/log-groups';
import type {
  InsightsClient,
  InsightsQueryResults,
  StartInsightsQuery,
} from '@sluice/backends/logs-insights/insights-client';
import type { TenantId } from '@sluice/core/ids';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { describe, expect, test } from 'vitest';
import { createCloudWatchInsights } from './cloudwatch-insights.ts';
import { InsightsBusy } from './insights-busy.ts';
import { InsightsError } from './insights-error.ts';
import { QueryTooLarge } from './query-too-large.ts';
import { rewriteQuery } from './rewrite-query.ts';

const TENANT = 'team-a' as TenantId;
const REQUEST = {
  query: 'fields @timestamp, @level | filter @level = "ERROR" -- only errors\n| limit 5',
  startNs: 1_000_500_000_000n,
  endNs: 2_000_000_000_001n,
  limit: 5,
  groups: ['app', 'audit'] as const,
};
const NOTHING = { recordsMatched: 0, recordsScanned: 0, bytesScanned: 0 };

interface Script {
  readonly statuses?: readonly string[];
  readonly results?: InsightsQueryResults['results'];
  readonly fail?: Error;
}

function setUp({ statuses = ['Complete'], results = [], fail }: Script = {}, options = {}) {
  const started: StartInsightsQuery[] = [];
  const stopped: string[] = [];
  const left = [...statuses];
  const client: InsightsClient = {
    async startQuery(query) {
      if (fail !== undefined) throw fail;
      started.push(query);
      return 'q1';
    },
    async getQueryResults(queryId) {
      expect(queryId).toBe('q1');
      return { status: left.length > 1 ? left.shift()! : left[0]!, results, statistics: NOTHING };
    },
    async stopQuery(queryId) {
      stopped.push(queryId);
      throw new Error('it is over already');
    },
  };
  const clock = createHurriedClock(0);
  const insights = createCloudWatchInsights({
    client,
    clock,
    groups: createLogGroups({ prefix: '/sluice/' }),
    ...options,
  });
  const ask = (request = {}, signal = new AbortController().signal) =>
    insights.run({ ...REQUEST, ...request }, { tenant: TENANT, signal });
  return { ask, started, stopped, clock };
}

test('asks the groups for the tenant’s own records in AWS’s words, and waits for the end', async () => {
  const { ask, started, clock, stopped } = setUp({
    statuses: ['Scheduled', 'Running', 'Running', 'Complete'],
  });
  await ask();
  expect(started).toEqual([
    {
      logGroupNames: ['/sluice/app', '/sluice/audit'],
      queryString:
        'filter sluice_tenant = "team-a" | fields @timestamp, level | filter level = "ERROR" #  only errors\n| limit 5',
      startTime: 1000,
      endTime: 2000,
      limit: 5,
    },
  ]);
  expect(clock.slept).toEqual([200, 300, 450, 675]);
  expect(stopped).toEqual([]);
});

test('rows come without AWS’s pointer, under the names that were asked for', async () => {
  const results = [
    [
      { field: '@timestamp', value: '2026-01-01 00:00:00.000' },
      { field: 'level', value: 'ERROR' },
      { field: '@ptr', value: 'CmEK' },
    ],
    [{ field: 'late', value: '1' }],
  ];
  expect(await setUp({ results }).ask()).toEqual({
    columns: ['@timestamp', '@level', 'late'],
    rows: [
      [
        { field: '@timestamp', value: '2026-01-01 00:00:00.000' },
        { field: '@level', value: 'ERROR' },
      ],
      [{ field: 'late', value: '1' }],
    ],
    statistics: NOTHING,
  });
  expect((await setUp({ results }).ask({ query: 'fields level, @level' })).columns).toContain('level');
});

test('who goes away stops the query', async () => {
  const { ask, stopped } = setUp({ statuses: ['Running'] });
  const leaving = new AbortController();
  const asked = ask({}, leaving.signal);
  setImmediate(() => leaving.abort(new Error('gone')));
  await expect(asked).rejects.toThrow('gone');
  expect(stopped).toEqual(['q1']);
  await expect(ask({}, leaving.signal)).rejects.toThrow('gone');
});

test('a query that takes too long is stopped, and says what to do', async () => {
  const { ask, stopped, clock } = setUp({ statuses: ['Running'] }, { maxWaitMs: 10_000 });
  await expect(ask()).rejects.toThrow(QueryTooLarge);
  expect(stopped).toEqual(['q1']);
  expect(clock.nowMs()).toBeLessThan(12_001);
  expect(Math.max(...clock.slept)).toBe(2000);
});

test.each(['Failed', 'Cancelled', 'Timeout'])('a query that ends as %s is an error', async (status) => {
  await expect(setUp({ statuses: [status] }).ask()).rejects.toThrow(`ended as ${status}`);
});

describe('what AWS refuses', () => {
  const failure = (name: string, more = {}): Error => Object.assign(new Error('said AWS'), { name }, more);

  test('a query that it does not understand: at its place in the query as it was written', async () => {
    const query = 'fields @level\n| filter @level = 1 | oops x';
    const sent = 'filter sluice_tenant = "team-a" | fields level\n| filter level = 1 | oops x';
    const fail = failure('MalformedQueryException', {
      queryCompileError: { message: 'unexpected oops', location: { startCharOffset: sent.indexOf('oops') } },
    });
    const error = await setUp({ fail })
      .ask({ query })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InsightsError);
    expect(error).toMatchObject({ line: 2, column: 23, message: 'unexpected oops (line 2, column 23)' });
    const bare = setUp({ fail: failure('MalformedQueryException') }).ask();
    await expect(bare).rejects.toMatchObject({ line: 1, column: 1, message: 'said AWS (line 1, column 1)' });
  });

  test.each(['LimitExceededException', 'ThrottlingException'])('%s: it can be asked again', async (name) => {
    await expect(setUp({ fail: failure(name) }).ask()).rejects.toThrow(InsightsBusy);
  });

  test('anything else as it is', async () => {
    await expect(setUp({ fail: failure('AccessDeniedException') }).ask()).rejects.toThrow('said AWS');
  });
});

describe('rewriting', () => {
  test.each([
    ['fields @level', 'fields level'],
    ['fields `@level`', 'fields `level`'],
    ['filter @message like "@level -- no comment"', 'filter @message like "@level -- no comment"'],
    ['filter @message like /@level/', 'filter @message like /@level/'],
    ['fields a--1', 'fields a--1'],
    ['# @level\n-- @level\nfields a', '# @level\n#  @level\nfields a'],
    ['pattern @message | anomaly', 'pattern @message | anomaly'],
    ['fields jsonParse(x) as y | display y.z ? {}', 'fields jsonParse(x) as y | display y.z ? {}'],
    ['fields @levels, x.@level', 'fields @levels, x.@level'],
  ])('%s → %s', (source, expected) => {
    expect(rewriteQuery(source).query).toBe(expected);
  });

  test.each([
    'SOURCE logGroups(namePrefix: ["x"]) | fields a',
    'fields a | join type=left x',
    'fields a | filter b in (source x)',
    '-- note\nsource x',
  ])('what reads other groups is refused: %s', (source) => {
    expect(() => rewriteQuery(source)).toThrow(InsightsError);
  });
});
