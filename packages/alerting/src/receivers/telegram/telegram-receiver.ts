/** Telegram's Bot API: one message to one chat. */
import * as d from '@sluice/config/decoder';
import { httpConfigDecoder } from '../../config/decode-http-config.ts';
import { secretFields, secretOf } from '../../config/secret-fields.ts';
import { postToReceiver } from '../../http/send-json.ts';
import type { CommonReceiverConfig, HttpConfig, ReceiverKind, SendOutcome } from '../receiver.ts';
import { truncateUnits } from '../truncate.ts';

interface TelegramConfig extends CommonReceiverConfig {
  readonly apiUrl: string;
  readonly token: string;
  readonly http: HttpConfig | undefined;
  readonly chatId: string;
  readonly threadId: number | undefined;
  readonly message: string;
  readonly parseMode: string;
  readonly isQuiet: boolean;
}

/** Limit of `sendMessage`, in UTF-16 units. */
const MAX_MESSAGE = 4_096;

export const telegramKind: ReceiverKind<TelegramConfig> = {
  key: 'telegram_configs',
  name: 'telegram',
  decode: (context) =>
    d.mapped(
      d.mapping({
        send_resolved: d.withDefault(d.boolean, true),
        http_config: d.optional(httpConfigDecoder(context)),
        api_url: d.optional(d.text),
        ...secretFields('bot_token', context),
        ...secretFields('chat_id', context),
        message_thread_id: d.optional(d.integer),
        message: d.withDefault(d.text, '{{ template "telegram.default.message" . }}'),
        parse_mode: d.withDefault(d.oneOf('', 'Markdown', 'MarkdownV2', 'HTML'), 'HTML'),
        disable_notifications: d.withDefault(d.boolean, false),
      }),
      (value, node): TelegramConfig | undefined => {
        const token = secretOf(value, 'bot_token', { node, context });
        const chatId = secretOf(value, 'chat_id', { node, context });
        if (token === undefined) node.report('missing bot_token or bot_token_file on telegram_config');
        if (chatId === undefined) node.report('missing chat_id on telegram_config');
        if (token === undefined || chatId === undefined) return undefined;
        return {
          send_resolved: value.send_resolved,
          apiUrl: (value.api_url ?? context.globals.telegramApiUrl).replace(/\/$/, ''),
          token,
          http: value.http_config ?? context.globals.httpConfig,
          chatId,
          threadId: value.message_thread_id,
          message: value.message,
          parseMode: value.parse_mode,
          isQuiet: value.disable_notifications,
        };
      },
    ),
  create: (config, deps) => ({
    send(notification, { signal }) {
      const render = (html: boolean): string => deps.render(config.message, notification, { html });
      const whole = truncateUnits(render(config.parseMode === 'HTML'), MAX_MESSAGE);
      // What was cut may end inside a tag or an entity, which Telegram refuses as a whole: then it is plain text.
      const text = whole.isCut ? truncateUnits(render(false), MAX_MESSAGE).text : whole.text;
      const parseMode = whole.isCut ? '' : config.parseMode;
      return postToReceiver({
        fetch: deps.fetch,
        http: config.http,
        url: `${config.apiUrl}/bot${config.token}/sendMessage`,
        body: JSON.stringify({
          chat_id: /^-?\d+$/.test(config.chatId) ? Number(config.chatId) : config.chatId,
          ...(config.threadId === undefined ? {} : { message_thread_id: config.threadId }),
          text,
          ...(parseMode === '' ? {} : { parse_mode: parseMode }),
          disable_notification: config.isQuiet,
          disable_web_page_preview: true,
        }),
        signal,
        secrets: [config.token],
        waitOf,
        read: readAnswer,
      });
    },
  }),
};

function readAnswer(text: string): SendOutcome {
  try {
    const { ok, description } = JSON.parse(text) as { ok?: boolean; description?: string };
    return ok === true
      ? { status: 'ok' }
      : { status: 'permanent', reason: `Telegram answered: ${description ?? 'not ok'}` };
  } catch {
    return { status: 'retryable', reason: 'Telegram answered something that is no JSON' };
  }
}

/** Bot API § ResponseParameters: seconds. */
function waitOf(text: string): number | undefined {
  try {
    const { parameters } = JSON.parse(text) as { parameters?: { retry_after?: unknown } };
    return typeof parameters?.retry_after === 'number' ? parameters.retry_after * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
