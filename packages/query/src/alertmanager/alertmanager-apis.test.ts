import { loadAlertingSetup } from '@sluice/alerting/config/alerting-setup';
import { openAlertingState } from '@sluice/alerting/notify/alerting-state';
import { runRouteTick } from '@sluice/alerting/notify/route-tick';
import { parseTenantId } from '@sluice/core/ids';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { SCOPE } from '@sluice/platform/keys/api-key';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { Hono } from 'hono';
import { beforeEach, describe, expect, test } from 'vitest';
import type { QueryEnv } from '../query-env.ts';
import { alertmanagerScopeOf, createAlertmanagerApis } from './alertmanager-apis.ts';

const START_MS = Date.UTC(2026, 0, 1);
const CONFIG = `
route:
  receiver: default
  group_by: [alertname]
  routes:
  - matchers: [severity="critical"]
    receiver: pager
    continue: true
  - matchers: [team="db"]
    receiver: db
receivers:
- name: default
  webhook_configs: [{url: "http://hooks.test/t0p-secret"}]
- name: pager
  pagerduty_configs: [{routing_key: s3cret-key}]
- name: db
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [service]
`;

function makeApi(source: string | undefined = CONFIG) {
  const clock = createFakeClock(START_MS);
  const database = createMemoryDatabase();
  const table = createEmbeddedTable({ database, name: 'alerting', clock });
  const queue = createEmbeddedQueue({ database, name: 'notifications', clock, maxReceiveCount: 5 });
  const stateOf = (tenant: string) => openAlertingState(table, tenant);
  const { setup } =
    source === ''
      ? { setup: undefined }
      : loadAlertingSetup(
          source,
          { read: () => undefined, glob: () => [] },
          { references: { env: {}, secrets: new Map() }, fetch, random: () => 0 },
        );
  const selfMetrics = createSelfMetrics();
  const deps = { stateOf, setup: () => setup, problems: () => [], clock, startedAtMs: START_MS, selfMetrics };
  const app = new Hono<QueryEnv>();
  app.use((c, next) => {
    c.set('tenant', parseTenantId(c.req.header('x-tenant') ?? 'acme'));
    return next();
  });
  for (const { path, routes } of createAlertmanagerApis(deps)) app.route(path, routes);
  const call = async (method: string, path: string, body?: unknown, headers = {}) => {
    const response = await app.request(path.startsWith('/api') ? path : `/alertmanager/api/v2${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  return {
    clock,
    app,
    call,
    selfMetrics,
    get: (path: string) => call('GET', path).then(({ body }) => body),
    tick: () => runRouteTick({ state: stateOf('acme'), config: setup!.config, queue, nowMs: clock.nowMs() }),
  };
}

type Api = ReturnType<typeof makeApi>;
let api: Api;
beforeEach(() => {
  api = makeApi();
});

const ALERTS = [
  { alertname: 'A', severity: 'critical', service: 'x' },
  { alertname: 'B', severity: 'warning', service: 'x' },
  { alertname: 'C', severity: 'info', team: 'db' },
];
const post = (labels = ALERTS as readonly object[]) =>
  api.call(
    'POST',
    '/alerts',
    labels.map((set) => ({ labels: set })),
  );
const names = (body: unknown) =>
  (body as { labels: { alertname: string } }[]).map(({ labels }) => labels.alertname).sort();
const SILENCE = {
  matchers: [{ name: 'alertname', value: 'A', isRegex: false, isEqual: true }],
  startsAt: new Date(START_MS).toISOString(),
  endsAt: new Date(START_MS + 3_600_000).toISOString(),
  createdBy: 'me',
  comment: 'why',
};

describe('alerts', () => {
  test('are shown as Alertmanager shows them', async () => {
    const sent = {
      labels: { alertname: 'A', empty: '', severity: 'critical', service: 'x' },
      annotations: { summary: 's' },
      startsAt: '2025-12-31T23:59:00.5Z',
      generatorURL: 'http://prometheus.test/graph',
    };
    expect(await api.call('POST', '/alerts', [sent])).toEqual({ status: 200, body: undefined });
    expect(await api.get('/alerts')).toEqual([
      {
        annotations: { summary: 's' },
        endsAt: '2026-01-01T00:05:00.000Z',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        receivers: [{ name: 'pager' }],
        startsAt: '2025-12-31T23:59:00.500Z',
        status: { inhibitedBy: [], silencedBy: [], mutedBy: [], state: 'active' },
        updatedAt: '2026-01-01T00:00:00.000Z',
        generatorURL: 'http://prometheus.test/graph',
        labels: { alertname: 'A', severity: 'critical', service: 'x' },
      },
    ]);
  });

  test.each([
    ['', ['A', 'B', 'C']],
    ['?filter=severity%3D~"critical|info"', ['A', 'C']],
    ['?filter=severity!%3D"info"&filter=service%3D"x"', ['A', 'B']],
    ['?filter=team%3D""', ['A', 'B']],
    ['?filter=team!%3D""', ['C']],
    ['?active=false', ['B']],
    ['?inhibited=false', ['A', 'C']],
    ['?receiver=db|pager', ['A', 'C']],
    ['?receiver=d', []],
    ['?unprocessed=false', ['A', 'B', 'C']],
  ])('are selected by %s', async (query, expected) => {
    await post();
    expect(names(await api.get(`/alerts${query}`))).toEqual(expected);
  });

  test('that are inhibited or silenced say by what', async () => {
    await post();
    const { silenceID } = (await api.call('POST', '/silences', SILENCE)).body as { silenceID: string };
    const shown = (await api.get('/alerts')) as {
      labels: { alertname: string };
      status: object;
      fingerprint: string;
    }[];
    const of = (name: string) => shown.find(({ labels }) => labels.alertname === name)!;
    expect(of('A').status).toMatchObject({ state: 'suppressed', silencedBy: [silenceID], inhibitedBy: [] });
    expect(of('B').status).toMatchObject({ state: 'suppressed', inhibitedBy: [of('A').fingerprint] });
    expect(names(await api.get('/alerts?silenced=false'))).toEqual(['B', 'C']);
  });

  test('that have resolved are not shown, and neither are those of another tenant', async () => {
    await post();
    const over = { labels: ALERTS[0], endsAt: new Date(START_MS).toISOString() };
    await api.call('POST', '/alerts', [over]);
    await api.call('POST', '/alerts', [{ labels: { alertname: 'X' } }], { 'x-tenant': 'other' });
    expect(names(await api.get('/alerts'))).toEqual(['B', 'C']);
  });

  test.each([
    ['{"', 400, { code: 400, message: expect.stringContaining('parsing alerts body') }],
    ['{}', 400, { code: 400, message: expect.stringContaining('no JSON array') }],
    [[{}], 422, { code: 602, message: '0.labels in body is required' }],
    [[{ labels: { a: 1 } }], 400, { code: 400, message: expect.stringContaining('0.labels.a') }],
    [[{ labels: {} }], 400, 'at least one label pair required'],
    [[{ labels: { a: '' } }], 400, 'at least one label pair required'],
    [
      [{ labels: { a: 'b' }, startsAt: 'noon' }],
      400,
      { code: 400, message: 'parsing 0.startsAt failed, because "noon" is no RFC 3339 time' },
    ],
    [
      [{ labels: { a: 'b' }, startsAt: '2026-01-01T00:00:00Z', endsAt: '2025-01-01T00:00:00Z' }],
      400,
      'start time must be before end time',
    ],
  ])('the body %j is answered %i %j', async (body, status, answer) => {
    expect(await api.call('POST', '/alerts', body)).toEqual({ status, body: answer });
  });

  test('beside a faulty one are kept all the same, and counted', async () => {
    expect((await post([{}, { alertname: 'A' }])).status).toBe(400);
    expect(names(await api.get('/alerts'))).toEqual(['A']);
    const metrics = await api.selfMetrics.render();
    expect(metrics).toContain('sluice_alerting_alerts_received_total 1');
    expect(metrics).toContain('sluice_alerting_alerts_invalid_total 1');
  });

  test.each([
    ['?filter=nonsense', 400],
    ['?receiver=(', 400],
  ])('%s is answered %i with a text', async (query, status) => {
    const answer = await api.call('GET', `/alerts${query}`);
    expect([answer.status, typeof answer.body]).toEqual([status, 'string']);
  });
});

describe('groups', () => {
  test('are in the order of their labels, with the receivers of each alert', async () => {
    await post([...ALERTS, { alertname: 'A', severity: 'critical', team: 'db' }]);
    const groups = (await api.get('/alerts/groups')) as {
      labels: object;
      receiver: object;
      alerts: { receivers: object[] }[];
    }[];
    expect(
      groups.map(({ labels, receiver, alerts }) => [
        labels,
        receiver,
        alerts.map(({ receivers }) => receivers),
      ]),
    ).toEqual([
      [{ alertname: 'A' }, { name: 'db' }, [[{ name: 'db' }, { name: 'pager' }]]],
      [{ alertname: 'A' }, { name: 'pager' }, [[{ name: 'db' }, { name: 'pager' }], [{ name: 'pager' }]]],
      [{ alertname: 'B' }, { name: 'default' }, [[{ name: 'default' }]]],
      [{ alertname: 'C' }, { name: 'db' }, [[{ name: 'db' }]]],
    ]);
    expect(await api.get('/alerts/groups?receiver=nobody')).toEqual([]);
    expect(await api.get('/alerts/groups?filter=alertname%3D"B"')).toEqual([
      expect.objectContaining({ labels: { alertname: 'B' } }),
    ]);
  });

  test('say why they were told, or were not', async () => {
    await post();
    await api.clock.advance(60_000);
    await api.tick();
    const groups = (await api.get('/groups')) as { id: string; labels: { alertname: string } }[];
    const traceOf = (name: string) =>
      api.get(`/groups/${groups.find(({ labels }) => labels.alertname === name)!.id}/trace`);
    expect(await traceOf('A')).toMatchObject({
      groupKey: '{}/{severity="critical"}:{alertname="A"}',
      receiver: { name: 'pager' },
      hasFlushed: true,
      lastFlush: ['pager/pagerduty[0]: notified: first notification'],
      alerts: [{ state: 'firing', counts: true, silencedBy: [], inhibitedBy: [] }],
      integrations: [
        { name: 'pager/pagerduty[0]', sequence: 1, isUnderWay: true, decision: { notify: true } },
      ],
    });
    expect(await traceOf('B')).toMatchObject({
      lastFlush: [expect.stringMatching(/^[0-9a-f]{16}: inhibited by [0-9a-f]{16}$/)],
      integrations: [{ decision: { notify: false, reason: 'every alert is muted' } }],
    });
    expect((await api.call('GET', '/groups/none/trace')).status).toBe(404);
  });

  test('and alerts are acknowledged until they have resolved', async () => {
    await post();
    const [group] = ((await api.get('/groups')) as { id: string; labels: { alertname: string } }[]).filter(
      ({ labels }) => labels.alertname === 'A',
    );
    const ack = await api.call('POST', `/groups/${group!.id}/ack`, { createdBy: 'me', duration: '2h' });
    expect(ack).toEqual({ status: 200, body: { silenceID: expect.any(String) } });
    const alerts = (await api.get('/alerts')) as { fingerprint: string; labels: { alertname: string } }[];
    const { fingerprint } = alerts.find(({ labels }) => labels.alertname === 'C')!;
    await api.call('POST', `/alerts/${fingerprint}/ack`, { createdBy: 'me', comment: 'on it' });
    expect(names(await api.get('/alerts?silenced=false'))).toEqual(['B']);
    const silences = (await api.get('/silences')) as {
      comment: string;
      endsAt: string;
      matchers: { name: string }[];
    }[];
    expect(
      silences.map(({ comment, endsAt, matchers }) => [comment, endsAt, matchers.map(({ name }) => name)]),
    ).toEqual([
      ['acknowledged', '2026-01-01T02:00:00.000Z', ['severity', 'alertname']],
      ['on it', '2026-01-02T00:00:00.000Z', expect.arrayContaining(['alertname', 'severity', 'team'])],
    ]);
    // What covers nothing any more ends by itself.
    await api.call('POST', '/alerts', [{ labels: ALERTS[0], endsAt: new Date(START_MS).toISOString() }]);
    await api.clock.advance(1_000);
    await api.tick();
    const after = (await api.get('/silences')) as { status: { state: string }; comment: string }[];
    expect(after.map(({ comment, status }) => [comment, status.state])).toEqual([
      ['on it', 'active'],
      ['acknowledged', 'expired'],
    ]);
  });

  test.each([
    [{}, 422],
    [{ createdBy: 'me', duration: 'long' }, 400],
    ['[', 400],
  ])('an acknowledgement of %j is answered %i', async (body, status) => {
    await post();
    const [{ id } = { id: '' }] = (await api.get('/groups')) as { id: string }[];
    expect((await api.call('POST', `/groups/${id}/ack`, body)).status).toBe(status);
    expect((await api.call('POST', '/alerts/0000000000000000/ack', body)).status).toBe(404);
  });
});

describe('silences', () => {
  const make = async (changes = {}) =>
    ((await api.call('POST', '/silences', { ...SILENCE, ...changes })).body as { silenceID: string })
      .silenceID;

  test('are made, shown, changed and ended', async () => {
    const id = await make();
    expect(await api.get(`/silence/${id}`)).toEqual({
      id,
      status: { state: 'active' },
      updatedAt: '2026-01-01T00:00:00.000Z',
      comment: 'why',
      createdBy: 'me',
      endsAt: '2026-01-01T01:00:00.000Z',
      matchers: SILENCE.matchers,
      startsAt: '2026-01-01T00:00:00.000Z',
    });
    // A longer one of the same matchers keeps the id, one of others gets a new one and the old one ends.
    const endsAt = new Date(START_MS + 7_200_000).toISOString();
    expect(await make({ id, endsAt })).toBe(id);
    const other = await make({ id, matchers: [{ ...SILENCE.matchers[0], value: 'B' }] });
    expect(other).not.toBe(id);
    expect(await api.get(`/silence/${id}`)).toMatchObject({ status: { state: 'expired' } });
    expect((await api.call('DELETE', `/silence/${other}`)).status).toBe(200);
    expect(await api.get(`/silence/${other}`)).toMatchObject({ status: { state: 'expired' } });
    expect(await api.call('DELETE', `/silence/${other}`)).toEqual({
      status: 500,
      body: `silence ${other} already expired`,
    });
  });

  test('are listed active ones first, then pending, then expired ones', async () => {
    const at = (minutes: number): string => new Date(START_MS + minutes * 60_000).toISOString();
    const late = await make({ startsAt: at(30), endsAt: at(90) });
    const soon = await make({ startsAt: at(10), endsAt: at(99) });
    const long = await make({ endsAt: at(80) });
    const short = await make({ endsAt: at(20) });
    const over = await make({ endsAt: at(25), matchers: [{ name: 'x', value: 'y', isRegex: false }] });
    await api.call('DELETE', `/silence/${over}`);
    const listed = (await api.get('/silences')) as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual([short, long, soon, late, over]);
    expect(await api.get('/silences?filter=x%3D"y"')).toMatchObject([{ id: over }]);
    expect(await api.get('/silences?filter=alertname%3D"none"')).toEqual([]);
  });

  test.each([
    [{ matchers: undefined }, 422, { code: 602, message: 'matchers in body is required' }],
    [{ createdBy: undefined }, 422, { code: 602, message: 'createdBy in body is required' }],
    [{ startsAt: undefined }, 422, { code: 602, message: 'startsAt in body is required' }],
    [
      { matchers: [{ name: 'a', value: 'b' }] },
      422,
      { code: 602, message: 'matchers.0.isRegex in body is required' },
    ],
    [{ matchers: [{ name: 'a', value: 'b', isRegex: 'no' }] }, 400, expect.objectContaining({ code: 400 })],
    [{ matchers: [] }, 400, 'silence invalid: at least one matcher required'],
    [
      { matchers: [{ name: 'a', value: '.*', isRegex: true }] },
      400,
      'silence invalid: at least one matcher must not match the empty string',
    ],
    [
      { matchers: [{ name: 'a', value: '(', isRegex: true }] },
      400,
      expect.stringContaining('silence invalid: bad regular'),
    ],
    [{ endsAt: '2025-12-31T00:00:00Z' }, 400, 'Failed to create silence: start time must be before end time'],
    [
      { startsAt: '2025-12-30T00:00:00Z', endsAt: '2025-12-31T00:00:00Z' },
      400,
      "Failed to create silence: end time can't be in the past",
    ],
    [{ id: '00000000-0000-4000-8000-000000000000' }, 404, 'silence not found'],
  ])('with %j are answered %i %j', async (changes, status, body) => {
    expect(await api.call('POST', '/silences', { ...SILENCE, ...changes })).toEqual({ status, body });
  });

  test('that are not there are answered 404, and ids that are none 422', async () => {
    const none = '00000000-0000-4000-8000-000000000000';
    for (const method of ['GET', 'DELETE']) {
      expect((await api.call(method, `/silence/${none}`)).status).toBe(404);
      expect(await api.call(method, '/silence/x')).toMatchObject({ status: 422, body: { code: 601 } });
    }
  });
});

test('the status shows the configuration without its secrets, as one that can be read again', async () => {
  const { config, uptime, cluster } = (await api.get('/status')) as {
    config: { original: string };
    uptime: string;
    cluster: object;
  };
  expect(uptime).toBe('2026-01-01T00:00:00.000Z');
  expect(cluster).toMatchObject({ status: 'disabled' });
  expect(config.original).not.toMatch(/t0p-secret|s3cret-key/);
  expect(makeApi(config.original).app).toBeDefined();
  expect(await api.get('/receivers')).toEqual([{ name: 'default' }, { name: 'pager' }, { name: 'db' }]);
});

test('without a configuration alerts are kept and shown, and nobody is told', async () => {
  api = makeApi('');
  await post();
  expect(await api.get('/alerts')).toMatchObject([{ receivers: [] }, { receivers: [] }, { receivers: [] }]);
  expect(await api.get('/receivers')).toEqual([]);
  expect(await api.get('/status')).toMatchObject({ config: { original: '' } });
  expect(await api.get('/alerts/groups')).toMatchObject([{ receiver: { name: '' } }]);
});

describe('version 1', () => {
  test.each(['/api/v1/alerts', '/alertmanager/api/v1/alerts'])('takes alerts at %s', async (path) => {
    const send = (body: unknown) => api.app.request(path, { method: 'POST', body: JSON.stringify(body) });
    const taken = await send([{ labels: { alertname: 'Custom' } }]);
    expect([taken.status, await taken.json()]).toEqual([200, { status: 'success' }]);
    const refused = await send([{ labels: {} }]);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { status: 'error', errorType: 'bad_data', error: 'at least one label pair required' },
    ]);
    expect(names(await api.get('/alerts'))).toEqual(['Custom']);
  });

  test('lists alerts in its envelope', async () => {
    await post();
    const answer = await api.app.request('/alertmanager/api/v1/alerts?filter=team%3D"db"');
    expect(await answer.json()).toMatchObject({
      status: 'success',
      data: [{ labels: { alertname: 'C' }, receivers: ['db'] }],
    });
    const refused = await api.app.request('/alertmanager/api/v1/alerts?filter=%7B');
    expect(refused.status).toBe(400);
  });

  test('does not answer for what Prometheus serves at the same path', async () => {
    expect((await api.app.request('/api/v1/alerts')).status).toBe(404);
  });
});

test.each([
  ['GET', SCOPE.queryRead],
  ['HEAD', SCOPE.queryRead],
  ['POST', SCOPE.alertsWrite],
  ['DELETE', SCOPE.alertsWrite],
])('%s takes a key with %s', (method, scope) => {
  expect(alertmanagerScopeOf({ method })).toBe(scope);
});

test('says that it lives', async () => {
  for (const path of ['/-/healthy', '/-/ready'])
    expect((await api.app.request(`/alertmanager${path}`)).status).toBe(200);
});
