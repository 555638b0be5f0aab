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
const make = (settings: object = {}) =>
  makeIntegration('telegram_configs', {
    api_url: `${server.url}/`,
    bot_token: '123:abcdef',
    chat_id: -100123,
    ...settings,
  });
const sent = () =>
  server.requests[0]!.json as { text: string; parse_mode?: string; chat_id: number | string };
const taken = { body: '{"ok":true,"result":{}}' };

test('a message goes to the chat, as HTML whose values are escaped', async () => {
  server.answers.push(taken);
  const alerts = [makeNotified({ alertname: 'Down', expr: '1 < 2 & 3' })];
  expect(await make().send(makeNotification(alerts), { signal })).toEqual({ status: 'ok' });
  expect(server.requests[0]!.path).toBe('/bot123:abcdef/sendMessage');
  expect(sent()).toMatchObject({
    chat_id: -100123,
    parse_mode: 'HTML',
    disable_notification: false,
    disable_web_page_preview: true,
  });
  expect(sent().text).toContain('Alerts Firing:\nLabels:\n - alertname = Down\n - expr = 1 &lt; 2 &amp; 3\n');
});

test('it has what the configuration says', async () => {
  server.answers.push(taken);
  await make({
    chat_id: '@channel',
    message_thread_id: 7,
    message: '{{ .Status }} <{{ .GroupLabels.alertname }}>',
    parse_mode: '',
    disable_notifications: true,
  }).send(makeNotification(), { signal });
  expect(sent()).toEqual({
    chat_id: '@channel',
    message_thread_id: 7,
    text: 'firing <Down>',
    disable_notification: true,
    disable_web_page_preview: true,
  });
});

test('a message has at most 4096 UTF-16 units, is never cut inside a character, and then is plain text', async () => {
  server.answers.push(taken);
  await make({ message: `x${'😀'.repeat(3_000)}` }).send(makeNotification(), { signal });
  expect(sent().text.length).toBeLessThanOrEqual(4_096);
  expect(sent().text.isWellFormed()).toBe(true);
  expect(sent().text.endsWith('😀…')).toBe(true);
  expect(sent()).not.toHaveProperty('parse_mode');
});

test.each([
  [taken, 'ok'],
  [{ status: 400, body: '{"ok":false,"description":"chat not found"}' }, 'permanent'],
  [{ status: 401 }, 'permanent'],
  [{ status: 429, body: '{"ok":false,"parameters":{"retry_after":5}}' }, 'retryable'],
  [{ status: 502 }, 'retryable'],
  [{ body: '{"ok":false,"description":"x"}' }, 'permanent'],
  [{ body: '<html>' }, 'retryable'],
] as const)('the answer %j means %s', async (answer, status) => {
  server.answers.push(answer);
  expect((await make().send(makeNotification(), { signal })).status).toBe(status);
});

test('Telegram says in the body how long to wait', async () => {
  server.answers.push({ status: 429, body: '{"ok":false,"parameters":{"retry_after":5}}' });
  expect(await make().send(makeNotification(), { signal })).toMatchObject({ retryAfterMs: 5_000 });
});

test('the token does not come back in a reason', async () => {
  server.answers.push({ reset: true });
  const outcome = await make().send(makeNotification(), { signal });
  expect(outcome.status).toBe('retryable');
  expect(JSON.stringify(outcome)).not.toContain('abcdef');
});

test('the token may stand in a file', async () => {
  server.answers.push(taken);
  const files = { token: '9:from-file\n' };
  const settings = { api_url: server.url, bot_token_file: 'token', chat_id: 1 };
  await makeIntegration('telegram_configs', settings, { files }).send(makeNotification(), { signal });
  expect(server.requests[0]!.path).toBe('/bot9:from-file/sendMessage');
});

test.each([
  [{ chat_id: 1 }, 'missing bot_token or bot_token_file on telegram_config'],
  [{ bot_token: 'x' }, 'missing chat_id on telegram_config'],
  [{ bot_token: 'x', bot_token_file: 'f', chat_id: 1 }, 'at most one of bot_token and bot_token_file'],
  [{ bot_token: 'x', chat_id: 1, parse_mode: 'html' }, 'want one of , Markdown, MarkdownV2, HTML'],
])('%j is refused: %s', (settings, message) => {
  expect(loadIntegration('telegram_configs', settings).problems.join()).toContain(message);
});
