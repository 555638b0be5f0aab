/** The LogQL queries that the source systems print, verbatim, against what the facts say. */
import { Hono } from 'hono';
import { beforeAll, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { type DemoFact, makeDemoFacts, toPlainLogs } from '../testing/demo-logs.ts';
import { createTestLogStore, TEST_NOW_NS, TEST_TENANT } from '../testing/log-store.ts';
import { createLokiRoutes } from './loki-routes.ts';

const facts = makeDemoFacts({ count: 600, seed: 11, endNs: TEST_NOW_NS });
const app = new Hono<QueryEnv>();

beforeAll(async () => {
  const { store, clock, push } = createTestLogStore();
  const half = facts.length / 2;
  await push(...toPlainLogs(facts.slice(half)));
  await push(...toPlainLogs(facts.slice(0, half)));
  app.use(async (c, next) => {
    c.set('tenant', TEST_TENANT);
    await next();
  });
  app.route('/', createLokiRoutes(store, { clock }));
});

async function ask(
  query: string,
  limit = 5000,
): Promise<{
  resultType: string;
  result: readonly {
    stream?: Record<string, string>;
    metric?: Record<string, string>;
    values: readonly [string | number, string][];
  }[];
}> {
  const response = await app.request(`/query_range?limit=${limit}&query=${encodeURIComponent(query)}`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text).data;
}

async function times(query: string): Promise<readonly bigint[]> {
  const { result } = await ask(query);
  return result
    .flatMap(({ values }) => values.map(([time]) => BigInt(time)))
    .sort((a, b) => (a < b ? -1 : 1));
}

function timesOf(wanted: (fact: DemoFact) => boolean): readonly bigint[] {
  return facts
    .filter(wanted)
    .map(({ timeNs }) => timeNs)
    .sort((a, b) => (a < b ? -1 : 1));
}

const holdsError = ({ level, message }: DemoFact): boolean => level === 'ERROR' || message.includes('ERROR');

const QUERIES: readonly [string, (fact: DemoFact) => boolean][] = [
  ['{job="titan-core"}', ({ service }) => service === 'titan-core'],
  ['{job="titan-core"} |= "device_id=DEV-001"', ({ attributes }) => attributes.device_id === 'DEV-001'],
  ['{job="titan-core"} |= "ERROR"', (fact) => fact.service === 'titan-core' && holdsError(fact)],
  ['{job="titan-core"} |= "batch_id=BATCH-001"', ({ attributes }) => attributes.batch_id === 'BATCH-001'],
  [
    '{job="titan-core"} |= "hardware"',
    ({ service, message }) => service === 'titan-core' && message.includes('hardware'),
  ],
  ['{service="api-gateway"} |= "ERROR"', (fact) => fact.service === 'api-gateway' && holdsError(fact)],
  [
    '{service=~"api-gateway|workflow-agent"} |= "tracking_id=\\"abc123\\""',
    ({ service, trackingId }) => service !== 'titan-core' && trackingId === 'abc123',
  ],
  [
    '{service="workflow-agent"} |= "tracking_id=\\"abc123def456\\""',
    ({ service, trackingId }) => service === 'workflow-agent' && trackingId === 'abc123def456',
  ],
  [
    '{service="api-gateway"} \n  | json \n  | request_duration > 1.0',
    ({ service, attributes }) => service === 'api-gateway' && Number(attributes['request.duration']) > 1,
  ],
];

test.each(QUERIES)('%s', async (query, wanted) => {
  const expected = timesOf(wanted);
  expect(expected.length).toBeGreaterThan(3);
  expect(expected.length).toBeLessThan(facts.length);
  expect(await times(query)).toEqual(expected);
});

test('a workflow’s lines, formatted', async () => {
  const query =
    '{service="workflow-agent"} \n  | json \n  | workflow_id="wf-123" \n  | line_format "{{.timestamp}} {{.message}}"';
  const { result } = await ask(query);
  const lines = result.flatMap(({ values }) => values.map(([time, line]) => [BigInt(time), line] as const));
  const expected = facts
    .filter(({ attributes }) => attributes.workflow_id === 'wf-123')
    .map(
      ({ timeNs, message }) =>
        [timeNs, `${new Date(Number(timeNs / 1_000_000n)).toISOString()} ${message}`] as const,
    );
  const byTime = (a: readonly [bigint, string], b: readonly [bigint, string]): number =>
    a[0] < b[0] ? -1 : 1;
  expect(lines.sort(byTime)).toEqual([...expected].sort(byTime));
});

test('errors by type: the printed query is refused with its place, the corrected one counts', async () => {
  const pipeline =
    '{service="api-gateway"} \n  | json \n  | __error__="" \n  | level="ERROR" \n  | pattern `<_> error_type="<error_type>"`';
  const printed = await app.request(
    `/query_range?query=${encodeURIComponent(`${pipeline} \n  | count by (error_type)`)}`,
  );
  expect(printed.status).toBe(400);
  expect(await printed.text()).toBe(
    'parse error at line 6, col 5: syntax error: unexpected IDENTIFIER "count"',
  );

  const corrected = `sum by (error_type) (count_over_time(${pipeline} [1h]))`;
  const response = await app.request(`/query?query=${encodeURIComponent(corrected)}`);
  const { data } = (await response.json()) as {
    data: { resultType: string; result: { metric: { error_type: string }; value: [number, string] }[] };
  };
  expect(data.resultType).toBe('vector');
  const counted = Object.fromEntries(
    data.result.map(({ metric, value }) => [metric.error_type, Number(value[1])]),
  );
  const expected: Record<string, number> = {};
  for (const { service, attributes } of facts) {
    if (service !== 'api-gateway' || attributes['exception.type'] === undefined) continue;
    const type = String(attributes['exception.type']);
    expected[type] = (expected[type] ?? 0) + 1;
  }
  expect(counted).toEqual(expected);
  expect(Object.keys(counted)).toHaveLength(3);
});
