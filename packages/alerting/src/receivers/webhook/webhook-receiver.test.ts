import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
  makeIntegration('webhook_configs', { url: `${server.url}/hook/t0ken`, ...settings }, { global });

describe('the body', () => {
  test('is version 4, field by field', async () => {
    expect(await make().send(makeNotification(), { signal })).toEqual({ status: 'ok' });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/hook/t0ken' });
    expect(request!.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'group#team#kind#0#3#hash',
    });
    expect(request!.json).toEqual({
      receiver: 'team "x"',
      status: 'firing',
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'Down', service: 'api', severity: 'critical', instance: '1' },
          annotations: { summary: 'Down is wrong' },
          startsAt: '2026-01-02T02:54:05Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://prometheus.test/graph?g0.expr=up',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
        {
          status: 'resolved',
          labels: { alertname: 'Down', service: 'api', severity: 'critical', instance: '2' },
          annotations: { summary: 'Down is wrong' },
          startsAt: '2026-01-02T02:54:05Z',
          endsAt: '2026-01-02T03:04:04Z',
          generatorURL: 'http://prometheus.test/graph?g0.expr=up',
          fingerprint: expect.any(String),
        },
      ],
      groupLabels: { alertname: 'Down' },
      commonLabels: { alertname: 'Down', service: 'api', severity: 'critical' },
      commonAnnotations: { summary: 'Down is wrong' },
      externalURL: 'http://sluice.test/alertmanager',
      version: '4',
      groupKey: '{}:{alertname="Down"}',
      truncatedAlerts: 0,
    });
  });

  test.each([
    [0, 3, 0],
    [1, 1, 2],
    [3, 3, 0],
    [5, 3, 0],
  ])('with max_alerts %i holds %i alerts and says that %i are missing', async (max_alerts, held, missing) => {
    const alerts = ['1', '2', '3'].map((instance) => makeNotified({ alertname: 'A', instance }));
    await make({ max_alerts }).send(makeNotification(alerts), { signal });
    const body = server.requests[0]!.json as { alerts: unknown[]; truncatedAlerts: number };
    expect([body.alerts.length, body.truncatedAlerts]).toEqual([held, missing]);
  });

  test('is signed where there is a secret for it', async () => {
    await make({ signing_secret: 'shared' }).send(makeNotification(), { signal });
    const { text, headers } = server.requests[0]!;
    expect(headers['x-sluice-signature']).toBe(
      `sha256=${createHmac('sha256', 'shared').update(text).digest('hex')}`,
    );
  });
});

test.each([
  [{ basic_auth: { username: 'u', password: 'p' } }, `Basic ${Buffer.from('u:p').toString('base64')}`],
  [{ authorization: { credentials: 'c' } }, 'Bearer c'],
  [{ authorization: { type: 'Token', credentials: 'c' } }, 'Token c'],
  [{ bearer_token: 'b' }, 'Bearer b'],
])('%j is how it says who it is, also from the global section', async (http_config, expected) => {
  await make({ http_config }).send(makeNotification(), { signal });
  await make({}, { http_config }).send(makeNotification(), { signal });
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([expected, expected]);
});

test.each([
  [{ status: 200 }, { status: 'ok' }],
  [{ status: 204 }, { status: 'ok' }],
  [
    { status: 400, body: 'no' },
    { status: 'permanent', reason: 'status 400: no' },
  ],
  [{ status: 404 }, { status: 'permanent', reason: 'status 404' }],
  [
    { status: 500, body: 'oops' },
    { status: 'retryable', reason: 'status 500: oops' },
  ],
  [
    { status: 503, headers: { 'retry-after': '7' } },
    { status: 'retryable', retryAfterMs: 7_000 },
  ],
  [
    { status: 429, headers: { 'retry-after': '120' } },
    { status: 'retryable', retryAfterMs: 120_000 },
  ],
  [
    { status: 429, headers: { 'retry-after': 'soon' } },
    { status: 'retryable', reason: 'status 429' },
  ],
  [{ reset: true }, { status: 'retryable' }],
] as const)('an answer of %j means %j', async (answer, outcome) => {
  server.answers.push(answer);
  expect(await make().send(makeNotification(), { signal })).toMatchObject(outcome);
});

test('an answer that does not come in time is worth another attempt', async () => {
  server.answers.push({ hang: true });
  const outcome = await make({ timeout: '50ms' }).send(makeNotification(), { signal });
  expect(outcome).toMatchObject({ status: 'retryable' });
});

test('redirects are not followed where the configuration says so', async () => {
  server.answers.push({ status: 302, headers: { location: `${server.url}/elsewhere` } });
  const outcome = await make({ http_config: { follow_redirects: false } }).send(makeNotification(), {
    signal,
  });
  expect(outcome).toMatchObject({ status: 'permanent', reason: 'status 302' });
  expect(server.requests).toHaveLength(1);
});

test('neither address nor credentials come back in a reason', async () => {
  const settings = { signing_secret: 'sign-me-please', http_config: { bearer_token: 'bear-it-well' } };
  server.answers.push({
    status: 400,
    body: `bad ${server.url}/hook/t0ken with Bearer bear-it-well and sign-me-please`,
  });
  const outcome = await make(settings).send(makeNotification(), { signal });
  expect(JSON.stringify(outcome)).not.toMatch(/t0ken|bear-it-well|sign-me/);
});

test.each([
  [{}, 'one of url or url_file must be configured'],
  [{ url: 'http://a', url_file: 'f' }, 'at most one of url and url_file must be configured'],
  [{ url_file: 'gone' }, 'cannot read gone: there is no such file'],
  [{ url: 'ftp://a' }, 'url must begin with http:// or https://'],
  [{ url: 'http://a', max_alert: 1 }, 'unknown key "max_alert", did you mean max_alerts?'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: references are written like this
  [{ url: 'http://a/${env:NONE}' }, 'the environment variable NONE is not set'],
  [
    { url: 'http://a', http_config: { bearer_token: 'a', authorization: { credentials: 'b' } } },
    'at most one of basic_auth, authorization, bearer_token and oauth2 may be set',
  ],
])('%j is refused: %s', (settings, message) => {
  expect(loadIntegration('webhook_configs', settings).problems.join()).toContain(message);
});

test('the address may stand in a file or in the environment', async () => {
  const files = { 'hook.url': `${server.url}/from-file\n` };
  await makeIntegration('webhook_configs', { url_file: 'hook.url' }, { files }).send(makeNotification(), {
    signal,
  });
  const env = { HOOK: server.url };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: references are written like this
  await makeIntegration('webhook_configs', { url: '${env:HOOK}/from-env' }, { env }).send(
    makeNotification(),
    {
      signal,
    },
  );
  expect(server.requests.map(({ path }) => path)).toEqual(['/from-file', '/from-env']);
});
