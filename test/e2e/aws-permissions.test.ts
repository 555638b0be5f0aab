/**
 * The least privilege, proved: AWS as the functions see it refuses whatever their roles do not allow, every function
 * is led through all that it ever does, faults and years included, and what was used then is what is granted.
 * `npm run test:e2e -- aws-permissions -u` writes down what was used, which `npm run test:infra` holds `infra/` to.
 */
import { createHash } from 'node:crypto';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ALIVE_SECRET,
  type AlertingConfig,
  HOOK_HOST,
  HOOK_SECRET,
  type Hook,
  startHook,
  writeAlertingConfig,
} from '../aws/alerting-config.ts';
import { DOORS } from '../aws/bundle-door.ts';
import { type Cloud, deployed, STAGE, startCloud } from '../aws/cloud.ts';
import { counter, gauge, logsRequest, metricsRequest, type Point } from '../aws/otlp-json.ts';
import { listCallsByAws, mergeWords, wordsOfAws, wordsOfCalls, wordsOfRoles } from '../aws/permissions.ts';
import { NEEDED_FILE } from '../infra/rule-context.ts';
import { eventually, postOtlp } from './pipeline-client.ts';

const TENANT = 'acme';
const TOKEN = 'token-of-the-hook';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const scheduled = deployed('aws:scheduler/schedule').map(
  ({ inputs }) => (inputs.target as { readonly arn: string }).arn.split(`sluice-${STAGE}-`)[1]!,
);

let cloud: Cloud;
let hook: Hook;
let config: AlertingConfig;
let aheadMs = 0;
const nowMs = (): number => Date.now() + aheadMs;

beforeAll(async () => {
  config = writeAlertingConfig(TENANT);
  hook = await startHook();
  cloud = await startCloud({
    configDir: config.dir,
    parameters: { [`config/${HOOK_SECRET}`]: TOKEN, [`config/${ALIVE_SECRET}`]: 'alive-7f3a' },
    hosts: { [HOOK_HOST]: hook.port },
    // Every one of them: what functions send of themselves is part of what they use.
    selfTraces: 1,
  });
}, 120_000);
afterAll(async () => {
  await hook.close();
  config.remove();
  await cloud.close();
});

interface AskOptions {
  readonly body?: unknown;
  readonly secret?: string;
  readonly base?: string;
}
async function ask(method: string, path: string, options: AskOptions = {}) {
  const { body, secret = cloud.secret, base = cloud.queryUrl } = options;
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}
/** The answer as JSON. @throws unless it is a 2xx */
async function get<T>(path: string, options: AskOptions & { readonly method?: string } = {}): Promise<T> {
  const { status, text } = await ask(options.method ?? 'GET', path, options);
  if (status >= 300) throw new Error(`${path}: ${status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
const ingest = (path: string, body: unknown): Promise<unknown> =>
  get(path, { method: 'POST', body, base: cloud.ingestUrl });

const hasCalled = (name: string, called: string, resource: string): boolean =>
  cloud.aws.calls.some(
    ({ caller, action, arn }) => caller === name && action === called && arn.endsWith(resource),
  );
const untilCalled = (name: string, action: string, resource: string): Promise<true> =>
  eventually(`${name} to call ${action} on ${resource}`, async () =>
    hasCalled(name, action, resource) ? true : undefined,
  );
/** A minute passes, and what every minute does is done. */
async function passMinute(): Promise<void> {
  await tick();
  await eventually('the tick', () => isEmpty('reduce'));
  await cloud.schedule('evaluate');
}
async function tick(): Promise<void> {
  aheadMs += MINUTE_MS;
  cloud.setClock(aheadMs);
  expect(await cloud.schedule('tick')).toBe('done');
}

/** Until they are collected. */
async function sendMetrics(...metrics: readonly object[]): Promise<void> {
  await ingest('/v1/metrics', metricsRequest(...metrics));
  await eventually('the points', () => isEmpty('metrics'));
}
async function isEmpty(queue: string): Promise<true | undefined> {
  const { Attributes = {} } = await cloud.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: cloud.queueUrl(queue), AttributeNames: ['All'] }),
  );
  const counts = [Attributes.ApproximateNumberOfMessages, Attributes.ApproximateNumberOfMessagesNotVisible];
  return counts.every((count) => count === '0') ? true : undefined;
}
async function post(signal: 'traces' | 'logs', bytes: Uint8Array): Promise<void> {
  const headers = { authorization: `Bearer ${cloud.secret}` };
  expect(await postOtlp(cloud.ingestUrl, signal, bytes, headers)).toBe(200);
}
const sendTraces = (spans: number, seed: number): Promise<void> =>
  post('traces', makeTraceRequest({ spans, seed, nowMs: Date.now() }));
const sendLogs = (seed: number): Promise<void> =>
  post('logs', makeLogRequest({ records: 5, seed, nowMs: Date.now() }));

test('a call that no statement of the role allows is refused, as AWS does', async () => {
  const put = async (caller: string, table: string): Promise<unknown> => {
    const client = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: cloud.aws.url,
      credentials: { accessKeyId: caller, secretAccessKey: 'test' },
    });
    const Item = { pk: { S: 'a' }, sk: { S: 'b' } };
    try {
      return await client.send(new PutItemCommand({ TableName: `sluice-${STAGE}-${table}`, Item }));
    } finally {
      client.destroy();
    }
  };
  await expect(put('ingest', 'metrics')).rejects.toThrow(/not authorized to perform: dynamodb:PutItem/);
  await expect(put('nobody', 'keys')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const refused = cloud.aws.denied.splice(0);
  expect(refused.map(({ caller }) => caller)).toEqual(['ingest', 'nobody']);
  // They are no calls of the program.
  for (const call of refused) cloud.aws.calls.splice(cloud.aws.calls.indexOf(call), 1);
});

test('before anything was sent, everything that is scheduled runs', async () => {
  // The first tick writes the plan of shards, unless a collector was faster.
  for (const job of ['tick', ...scheduled]) expect(await cloud.schedule(job)).toBe('done');
  expect(cloud.aws.denied).toEqual([]);
});

test('records go to the groups of their levels, and audit events that came as logs to the trail', async () => {
  await sendTraces(20, 1);
  await ingest(
    '/v1/logs',
    logsRequest(Date.now(), [
      { severityText: 'INFO', text: 'order placed' },
      { severityText: 'AUDIT', text: 'order cancelled' },
      { severityText: 'SECURITY', text: 'password guessed' },
    ]),
  );
  await ingest('/v1/audit', {
    id: 'evt-1',
    type: 'USER_ACTION',
    action: 'login',
    actor: { id: 'u1', name: 'User One' },
  });
  for (const group of ['app', 'audit', 'security'])
    await eventually(`records of ${group}`, async () =>
      cloud.logs.events(`/sluice/${STAGE}/${group}`).length > 0 ? true : undefined,
    );
  await eventually('the spans', async () => (cloud.tempo.spans().length >= 20 ? true : undefined));
});

test('a rule fires, is told to a receiver with its secret, is silenced, and ends', async () => {
  const orders = (status: string, value: number): Point => ({ value, labels: { status } });
  await sendMetrics(
    gauge('queue_depth', nowMs(), [{ value: 500 }]),
    counter('orders_total', nowMs(), [orders('200', 90), orders('500', 10)]),
  );
  await passMinute();
  const [first] = await eventually('the page', async () =>
    hook.pagesOf('firing').length > 0 ? hook.pagesOf('firing') : undefined,
  );
  expect(first?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  expect(JSON.parse(first!.body).alerts[0].labels).toMatchObject({
    alertname: 'QueueTooDeep',
    severity: 'critical',
  });
  expect(hook.pages.some(({ path }) => path === '/alive-7f3a')).toBe(true);
  for (const name of ['evaluate', 'query'])
    expect(hasCalled(name, 'ssm:GetParameter', HOOK_SECRET)).toBe(false);

  const alerts = await get<{ fingerprint: string }[]>('/alertmanager/api/v2/alerts');
  expect(alerts).toHaveLength(1);
  const silence = {
    matchers: [{ name: 'alertname', value: 'QueueTooDeep', isRegex: false, isEqual: true }],
    startsAt: new Date(nowMs()).toISOString(),
    endsAt: new Date(nowMs() + DAY_MS).toISOString(),
    createdBy: 'operator',
    comment: 'known',
  };
  const { silenceID } = await get<{ silenceID: string }>('/alertmanager/api/v2/silences', {
    method: 'POST',
    body: silence,
  });
  expect(await get('/alertmanager/api/v2/alerts?silenced=true&active=false')).toHaveLength(1);
  await get(`/alertmanager/api/v2/silence/${silenceID}`);
  await get(`/alertmanager/api/v2/silence/${silenceID}`, { method: 'DELETE' });
  expect(await get('/alertmanager/api/v2/silences')).toMatchObject([{ status: { state: 'expired' } }]);
  await get(`/alertmanager/api/v2/alerts/${alerts[0]!.fingerprint}/ack`, {
    method: 'POST',
    body: { createdBy: 'operator' },
  });
  await get('/alertmanager/api/v2/alerts', {
    method: 'POST',
    body: [{ labels: { alertname: 'FromOutside' } }],
  });
  const groups = await get<{ id: string }[]>('/alertmanager/api/v2/groups');
  expect(groups.length).toBeGreaterThan(0);
  await get(`/alertmanager/api/v2/groups/${groups[0]!.id}/trace`);

  await sendMetrics(
    gauge('queue_depth', nowMs(), [{ value: 5 }]),
    counter('orders_total', nowMs(), [orders('200', 100)]),
  );
  await passMinute();
  await passMinute();
  await eventually('the end of the alert', async () =>
    (await get<unknown[]>('/alertmanager/api/v2/alerts?filter=alertname="QueueTooDeep"')).length === 0
      ? true
      : undefined,
  );
});

test('metrics, rules and objectives are read', async () => {
  const timeS = nowMs() / 1000;
  const values = await get<{ data: { result: { value: [number, string] }[] } }>(
    `/api/v1/query?query=${encodeURIComponent('queue_depth')}&time=${timeS}`,
  );
  expect(values.data.result[0]?.value[1]).toBe('5');
  for (const path of [
    `/api/v1/query_range?query=queue_depth&start=${timeS - 600}&end=${timeS}&step=60`,
    '/api/v1/labels',
    '/api/v1/label/__name__/values',
    '/api/v1/series?match[]=queue_depth',
    '/api/v1/metadata',
    '/api/v1/rules',
    '/api/v1/alerts',
    '/api/v1/status/buildinfo',
    '/alertmanager/api/v2/status',
    '/alertmanager/api/v2/alerts/groups',
  ])
    await get(path);
  const { data } = await get<{ data: { slos: { id: string }[] } }>('/api/v1/slos');
  expect(data.slos).toMatchObject([{ service: 'orders', objective: 99, bad: 10, total: 200 }]);
  const [{ id }] = data.slos as [{ id: string }];
  await get(`/api/v1/slos/${encodeURIComponent(id)}`);
  await get(`/api/v1/slos/${encodeURIComponent(id)}/history`);
});

test('the state of a rule group that is larger than an item is kept in parts, and read', async () => {
  const text = (seed: number): string => createHash('sha512').update(String(seed)).digest('base64');
  const sessions = Array.from({ length: 3_000 }, (_, i) => ({
    value: i,
    labels: { id: text(2 * i) + text(2 * i + 1) },
  }));
  await sendMetrics(gauge('session_bytes', nowMs(), sessions));
  await passMinute();
  await passMinute();
  const { data } = await get<{ data: { groups: { name: string; lastEvaluation: string }[] } }>(
    '/api/v1/rules?rule_group[]=sessions',
  );
  expect(data.groups).toHaveLength(1);
});

test('an Insights query runs, and one that fails is stopped', async () => {
  const body = { query: 'fields @message | limit 5', groups: ['app', 'audit', 'security'] };
  await get('/v1/logs/insights', { method: 'POST', body });
  const fault = { name: 'ServiceUnavailableException', status: 503 };
  cloud.logs.failNext('GetQueryResults', fault, fault);
  expect((await ask('POST', '/v1/logs/insights', { body })).status).toBeGreaterThanOrEqual(500);
  expect(hasCalled('query', 'logs:StopQuery', '*')).toBe(true);
});

test('the trail is sealed, proved, read, held and forgotten; so is that of a tenant who is new', async () => {
  await eventually('the event', async () =>
    (await ask('GET', '/v1/audit/events')).text.includes('login') ? true : undefined,
  );
  await cloud.schedule('seal-audit');
  expect(await get('/v1/audit/verify', { method: 'POST' })).toMatchObject({ ok: true, findings: [] });
  const { events } = await get<{ events: { id: string }[] }>('/v1/audit/events?actor=u1');
  expect(events).toHaveLength(1);
  await get(`/v1/audit/events/${events[0]!.id}`);
  await get(`/v1/audit/events/${events[0]!.id}/proof`);
  await get('/v1/audit/checkpoints');
  await get('/v1/audit/summary');
  for (const path of ['/v1/audit/key', '/v1/audit/export', '/v1/audit/export?format=csv'])
    expect((await ask('GET', path)).status).toBe(200);

  await get('/v1/audit/holds/case-1', { method: 'PUT', body: { reason: 'a case', actors: ['u1'] } });
  expect(await get('/v1/audit/holds')).toMatchObject({ holds: [{ id: 'case-1' }] });
  expect((await ask('POST', '/v1/audit/erase', { body: { subject: 'u1' } })).status).toBe(409);
  await get('/v1/audit/holds/case-1', { method: 'DELETE' });
  await get('/v1/audit/erase', { method: 'POST', body: { subject: 'u1' } });

  const secret = await cloud.createKey('globex');
  await get('/v1/audit/holds/case-2', {
    method: 'PUT',
    body: { reason: 'a case', actors: ['u2'] },
    secret,
  });
  await get('/v1/audit/events?actor=u2', { secret });
});

test('what a destination refuses goes round again, and is put away when it is refused for good', async () => {
  cloud.tempo.faults.setRandom(1, ['bad-request']);
  await sendTraces(5, 21);
  await untilCalled('deliver-traces', 'sqs:SendMessage', '-traces');
  await untilCalled('deliver-traces', 'sqs:SendMessage', '-traces-dead');
  cloud.tempo.faults.setRandom(0);
});

test('destinations and tables that fail make messages wait', async () => {
  // One of two destinations: round again for it alone.
  cloud.loki.faults.setDown(true);
  await sendLogs(31);
  await untilCalled('deliver-logs', 'sqs:SendMessage', '-logs');
  // All of them.
  cloud.tempo.faults.setDown(true);
  cloud.logs.faults.setDown(true);
  await sendLogs(32);
  await sendTraces(5, 32);
  await untilCalled('deliver-logs', 'sqs:ChangeMessageVisibility', '-logs');
  await untilCalled('deliver-traces', 'sqs:ChangeMessageVisibility', '-traces');
  for (const { faults } of [cloud.tempo, cloud.loki, cloud.logs]) faults.setDown(false);

  for (const name of ['collect-metrics', 'reduce-metrics', 'record-audit'])
    cloud.aws.failNext(name, 'dynamodb:PutItem', 1_000);
  await ingest('/v1/audit', { type: 'USER_ACTION', action: 'logout', actor: { id: 'u3' } });
  await ingest('/v1/metrics', metricsRequest(gauge('queue_depth', nowMs(), [{ value: 6 }])));
  await tick();
  await untilCalled('record-audit', 'sqs:ChangeMessageVisibility', '-audit.fifo');
  await untilCalled('collect-metrics', 'sqs:ChangeMessageVisibility', '-metrics');
  await untilCalled('reduce-metrics', 'sqs:ChangeMessageVisibility', '-reduce');
  for (const name of ['collect-metrics', 'reduce-metrics', 'record-audit'])
    cloud.aws.failNext(name, 'dynamodb:PutItem', 0);

  hook.setDown(true);
  await get('/alertmanager/api/v2/alerts', { method: 'POST', body: [{ labels: { alertname: 'Another' } }] });
  await cloud.schedule('evaluate');
  await untilCalled('notify', 'sqs:ChangeMessageVisibility', '-notifications');
  hook.setDown(false);
  await eventually('the page', async () =>
    hook.pages.some(({ body }) => body.includes('"Another"')) ? true : undefined,
  );
});

test('what nobody can read is put away', async () => {
  for (const [name, door] of [
    ['traces', 'deliver-traces'],
    ['logs', 'deliver-logs'],
    ['metrics', 'collect-metrics'],
    ['audit.fifo', 'record-audit'],
    ['notifications', 'notify'],
  ] as const) {
    const group = name.endsWith('.fifo') ? { MessageGroupId: TENANT, MessageDeduplicationId: 'poison' } : {};
    await cloud.sqs.send(
      new SendMessageCommand({ QueueUrl: cloud.queueUrl(name), MessageBody: 'poison', ...group }),
    );
    await untilCalled(door, 'sqs:SendMessage', `-${name.replace(/^([a-z]+)/, '$1-dead')}`);
  }
});

test('rules that are not deployed any more end what they said', async () => {
  config.dropRules();
  cloud.functions.get('evaluate')!.kill();
  await cloud.schedule('evaluate');
  expect(await get('/api/v1/query?query=queue%3Adepth%3Amax')).toMatchObject({ status: 'success' });
});

test('years later, files are complete and events have been kept long enough', async () => {
  await cloud.schedule('compact-metrics');
  cloud.setClock(3 * DAY_MS, 'compact-metrics');
  await cloud.schedule('compact-metrics');
  expect(hasCalled('compact-metrics', 'dynamodb:DeleteItem', '-metrics')).toBe(true);
  await cloud.schedule('seal-audit');
  cloud.setClock(500 * DAY_MS, 'keep-audit');
  await cloud.schedule('keep-audit');
  expect(hasCalled('keep-audit', 'dynamodb:DeleteItem', '-audit')).toBe(true);
});

test('what functions tell of themselves arrives, as one trace along the way of a request', async () => {
  const found = await eventually('the spans of functions', async () => {
    const spans = cloud.tempo.spans();
    const request = spans.find(
      ({ name, spanId }) =>
        name === 'POST /v1/logs' && spans.some(({ parentSpanId }) => parentSpanId === spanId),
    );
    const batch = spans.find(({ parentSpanId }) => parentSpanId === request?.spanId);
    return batch === undefined
      ? undefined
      : { request, batch, names: new Set(spans.map(({ name }) => name)) };
  });
  expect(found.batch).toMatchObject({ traceId: found.request!.traceId, kind: 5 });
  expect(found.batch.name).toMatch(/^process sluice-production-(logs|audit\.fifo)$/);
  for (const name of ['tick', 'evaluate', 'seal-audit', 'keep-audit', 'process sluice-production-traces'])
    expect([...found.names]).toContain(name);
});

test('what is granted is what was used', async () => {
  const stage = { stage: STAGE };
  const used = mergeWords(wordsOfCalls(cloud.aws.calls, stage), wordsOfAws(listCallsByAws(DOORS, scheduled)));
  await expect(`${JSON.stringify(used, null, 2)}\n`).toMatchFileSnapshot(NEEDED_FILE);
  expect(
    wordsOfRoles(
      deployed('aws:iam/role').map(({ inputs }) => inputs),
      stage,
    ),
  ).toEqual(used);
});
