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
const make = (settings: object = {}) =>
  makeIntegration('slack_configs', { api_url: `${server.url}/services/T0/B0/x0`, ...settings });

describe('the message', () => {
  test('has the default texts', async () => {
    server.answers.push({ body: 'ok' });
    expect(await make({ channel: '#alerts' }).send(makeNotification(), { signal })).toEqual({ status: 'ok' });
    expect(server.requests[0]!.json).toEqual({
      channel: '#alerts',
      username: 'Alertmanager',
      attachments: [
        {
          title: '[FIRING:1] Down (api critical)',
          title_link: 'http://sluice.test/alertmanager/#/alerts?receiver=team+%22x%22',
          text: '',
          fallback:
            '[FIRING:1] Down (api critical) | http://sluice.test/alertmanager/#/alerts?receiver=team+%22x%22',
          callback_id: '',
          footer: '',
          color: 'danger',
          mrkdwn_in: ['fallback', 'pretext', 'text'],
        },
      ],
    });
  });

  test('is good when all have resolved', async () => {
    const alerts = [makeNotified({ alertname: 'Down' }, { isResolved: true })];
    await make().send(makeNotification(alerts), { signal });
    expect(server.requests[0]!.json).toMatchObject({
      attachments: [{ color: 'good', title: '[RESOLVED] Down ' }],
    });
  });

  test('has what the configuration says, templates expanded', async () => {
    await make({
      channel: '#{{ .CommonLabels.service }}',
      username: 'bot',
      icon_emoji: ':fire:',
      icon_url: 'http://i',
      link_names: true,
      pretext: 'pre',
      text: '{{ range .Alerts }}{{ .Labels.instance }} {{ end }}',
      footer: 'foot',
      callback_id: 'cb',
      image_url: 'http://img',
      thumb_url: 'http://thumb',
      color: 'warning',
      mrkdwn_in: ['text'],
      short_fields: true,
      fields: [
        { title: 'Service', value: '{{ .CommonLabels.service }}' },
        { title: 'Long', value: 'x', short: false },
      ],
      actions: [
        { type: 'button', text: 'Runbook', url: 'http://run/{{ .GroupLabels.alertname }}', style: 'primary' },
      ],
    }).send(makeNotification(), { signal });
    expect(server.requests[0]!.json).toEqual({
      channel: '#api',
      username: 'bot',
      icon_emoji: ':fire:',
      icon_url: 'http://i',
      link_names: true,
      attachments: [
        expect.objectContaining({
          pretext: 'pre',
          text: '1 2 ',
          footer: 'foot',
          callback_id: 'cb',
          image_url: 'http://img',
          thumb_url: 'http://thumb',
          color: 'warning',
          mrkdwn_in: ['text'],
          fields: [
            { title: 'Service', value: 'api', short: true },
            { title: 'Long', value: 'x', short: false },
          ],
          actions: [{ type: 'button', text: 'Runbook', url: 'http://run/Down', style: 'primary' }],
        }),
      ],
    });
  });

  test('has a title of at most 1024 characters', async () => {
    await make({ title: 'ü'.repeat(2_000) }).send(makeNotification(), { signal });
    const body = server.requests[0]!.json as { attachments: [{ title: string }] };
    expect([...body.attachments[0].title]).toHaveLength(1_024);
    expect(body.attachments[0].title.endsWith('ü…')).toBe(true);
  });
});

test('a bot posts with its token', async () => {
  server.answers.push({ body: '{"ok":true}' });
  const app = { app_token: 'xoxb-1', app_url: `${server.url}/api/chat.postMessage`, channel: '#a' };
  const outcome = await makeIntegration('slack_configs', app).send(makeNotification(), { signal });
  expect(outcome).toEqual({ status: 'ok' });
  expect(server.requests[0]).toMatchObject({
    path: '/api/chat.postMessage',
    headers: { authorization: 'Bearer xoxb-1' },
  });
});

test.each([
  [{ body: 'ok' }, 'ok', undefined],
  [{ body: '' }, 'ok', undefined],
  [{ body: '{"ok":true,"ts":"1"}' }, 'ok', undefined],
  [{ body: '{"ok":false,"error":"channel_not_found"}' }, 'permanent', 'Slack answered: channel_not_found'],
  [{ body: '{"ok":false,"error":"ratelimited"}' }, 'retryable', 'Slack answered: ratelimited'],
  [{ body: '{"ok":false}' }, 'permanent', 'Slack answered: not ok'],
  [{ body: '{"ok":' }, 'retryable', 'no JSON'],
  [{ body: 'invalid_payload' }, 'permanent', 'invalid_payload'],
  [{ status: 404, body: 'no_service' }, 'permanent', 'status 404: no_service'],
  [{ status: 500 }, 'retryable', 'status 500'],
] as const)('the answer %j means %s', async (answer, status, reason) => {
  server.answers.push(answer);
  const outcome = await make().send(makeNotification(), { signal });
  expect(outcome.status).toBe(status);
  expect('reason' in outcome ? outcome.reason : '').toContain(reason ?? '');
});

test('429 says how long to wait', async () => {
  server.answers.push({ status: 429, headers: { 'retry-after': '30' } });
  expect(await make().send(makeNotification(), { signal })).toMatchObject({
    status: 'retryable',
    retryAfterMs: 30_000,
  });
});

test.each([
  [{}, 'no global Slack API URL set either inline or in a file'],
  [{ api_url: 'http://a', api_url_file: 'f' }, 'at most one of api_url and api_url_file must be configured'],
  [{ app_token: 'xoxb' }, 'channel is missing'],
  [{ api_url: 'http://a', fields: [{ title: '', value: 'x' }] }, 'must not be empty'],
  [
    { api_url: 'http://a', actions: [{ type: 'button', text: 't' }] },
    'missing name or url in a Slack action',
  ],
])('%j is refused: %s', (settings, message) => {
  expect(loadIntegration('slack_configs', settings).problems.join()).toContain(message);
});

test('the address of the global section serves where a receiver has none', async () => {
  const global = { slack_api_url_file: 'slack' };
  const files = { slack: `${server.url}/global\n` };
  await makeIntegration('slack_configs', {}, { global, files }).send(makeNotification(), { signal });
  expect(server.requests[0]!.path).toBe('/global');
});
