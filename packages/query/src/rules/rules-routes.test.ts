import { parseTenantId } from '@sluice/core/ids';
import { loadRules } from '@sluice/rules/load-rules';
import { DEFAULT_RULES_SETTINGS } from '@sluice/rules/rules-settings';
import { createRuleWorld, WORLD_START_MS } from '@sluice/rules/testing/rule-world';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { formatScientific } from './render-rules.ts';
import { createRulesRoutes } from './rules-routes.ts';

const SOURCE = `
groups:
  - name: api
    interval: 30s
    limit: 5
    labels: { team: web }
    rules:
      - { record: 'job:x:sum', expr: 'sum by(job) (x)' }
      - alert: High
        expr: x > 1
        for: 1m
        keep_firing_for: 5m
        labels: { severity: page, who: "{{ $labels.job }}" }
        annotations: { summary: s }
      - { alert: Broken, expr: 'x * on (job) group_left y', labels: { severity: info } }
  - name: empty
    rules: []
  - name: other
    rules: [{ alert: Never, expr: x > 100 }]
`;

async function server() {
  const world = createRuleWorld(SOURCE);
  const step = async (seconds: number, value: number): Promise<void> => {
    world.clock.set(WORLD_START_MS + seconds * 1_000);
    world.write('x{job="a"}', value);
    world.write('y{job="a",i="1"}', 1);
    world.write('y{job="a",i="2"}', 1);
    await world.tick();
  };
  const { files } = loadRules([{ file: 'rules/test.yml', source: SOURCE }]);
  let tenant = 'default';
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId(tenant));
    return next();
  });
  const rules = { files: files!, settings: DEFAULT_RULES_SETTINGS };
  app.route('/api/v1', createRulesRoutes({ rules: () => rules, table: world.table }));
  return {
    step,
    as: (name: string) => {
      tenant = name;
    },
    async get(path: string) {
      const response = await app.request(`/api/v1/${path}`);
      // biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested
      return { status: response.status, body: JSON.parse(await response.text()) as any };
    },
  };
}

test('rules are shown with their state, as Prometheus 3 shows them', async () => {
  const { step, get } = await server();
  await step(0, 5);
  await step(60, 5);
  const { body } = await get('rules?rule_group[]=api');
  expect(body).toEqual({
    status: 'success',
    data: {
      groups: [
        {
          name: 'api',
          file: 'rules/test.yml',
          interval: 30,
          limit: 5,
          evaluationTime: 0,
          lastEvaluation: '2026-01-01T00:01:00Z',
          rules: [
            {
              type: 'recording',
              name: 'job:x:sum',
              query: 'sum by (job) (x)',
              labels: { team: 'web' },
              health: 'ok',
              evaluationTime: 0,
              lastEvaluation: '2026-01-01T00:01:00Z',
            },
            {
              type: 'alerting',
              state: 'firing',
              name: 'High',
              query: 'x > 1',
              duration: 60,
              keepFiringFor: 300,
              labels: { severity: 'page', team: 'web', who: '{{ $labels.job }}' },
              annotations: { summary: 's' },
              alerts: [
                {
                  labels: { alertname: 'High', job: 'a', severity: 'page', team: 'web', who: 'a' },
                  annotations: { summary: 's' },
                  state: 'firing',
                  activeAt: '2026-01-01T00:00:00Z',
                  value: '5e+00',
                },
              ],
              health: 'ok',
              evaluationTime: 0,
              lastEvaluation: '2026-01-01T00:01:00Z',
            },
            expect.objectContaining({
              name: 'Broken',
              state: 'inactive',
              health: 'err',
              lastError: expect.stringContaining('many-to-many matching not allowed'),
            }),
          ],
        },
      ],
    },
  });
});

test('alerts that are pending or firing, and since when only keep_firing_for holds them', async () => {
  const { step, get, as } = await server();
  await step(0, 5);
  expect((await get('alerts')).body.data.alerts).toMatchObject([
    { state: 'pending', labels: { alertname: 'High' } },
  ]);
  await step(60, 5);
  await step(90, 0);
  expect((await get('alerts')).body.data.alerts).toMatchObject([
    { state: 'firing', keepFiringSince: '2026-01-01T00:01:30Z', value: '5e+00' },
  ]);
  await step(600, 0);
  expect((await get('alerts')).body.data).toEqual({ alerts: [] });
  as('somebody');
  expect((await get('alerts')).body.data).toEqual({ alerts: [] });
  expect((await get('rules')).body.data).toEqual({ groups: [] });
});

test('before the first evaluation nothing is known', async () => {
  const { get } = await server();
  const { groups } = (await get('rules')).body.data;
  expect(groups.map(({ name }: { name: string }) => name)).toEqual(['api', 'empty', 'other']);
  expect(groups[2]).toMatchObject({
    interval: 60,
    lastEvaluation: '0001-01-01T00:00:00Z',
    rules: [{ state: 'unknown', health: 'unknown', lastEvaluation: '0001-01-01T00:00:00Z' }],
  });
});

test.each([
  ['type=alert', ['High', 'Broken', 'Never']],
  ['type=record', ['job:x:sum']],
  ['rule_name[]=High&rule_name[]=Never', ['High', 'Never']],
  ['file[]=rules/test.yml&rule_group[]=other', ['Never']],
  ['file[]=elsewhere.yml', []],
  ['match[]={severity="page"}', ['High']],
  ['match[]={severity="page"}&match[]={severity="info"}', ['High', 'Broken']],
  // A label with a template in it is not known before an alert is.
  ['match[]={who=~".%2B"}', []],
  ['match[]={team="web",severity=""}', ['job:x:sum']],
])('rules?%s', async (query, expected) => {
  const { get } = await server();
  const { status, body } = await get(`rules?${query}`);
  expect(status).toBe(200);
  expect(
    body.data.groups.flatMap((group: { rules: { name: string }[] }) => group.rules.map(({ name }) => name)),
  ).toEqual(expected);
});

test('alerts may be left out', async () => {
  const { step, get } = await server();
  await step(0, 5);
  const { body } = await get('rules?exclude_alerts=true&rule_name[]=High');
  expect(body.data.groups[0].rules[0]).toMatchObject({ state: 'pending', alerts: [] });
});

test('groups come in pages', async () => {
  const { get } = await server();
  const first = (await get('rules?group_limit=2')).body.data;
  expect(first.groups.map(({ name }: { name: string }) => name)).toEqual(['api', 'empty']);
  const second = (await get(`rules?group_limit=2&group_next_token=${first.groupNextToken}`)).body.data;
  expect(second).toMatchObject({ groups: [{ name: 'other' }] });
  expect(second).not.toHaveProperty('groupNextToken');
});

test.each([
  ['type=both', 'not supported value "both"'],
  ['exclude_alerts=maybe', 'invalid parameter "exclude_alerts"'],
  ['match[]={', 'parse error'],
  ['group_limit=0', 'group_limit needs to be a valid number'],
  ['group_next_token=x', 'group_limit needs to be present'],
  ['group_limit=1&group_next_token=x', "invalid group_next_token 'x'"],
])('a request for %s is refused', async (query, message) => {
  const { get } = await server();
  const { status, body } = await get(`rules?${query}`);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    status: 'error',
    errorType: 'bad_data',
    error: expect.stringContaining(message),
  });
});

test.each([
  [0, '0e+00'],
  [0.4083, '4.083e-01'],
  [1e123, '1e+123'],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('%d is written as %s', (value, text) => {
  expect(formatScientific(value)).toBe(text);
});
