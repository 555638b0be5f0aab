/** Slack: one message with one attachment for each notification. */
import { postToReceiver } from '../../http/send-json.ts';
import type { IntegrationDeps, Notification, ReceiverKind, SendOutcome } from '../receiver.ts';
import { truncateRunes } from '../truncate.ts';
import { type SlackConfig, type SlackText, slackDecoder } from './slack-config.ts';

/** Slack's limit for titles; Alertmanager cuts at the same place. */
const MAX_TITLE = 1_024;

/** Errors that another attempt can cure (Slack API documentation, chat.postMessage). */
const TRANSIENT = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

export const slackKind: ReceiverKind<SlackConfig> = {
  key: 'slack_configs',
  name: 'slack',
  decode: slackDecoder,
  create: (config, deps) => ({
    send(notification, { signal }) {
      return postToReceiver({
        fetch: deps.fetch,
        url: config.apiUrl,
        body: JSON.stringify(toSlackMessage(config, notification, deps)),
        http: config.http,
        headers: config.token === undefined ? {} : { authorization: `Bearer ${config.token}` },
        signal,
        secrets: [config.apiUrl, config.token ?? ''],
        read: readAnswer,
      });
    },
  }),
};

export function toSlackMessage(
  config: SlackConfig,
  notification: Notification,
  { render }: Pick<IntegrationDeps, 'render'>,
): Readonly<Record<string, unknown>> {
  const expand = (template: string): string => render(template, notification);
  const text = (key: SlackText): string => expand(config.texts[key]);
  const optional = (key: string, value: string): Readonly<Record<string, string>> =>
    value === '' ? {} : { [key]: value };
  const attachment = {
    ...optional('title', truncateRunes(text('title'), MAX_TITLE).text),
    ...optional('title_link', text('title_link')),
    ...optional('pretext', text('pretext')),
    text: text('text'),
    fallback: text('fallback'),
    callback_id: text('callback_id'),
    ...optional('image_url', text('image_url')),
    ...optional('thumb_url', text('thumb_url')),
    footer: text('footer'),
    ...optional('color', text('color')),
    mrkdwn_in: config.mrkdwnIn,
    ...(config.fields.length === 0
      ? {}
      : {
          fields: config.fields.map(({ title, value, short }) => ({
            title: expand(title),
            value: expand(value),
            short: short ?? config.shortFields,
          })),
        }),
    ...(config.actions.length === 0
      ? {}
      : {
          actions: config.actions.map((action) => ({
            type: expand(action.type),
            text: expand(action.text),
            ...optional('url', expand(action.url)),
            ...optional('style', expand(action.style)),
            ...optional('name', expand(action.name)),
            ...optional('value', expand(action.value)),
          })),
        }),
  };
  return {
    ...optional('channel', text('channel')),
    ...optional('username', text('username')),
    ...optional('icon_emoji', text('icon_emoji')),
    ...optional('icon_url', text('icon_url')),
    ...(config.linkNames ? { link_names: true } : {}),
    attachments: [attachment],
  };
}

/** Webhooks answer `ok`; the API answers 200 with `{"ok": false, "error": …}` when it did not take the message. */
function readAnswer(text: string): SendOutcome {
  if (!text.trimStart().startsWith('{'))
    return text.trim() === '' || text.trim() === 'ok'
      ? { status: 'ok' }
      : { status: 'permanent', reason: `Slack answered: ${text.slice(0, 100)}` };
  try {
    const { ok, error } = JSON.parse(text) as { ok?: boolean; error?: string };
    if (ok === true) return { status: 'ok' };
    const reason = `Slack answered: ${error ?? 'not ok'}`;
    return { status: TRANSIENT.has(error ?? '') ? 'retryable' : 'permanent', reason };
  } catch {
    return { status: 'retryable', reason: 'Slack answered something that is no JSON' };
  }
}
