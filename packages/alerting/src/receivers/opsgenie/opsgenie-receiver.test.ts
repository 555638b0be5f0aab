import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AnsweringServer, startAnsweringServer } from '../../testing/answering-server.ts';
import { loadIntegration, makeIntegration } from '../../testing/make-integration.ts';
import { makeNotification, makeNotified } from '../../testing/notifications.ts';

let server: AnsweringServer;
beforeEach(async () => {
  server = await startAnsweringServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const signal = new AbortController().signal;
const make = (settings: object = {}, global: object = {}) =>
  makeIntegration(
    'opsgenie_configs',
    { api_key: 'genie-api-key', api_url: server.url, ...settings },
    { global },
  );
const alias = createHash('sha256').update('{}:{alertname="Down"}').digest('hex');

test('an alert is made with the default texts, and closed under the same alias', async () => {
  server.answers.push({ status: 202 }, { status: 202 });
  expect(await make().send(makeNotification(), { signal })).toEqual({ status: 'ok' });
  const over = makeNotification([makeNotified({ alertname: 'Down' }, { isResolved: true })]);
  expect(await make().send(over, { signal })).toEqual({ status: 'ok' });
  const [created, closed] = server.requests;
  const source = 'http://sluice.test/alertmanager/#/alerts?receiver=team+%22x%22';
  expect(created).toMatchObject({
    method: 'POST',
    path: '/v2/alerts',
    headers: { authorization: 'GenieKey genie-api-key' },
    json: {
      alias,
      message: '[FIRING:1] Down (api critical)',
      details: { alertname: 'Down', service: 'api', severity: 'critical' },
      source,
    },
  });
  expect((created!.json as { description: string }).description).toMatch(
    /^Down is wrong\nAlerts Firing:\nLabels:\n - alertname = Down\n/,
  );
  expect(closed).toMatchObject({
    method: 'POST',
    path: `/v2/alerts/${alias}/close?identifierType=alias`,
    json: { source },
  });
});

test('it has what the configuration says', async () => {
  await make({
    message: 'm'.repeat(200),
    details: { runbook: 'http://run' },
    tags: 'a,{{ .CommonLabels.severity }},,',
    note: 'n',
    priority: 'P1',
    entity: 'e',
    actions: 'restart',
    responders: [
      { type: 'team', name: 'ops' },
      { type: 'user', username: '{{ .CommonLabels.service }}@x.test' },
      { type: 'teams', name: 'one, two' },
      { type: 'schedule', id: '{{ .CommonLabels.none }}' },
    ],
  }).send(makeNotification(), { signal });
  expect(server.requests[0]!.json).toMatchObject({
    message: `${'m'.repeat(129)}…`,
    details: { runbook: 'http://run', service: 'api' },
    tags: ['a', 'critical'],
    note: 'n',
    priority: 'P1',
    entity: 'e',
    actions: ['restart'],
    responders: [
      { type: 'team', name: 'ops' },
      { type: 'user', username: 'api@x.test' },
      { type: 'team', name: 'one' },
      { type: 'team', name: 'two' },
    ],
  });
});

test('with update_alerts message and description are updated after it', async () => {
  await make({ update_alerts: true }).send(makeNotification(), { signal });
  expect(server.requests.map(({ method, path }) => [method, path])).toEqual([
    ['POST', '/v2/alerts'],
    ['PUT', `/v2/alerts/${alias}/message?identifierType=alias`],
    ['PUT', `/v2/alerts/${alias}/description?identifierType=alias`],
  ]);
});

test('an update is not tried when the alert could not be made', async () => {
  server.answers.push({ status: 503 });
  const outcome = await make({ update_alerts: true }).send(makeNotification(), { signal });
  expect(outcome).toMatchObject({ status: 'retryable' });
  expect(server.requests).toHaveLength(1);
});

test.each([
  [202, 'ok'],
  [422, 'permanent'],
  [429, 'retryable'],
  [500, 'retryable'],
])('an answer of %i means %s', async (status, meaning) => {
  server.answers.push({ status, body: 'for genie-api-key' });
  const outcome = await make().send(makeNotification(), { signal });
  expect(outcome.status).toBe(meaning);
  expect(JSON.stringify(outcome)).not.toContain('genie-api-key');
});

test('key and address of the global section serve where a receiver has none', async () => {
  const global = { opsgenie_api_key: 'global-key', opsgenie_api_url: `${server.url}/eu/` };
  await makeIntegration('opsgenie_configs', {}, { global }).send(makeNotification(), { signal });
  expect(server.requests[0]).toMatchObject({
    path: '/eu/v2/alerts',
    headers: { authorization: 'GenieKey global-key' },
  });
});

test('the configuration is told that Opsgenie ends', () => {
  const { value, problems } = loadIntegration('opsgenie_configs', { api_key: 'k' });
  expect(value).toBeDefined();
  expect(problems.join()).toContain('warning: receivers[0].opsgenie_configs[0]: Opsgenie ends on 2027-04-05');
});

test.each([
  [{}, 'no global OpsGenie API Key set either inline or in a file'],
  [
    { api_key: 'k', responders: [{ type: 'team' }] },
    'responder has to have at least one of id, username or name specified',
  ],
  [{ api_key: 'k', responders: [{ type: 'boss', name: 'x' }] }, 'responder type "boss" is not one of'],
])('%j is refused: %s', (settings, message) => {
  expect(loadIntegration('opsgenie_configs', settings).problems.join()).toContain(message);
});
