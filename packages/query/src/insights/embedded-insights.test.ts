/** The language of Insights, command by command, over a handful of records. */
import type { PlainRecord } from '@sluice/backends/testing/log-requests';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestLogStore, TEST_NOW_MS, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { createEmbeddedInsights } from './embedded-insights.ts';
import { InsightsError } from './insights-error.ts';
import { LOG_GROUPS, type LogGroup, type LogInsightsBackend } from './log-insights-backend.ts';

const MINUTE_NS = 60_000_000_000n;

/** One a minute; the last at the time of the tests, 2026-01-01T00:00:00Z. */
const RECORDS: readonly PlainRecord[] = [
  {
    body: 'user=ann, took 12ms [GET /a]',
    severityText: 'INFO',
    attributes: { n: 5n, f: 1.5, s: 'Alpha', flag: true, ip: '10.0.0.7', 'req.path': '/a', list: ['x', 'y'] },
  },
  {
    body: 'user=bob, took 7ms [POST /b]',
    severityText: 'ERROR',
    attributes: { n: 12n, f: -2.25, s: 'beta', flag: false, ip: '192.168.1.9', 'req.path': '/b', t: '2.50' },
  },
  {
    body: 'nothing to parse "quoted"',
    severityText: 'WARN',
    attributes: { s: '  pad  ', ip: '::1', n: '7' },
  },
  { body: 'audited', severityText: 'AUDIT', attributes: { n: 1e20, s: '' } },
  { body: 'guarded', severityText: 'SECURITY', attributes: { nothing: null, s: 'ünï 😀' } },
];

let insights: LogInsightsBackend;

beforeAll(async () => {
  const { store, clock, push } = createTestLogStore();
  await push({
    resource: { 'service.name': 'shop' },
    records: RECORDS.map((record, i) => ({
      ...record,
      timeNs: TEST_NOW_NS - BigInt(RECORDS.length - 1 - i) * MINUTE_NS,
    })),
  });
  insights = createEmbeddedInsights(store, { clock });
});

async function run(query: string, { limit = 100, groups = LOG_GROUPS as readonly LogGroup[] } = {}) {
  return insights.run(
    { query, startNs: 0n, endNs: TEST_NOW_NS + 1n, limit, groups },
    { tenant: TEST_TENANT, signal: new AbortController().signal },
  );
}

async function ask(query: string, options = {}): Promise<readonly Readonly<Record<string, string>>[]> {
  const { rows } = await run(query, options);
  return rows.map((row) => Object.fromEntries(row.map(({ field, value }) => [field, value])));
}

/** The bodies of the records that pass, oldest first. */
async function passing(filter: string): Promise<readonly number[]> {
  const rows = await ask(`fields message | filter ${filter} | sort @timestamp asc`);
  return rows.map(({ message }) => RECORDS.findIndex(({ body }) => body === message));
}

describe('filter', () => {
  test.each<[string, readonly number[]]>([
    ['n = 5', [0]],
    ['n != 5', [1, 2, 3]],
    ['n > 5', [1, 2, 3]],
    ['n >= 5 and n < 12', [0, 2]],
    ['n <= 7 or s = "beta"', [0, 1, 2]],
    ['t = 2.5', [1]],
    ['t = "2.5"', [1]],
    ['n = "12"', [1]],
    ['-n < -11', [1, 3]],
    ['not n > 5', [0, 4]],
    ['not (n = 5 or n = 12)', [2, 3, 4]],
    ['flag = true', []],
    ['flag = "true"', [0]],
    ['flag = 1', [0]],
    ['flag = 0', [1]],
    ['flag', [0]],
    ['s < "b"', [0, 2, 3]],
    ['s in ["Alpha", "beta"]', [0, 1]],
    ['n in [5, "12", -1]', [0, 1]],
    ['n not in [5]', [1, 2, 3, 4]],
    ['s in []', []],
    ['message like "took"', [0, 1]],
    ['message like /took \\d{2}ms/', [0]],
    ['message =~ /^user=(ann|bob)/', [0, 1]],
    ['message like /(?i)NOTHING/', [2]],
    ['message like "%"', []],
    ["message not like 'took'", [2, 3, 4]],
    ['nosuch not like "x"', [0, 1, 2, 3, 4]],
    ['@message like /"req":\\{"path":"\\/a"\\}/', [0]],
    ['message like \'"quoted"\'', [2]],
    ['message like "\\"quoted\\""', [2]],
    ['ispresent(n)', [0, 1, 2, 3]],
    ['not ispresent(req.path)', [2, 3, 4]],
    ['ispresent(nothing)', []],
    ['req.path = "/b"', [1]],
    ['`req.path` = "/b"', [1]],
    ['list[1] = "y"', [0]],
    ['list.0 = "x"', [0]],
    ['list like "x"', [0]],
    ['@level = "ERROR"', [1]],
    ['@@level = "ERROR"', [1]],
    ['level = "error"', []],
    ['tolower(@level) = "error"', [1]],
    ['@log = "audit"', [3]],
    ['@logStream = "shop"', [0, 1, 2, 3, 4]],
    [`@timestamp < ${TEST_NOW_MS - 3 * 60_000}`, [0]],
    ['@timestamp > now() - 90000', [3, 4]],
    ['isIpInSubnet(ip, "10.0.0.0/8")', [0]],
    ['isIpv4InSubnet(ip, "192.168.0.0/16") or isIpv6InSubnet(ip, "::/64")', [1, 2]],
    ['isIpv6InSubnet(ip, "10.0.0.0/8")', []],
    ['isIpInSubnet(ip, "nonsense")', []],
    ['isValidIp(ip) and isValidIpv6(ip)', [2]],
    ['isValidIpv4(s)', []],
    ['isempty(s)', [3]],
    ['isblank(coalesce(nosuch, s))', [3]],
    ['strcontains(s, "et")', [1]],
    ['n * 2 + 1 = 11', [0]],
    ['n % 5 = 2 and n > 0', [1, 2]],
    ['n / 0 > 0', []],
    ['2 ^ 3 ^ 0 = 2 and n = 5', [0]],
    ['(n - 5) * 3 = 0', [0]],
    ['n == 5', [0]],
  ])('%s', async (filter, expected) => {
    expect(await passing(filter)).toEqual(expected);
  });
});

describe('functions', () => {
  test.each<[string, string | undefined]>([
    ['abs(f)', '2.25'],
    ['ceil(f)', '-2'],
    ['floor(f)', '-3'],
    ['sqrt(n + 4)', '4'],
    ['sqrt(f)', undefined],
    ['log(1)', '0'],
    ['greatest(n, f, 3)', '12'],
    ['least(n, f, 3)', '-2.25'],
    ['greatest(n, nosuch)', undefined],
    ['toupper(s)', 'BETA'],
    ['strlen(s)', '4'],
    ['strlen("😀")', '1'],
    ['trim("  a ")', 'a'],
    ['ltrim("xxaxx", "x")', 'axx'],
    ['rtrim("xxaxx", "x")', 'xxa'],
    ['substr(s, 1)', 'eta'],
    ['substr(s, 1, 2)', 'et'],
    ['substr(s, -5, 2)', 'be'],
    ['replace(s, "a", "$&")', 'bet$&'],
    ['concat(s, "-", n)', 'beta-12'],
    ['concat(nosuch, s)', 'beta'],
    ['coalesce(nosuch, n)', '12'],
    ['if(n > 5, "many", "few")', 'many'],
    ['unmask(s)', 'beta'],
    ['toMillis(@timestamp)', String(TEST_NOW_MS - 3 * 60_000)],
    ['fromMillis(0)', '1970-01-01 00:00:00.000'],
    ['fromMillis(1e300)', '1e+300'],
    ['bin(1h)', '2025-12-31 23:00:00.000'],
    ['bin(@timestamp, 2m)', '2025-12-31 23:56:00.000'],
    ['datefloor(@timestamp, 1d)', '2025-12-31 00:00:00.000'],
    ['dateceil(@timestamp, 1mo)', '2026-01-01 00:00:00.000'],
    ['dateceil(datefloor(@timestamp, 1y), 1y)', '2025-01-01 00:00:00.000'],
    ['datefloor(@timestamp, 1q)', '2025-10-01 00:00:00.000'],
    ['datefloor(@timestamp, 1 week)', '2025-12-25 00:00:00.000'],
    ['bin(s, 1h)', undefined],
    ['-f', '2.25'],
    ['5', '5'],
    ['"text"', 'text'],
  ])('%s is %s', async (expression, expected) => {
    const [row] = await ask(`fields ${expression} as result | filter n = 12`);
    expect(row!.result).toBe(expected);
  });
});

describe('stats', () => {
  test.each<[string, readonly Readonly<Record<string, string>>[]]>([
    ['count(*)', [{ 'count(*)': '5' }]],
    [
      'count() as all, count(flag) as flags, count_distinct(flag)',
      [{ all: '5', flags: '2', 'count_distinct(flag)': '2' }],
    ],
    [
      'sum(f), avg(f), min(f), max(f)',
      [{ 'sum(f)': '-0.75', 'avg(f)': '-0.375', 'min(f)': '-2.25', 'max(f)': '1.5' }],
    ],
    ['sum(nosuch), avg(nosuch), min(nosuch), count(nosuch)', [{ 'count(nosuch)': '0' }]],
    ['stddev(f), variance(f)', [{ 'stddev(f)': '1.875', 'variance(f)': '3.515625' }]],
    [
      'median(strlen(message)), pct(strlen(message), 100)',
      [{ 'median(strlen(message))': '25', 'pct(strlen(message),100)': '28' }],
    ],
    [
      'earliest(s), latest(message), earliest(@timestamp)',
      [
        {
          'earliest(s)': 'Alpha',
          'latest(message)': 'guarded',
          'earliest(@timestamp)': '2025-12-31 23:56:00.000',
        },
      ],
    ],
    ['sortsFirst(s), sortsLast(req.path)', [{ 'sortsFirst(s)': '', 'sortsLast(req.path)': '/b' }]],
    [
      'max(n / 2) - min(n / 2) as spread, spread * 2 as twice by flag | filter ispresent(flag)',
      [
        { flag: '1', spread: '0', twice: '0' },
        { flag: '0', spread: '0', twice: '0' },
      ].reverse(),
    ],
    ['max(f) as a, min(f) as b, abs(a - b) as c | display c', [{ c: '3.75' }]],
    [
      'count() by bin(2m)',
      [
        { 'bin(2m)': '2025-12-31 23:56:00.000', 'count()': '2' },
        { 'bin(2m)': '2025-12-31 23:58:00.000', 'count()': '2' },
        { 'bin(2m)': '2026-01-01 00:00:00.000', 'count()': '1' },
      ],
    ],
    [
      'count() as c by req.path, @level | sort c desc, @level asc | limit 2',
      [
        { 'req.path': '/b', '@level': 'ERROR', c: '1' },
        { '@level': 'AUDIT', c: '1' },
      ].reverse(),
    ],
    ['count() as c by bin(2m) as slot | stats max(c) as most, count() as slots', [{ most: '2', slots: '3' }]],
    [
      'count() as c by ispresent(flag) as has | sort by_nothing | fields c * 10 as ten',
      [
        { has: '0', c: '3', ten: '30' },
        { has: '1', c: '2', ten: '20' },
      ],
    ],
  ])('stats %s', async (query, expected) => {
    expect(await ask(`stats ${query}`)).toEqual(expected);
  });

  test('of no record is one row, and with groups none', async () => {
    expect(await ask('filter n = 404 | stats count(), sum(n)')).toEqual([{ 'count()': '0' }]);
    expect(await ask('filter n = 404 | stats count() by n')).toEqual([]);
  });
});

describe('parse', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['message "user=*, took *ms [*]" as user, ms, request', { user: 'bob', ms: '7', request: 'POST /b' }],
    ['"user=*," as user', { user: 'bob' }],
    ['message "[*" as rest', { rest: 'POST /b]' }],
    ['message "* took" as head', { head: 'user=bob,' }],
    ['message "took * in *" as a, b', {}],
    ['message /user=(?<user>\\w+), took (?<ms>\\d+)/', { user: 'bob', ms: '7' }],
    ['req.path /^\\/(\\w)(z)?/ as letter, none', { letter: 'b' }],
    ['/took (?<ms>\\d+)/', { ms: '7' }],
  ])('parse %s', async (command, expected) => {
    const { rows, columns } = await run(
      `filter n = 12 | parse ${command} | display user, ms, request, rest, head, a, b, letter, none`,
    );
    expect(columns).toHaveLength(9);
    expect(Object.fromEntries(rows[0]!.map(({ field, value }) => [field, value]))).toEqual(expected);
  });

  test('what it finds can be filtered, calculated with and counted', async () => {
    expect(
      await ask('parse message "took *ms" as ms | filter ispresent(ms) | stats sum(ms) as total'),
    ).toEqual([{ total: '19' }]);
  });
});

describe('rows and columns', () => {
  test('without fields: time and message, the newest first', async () => {
    const { columns, rows } = await run('filter n < 10');
    expect(columns).toEqual(['@timestamp', '@message']);
    expect(rows.map((row) => row[0]!.value)).toEqual(['2025-12-31 23:58:00.000', '2025-12-31 23:56:00.000']);
    expect(JSON.parse(rows[1]![1]!.value)).toMatchObject({ message: RECORDS[0]!.body, req: { path: '/a' } });
  });

  test('fields add up, display chooses anew, a column may hide a field', async () => {
    expect((await run('fields n | fields s, n')).columns).toEqual(['s', 'n']);
    expect((await run('fields n, s | display f')).columns).toEqual(['f']);
    expect(await ask('filter n = 5 | fields n + 1 as n | fields n + 1 as m')).toEqual([{ n: '6', m: '7' }]);
    expect(await ask('filter n = 5 | fields @ingestionTime, @timestamp as t')).toEqual([
      { '@ingestionTime': '2026-01-01 00:00:00.000', t: '2025-12-31 23:56:00.000' },
    ]);
  });

  test('sort: numbers before texts, absent ones last in both directions', async () => {
    const order = async (key: string) =>
      (await ask(`fields message | sort ${key}`)).map(({ message }) =>
        RECORDS.findIndex(({ body }) => body === message),
      );
    expect(await order('n asc, @timestamp asc')).toEqual([0, 2, 1, 3, 4]);
    expect(await order('n desc')).toEqual([3, 1, 2, 0, 4]);
    expect(await order('coalesce(n, s)')).toEqual([0, 2, 1, 3, 4]);
  });

  test('limit: of the query, or of the request where that is less', async () => {
    expect(await ask('limit 2')).toHaveLength(2);
    expect(await ask('limit 4', { limit: 3 })).toHaveLength(3);
    expect((await ask('sort n asc | limit 1 | fields n'))[0]!.n).toBe('5');
    expect((await ask('stats count() as c by n | sort n asc', { limit: 2 })).map(({ n }) => n)).toEqual([
      '5',
      '7',
    ]);
  });

  test('dedup keeps the first of each, and what lacks a value', async () => {
    const rows = await ask('fields flag, message | sort @timestamp asc | dedup flag');
    expect(rows).toHaveLength(5);
    expect(await ask('fields message | dedup @logStream')).toEqual([{ message: 'guarded' }]);
    expect(await ask('fields message | dedup @logStream, @level | limit 2')).toHaveLength(2);
  });

  test('groups are by level', async () => {
    expect(await ask('stats count() as c', { groups: ['app'] })).toEqual([{ c: '3' }]);
    expect(await ask('fields @log', { groups: ['audit', 'security'] })).toEqual([
      { '@log': 'security' },
      { '@log': 'audit' },
    ]);
  });

  test('comments, in both ways of writing them, and bars anywhere', async () => {
    expect(await ask('# all\n| fields n -- of one\n| filter n = 5 # and no other\n -- end')).toEqual([
      { n: '5' },
    ]);
  });

  test('statistics tell what was gone through', async () => {
    const { statistics } = await run('filter n = 5 | limit 1');
    expect(statistics).toMatchObject({ recordsMatched: 1, recordsScanned: 5 });
    expect(statistics.bytesScanned).toBeGreaterThan(500);
  });
});

describe('errors say what, and where', () => {
  test.each<[string, string, number, number]>([
    ['', 'unexpected end of the query, expected a command', 1, 1],
    ['fields', 'unexpected end of the query, expected a field, a value or a function', 1, 7],
    ['fields a b', 'unexpected "b", expected "|" or the end of the query', 1, 10],
    ['fields a\n| filtr b', '"filtr" is no command', 2, 3],
    ['pattern @message', '"pattern" is not supported on the embedded log store', 1, 1],
    ['filter a = ', 'expected a field, a value or a function', 1, 12],
    ['filter a like b', 'unexpected "b", expected a text or a /regular expression/', 1, 15],
    ['filter a like /(/', 'missing closing )', 1, 15],
    ['filter a = /x/', 'expected a field, a value or a function', 1, 12],
    ['filter a in "x"', 'expected "["', 1, 13],
    ['filter a in [b]', 'expected a text or a number', 1, 14],
    ['filter nope(a)', '"nope" is no function', 1, 8],
    ['filter abs(a, b)', 'abs takes 1 arguments, not 2', 1, 8],
    ['filter greatest()', 'greatest takes 1 to 32 arguments, not 0', 1, 8],
    ['filter sum(a) > 1', 'sum is an aggregate: it belongs into stats', 1, 8],
    ['fields bin(a)', 'bin needs a period such as 5m', 1, 8],
    ['fields datefloor(5m)', 'datefloor needs a period', 1, 8],
    ['stats a', 'stats needs an aggregate function', 1, 7],
    ['stats abs(a)', 'stats needs an aggregate function', 1, 7],
    ['stats sum()', 'sum needs a field', 1, 7],
    ['stats sum(a, b)', 'sum takes one field', 1, 7],
    ['stats sum(max(a))', 'sum cannot take another aggregate', 1, 7],
    ['stats pct(a)', 'pct needs a percentage', 1, 7],
    ['stats pct(a, 101)', 'pct needs a percentage', 1, 7],
    ['limit 0', 'a whole number from 1 to 10000', 1, 7],
    ['limit x', 'a whole number from 1 to 10000', 1, 7],
    ['dedup a | fields b', 'after dedup there can only be limit, not fields', 1, 11],
    ['parse a', 'a "pattern with *" or a /regular expression/', 1, 8],
    ['parse a "b*" as c, d', 'the pattern has 1 wildcards for 2 names', 1, 9],
    ['parse a "b"', 'the pattern has 0 wildcards for 0 names', 1, 9],
    ['parse a /(b)/', 'every group of the expression needs a name', 1, 9],
    ['parse a /b/', 'every group of the expression needs a name', 1, 9],
    ['fields a as 5', 'unexpected "5", expected a name', 1, 13],
    ['filter a = "x', 'unexpected text without its closing quote', 1, 12],
    ['fields `a', 'unexpected name without its closing `', 1, 8],
    ['fields a ? b', 'unexpected "?"', 1, 10],
    ['filter (a', 'expected ")"', 1, 10],
    [`filter ${'('.repeat(200)}a`, 'nested too deeply', 1, 109],
    [`filter ${'not '.repeat(200)}a`, 'nested too deeply', 1, 412],
  ])('%s', async (query, message, line, column) => {
    const error = await run(query).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InsightsError);
    expect((error as InsightsError).message).toContain(message);
    expect(error).toMatchObject({ line, column });
  });
});

test('who goes away ends the query', async () => {
  const context = { tenant: TEST_TENANT, signal: AbortSignal.abort(new Error('gone')) };
  const request = { query: 'stats count()', startNs: 0n, endNs: TEST_NOW_NS, limit: 1, groups: LOG_GROUPS };
  await expect(insights.run(request, context)).rejects.toThrow('gone');
});
