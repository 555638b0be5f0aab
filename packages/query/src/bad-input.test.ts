/**
 * What clients send when something is wrong with them, from the bytes of the request to both query
 * languages: it is stored as stated, found again, and costs none of its neighbours.
 */
import { encodeLogs, type Plain, type PlainRecord } from '@sluice/backends/testing/log-requests';
import { makePart } from '@sluice/backends/testing/telemetry-part';
import { describe, expect, test } from 'vitest';
import { createEmbeddedInsights } from './insights/embedded-insights.ts';
import { LOG_GROUPS } from './insights/log-insights-backend.ts';
import { createQueryStats, runLogQuery } from './logql/log-query.ts';
import { parseLogql } from './logql/parse-logql.ts';
import { createTestLogStore, TEST_NOW_NS, TEST_TENANT } from './testing/log-store.ts';

const { signal } = new AbortController();
const MAX_NS = 2n ** 63n - 1n;

/** The bad record between two good ones; `change` may break the bytes. */
async function setUp(bad: PlainRecord, change: (raw: Buffer) => void = () => {}) {
  const { store, clock } = createTestLogStore();
  const good = (body: string, timeNs: bigint): PlainRecord => ({ body, timeNs, severityText: 'INFO' });
  const raw = Buffer.from(
    encodeLogs([
      {
        resource: { 'service.name': 'shop' },
        records: [
          good('before', TEST_NOW_NS - 2n),
          { timeNs: TEST_NOW_NS - 1n, ...bad },
          good('after', TEST_NOW_NS),
        ],
      },
    ]),
  );
  change(raw);
  const result = await store.push(TEST_TENANT, [makePart(raw, { signal: 'logs' })], { signal });
  expect(result).toEqual({ status: 'ok' });
  const insights = createEmbeddedInsights(store, { clock });

  const lines = async (query: string): Promise<readonly string[]> => {
    const expr = parseLogql(query);
    if (expr.kind !== 'logs') throw new Error('no log query');
    const range = { startNs: 0n, endNs: MAX_NS, limit: 10, stats: createQueryStats() };
    const found = await runLogQuery(
      expr,
      { reader: store, tenant: TEST_TENANT, signal },
      { ...range, direction: 'forward' },
    );
    return found.map(({ line }) => line);
  };
  const ask = async (query: string) => {
    const { rows } = await insights.run(
      { query, startNs: 0n, endNs: MAX_NS, limit: 10, groups: LOG_GROUPS },
      { tenant: TEST_TENANT, signal },
    );
    return rows.map((row) => Object.fromEntries(row.map(({ field, value }) => [field, value])));
  };
  expect(await lines('{service="shop"} | json | message=~"before|after"')).toHaveLength(2);
  expect(await ask('filter message in ["before", "after"] | stats count() as c')).toEqual([{ c: '2' }]);
  expect(await ask('stats count() as c')).toEqual([{ c: '3' }]);
  return { lines, ask };
}

const BAD = '{service="shop"} | json | message!~"before|after"';

test('text that is no UTF-8: the broken bytes are U+FFFD, the rest is as it was', async () => {
  const { lines, ask } = await setUp({ body: 'good ?? text', attributes: { ok: 'yes' } }, (raw) => {
    const at = raw.indexOf('??');
    raw.writeUInt8(0xff, at);
    raw.writeUInt8(0xc0, at + 1);
  });
  expect(await lines('{service="shop"} |= "good \uFFFD\uFFFD text"')).toHaveLength(1);
  expect(await ask('fields message | filter ok = "yes"')).toEqual([{ message: 'good \uFFFD\uFFFD text' }]);
});

test('a line of 10 MB: its beginning and its fields are kept, and it says that it was cut', async () => {
  const { lines, ask } = await setUp({
    body: `start ${'x'.repeat(10_000_000)} end`,
    attributes: { ok: 'yes' },
  });
  const [line] = await lines(BAD);
  expect(line!.length).toBeLessThanOrEqual(262_144);
  const [row] = await ask(
    'fields strlen(message) as length, truncated | filter ok = "yes" and message like /^start x/',
  );
  expect(row!.truncated).toBe('1');
  expect(Number(row!.length)).toBeGreaterThan(100_000);
});

test('10,000 attributes: the first are fields, the others are in one text, and can be searched', async () => {
  const { lines, ask } = await setUp({
    body: 'many',
    attributes: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, `value${i}`])),
  });
  expect(await ask('fields key7 | filter key7 = "value7"')).toEqual([{ key7: 'value7' }]);
  expect(await ask('fields message | filter overflow like "value500"')).toEqual([{ message: 'many' }]);
  expect(await lines(`${BAD} | key7="value7"`)).toHaveLength(1);
});

describe('nesting 1,000 deep', () => {
  test('in attributes ends at 16 levels, with a mark', async () => {
    let deep: Plain = 'bottom';
    for (let i = 0; i < 1000; i++) deep = { a: deep };
    const { lines, ask } = await setUp({ body: 'deep', attributes: { deep, ok: 'yes' } });
    expect(await lines(`${BAD} |= "nested deeper than 16 levels" | ok="yes"`)).toHaveLength(1);
    expect(await ask('fields message | filter ok = "yes" and ispresent(deep.a.a)')).toEqual([
      { message: 'deep' },
    ]);
  });

  test('in a JSON body stays text', async () => {
    const body = `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`;
    const { lines, ask } = await setUp({ body });
    expect(await lines(BAD)).toHaveLength(1);
    expect(await ask('fields strlen(message) as n | filter message not in ["before", "after"]')).toEqual([
      { n: String(body.length) },
    ]);
  });
});

describe('a clock that is wrong', () => {
  test.each([
    [1n, '1970-01-01 00:00:00.000'],
    [4_102_444_800_123_000_000n, '2100-01-01 00:00:00.123'],
  ])('at %s: the time is kept, and the line found by it', async (timeNs, shown) => {
    const { lines, ask } = await setUp({ body: 'wrong', timeNs });
    expect(await lines('{service="shop"} |= "wrong"')).toHaveLength(1);
    expect(await ask('fields @timestamp, bin(1d) as day | filter message = "wrong"')).toEqual([
      { '@timestamp': shown, day: `${shown.slice(0, 10)} 00:00:00.000` },
    ]);
  });

  test('beyond what can be stored counts as the last time that can', async () => {
    const { ask } = await setUp({ body: 'wrong', timeNs: 2n ** 64n - 1n });
    expect(await ask('fields @timestamp | filter message = "wrong"')).toEqual([
      { '@timestamp': '2262-04-11 23:47:16.854' },
    ]);
  });
});

test('control characters and line feeds stay inside of their line', async () => {
  const body = 'a\u0000b\u001b[31mc\r\nd\u007f\u2028e\u009b';
  const { lines, ask } = await setUp({ body, attributes: { 'x\ny': '\u0007' } });
  const [line] = await lines(BAD);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(line).not.toMatch(/[\u0000-\u001f]/);
  expect(await ask('fields message, strlen(message) as n | filter message like "\u001b[31m"')).toEqual([
    { message: body, n: String([...body].length) },
  ]);
  expect(await lines('{service="shop"} | json | message=~"(?s).*d.*" | message!="before"')).toHaveLength(1);
});
