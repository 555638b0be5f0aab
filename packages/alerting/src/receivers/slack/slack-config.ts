/** `slack_configs`: an incoming webhook, or `chat.postMessage` with a bot's token. */
import * as d from '@sluice/config/decoder';
import { httpConfigDecoder } from '../../config/decode-http-config.ts';
import { secretFields, secretOf } from '../../config/secret-fields.ts';
import type { CommonReceiverConfig, DecodeContext, HttpConfig } from '../receiver.ts';

export interface SlackConfig extends CommonReceiverConfig {
  readonly apiUrl: string;
  /** Of an app (`xoxb-…`), sent as bearer token. */
  readonly token: string | undefined;
  readonly http: HttpConfig | undefined;
  readonly texts: Readonly<Record<SlackText, string>>;
  readonly shortFields: boolean;
  readonly fields: readonly SlackField[];
  readonly actions: readonly SlackAction[];
  readonly linkNames: boolean;
  readonly mrkdwnIn: readonly string[];
}

export type SlackText = keyof typeof SLACK_TEXT_DEFAULTS;

export interface SlackField {
  readonly title: string;
  readonly value: string;
  readonly short: boolean | undefined;
}

export interface SlackAction {
  readonly type: string;
  readonly text: string;
  readonly url: string;
  readonly style: string;
  readonly name: string;
  readonly value: string;
}

/** Alertmanager's defaults, by the key in the file. */
export const SLACK_TEXT_DEFAULTS = {
  channel: '',
  username: '{{ template "slack.default.username" . }}',
  color: '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
  title: '{{ template "slack.default.title" . }}',
  title_link: '{{ template "slack.default.titlelink" . }}',
  pretext: '{{ template "slack.default.pretext" . }}',
  text: '{{ template "slack.default.text" . }}',
  footer: '{{ template "slack.default.footer" . }}',
  fallback: '{{ template "slack.default.fallback" . }}',
  callback_id: '{{ template "slack.default.callbackid" . }}',
  icon_emoji: '{{ template "slack.default.iconemoji" . }}',
  icon_url: '{{ template "slack.default.iconurl" . }}',
  image_url: '',
  thumb_url: '',
} as const;

const POST_MESSAGE_URL = 'https://slack.com/api/chat.postMessage';

const text = (fallback: string): d.Field<string> => d.withDefault(d.text, fallback);

const decodeField: d.Decoder<SlackField> = d.mapping({
  title: d.required(d.nonEmptyText),
  value: d.required(d.nonEmptyText),
  short: d.optional(d.boolean),
});

const decodeAction: d.Decoder<SlackAction> = d.mapped(
  d.mapping({
    type: d.required(d.nonEmptyText),
    text: d.required(d.nonEmptyText),
    url: text(''),
    style: text(''),
    name: text(''),
    value: text(''),
    confirm: d.optional<unknown>((node) => node.toPlain()),
  }),
  ({ confirm: _, ...action }, node) => {
    if (action.url === '' && action.name === '') node.report('missing name or url in a Slack action');
    return action;
  },
);

export function slackDecoder(context: DecodeContext): d.Decoder<SlackConfig> {
  return d.mapped(
    d.mapping({
      send_resolved: d.withDefault(d.boolean, false),
      http_config: d.optional(httpConfigDecoder(context)),
      ...secretFields('api_url', context),
      ...secretFields('app_token', context),
      app_url: d.withDefault(d.text, POST_MESSAGE_URL),
      ...textFields(),
      short_fields: d.withDefault(d.boolean, false),
      fields: d.withDefault(d.listOf(decodeField), []),
      actions: d.withDefault(d.listOf(decodeAction), []),
      link_names: d.withDefault(d.boolean, false),
      mrkdwn_in: d.withDefault(d.listOf(d.text), ['fallback', 'pretext', 'text']),
    }),
    (value, node): SlackConfig | undefined => {
      const own = secretOf(value, 'api_url', { node, context });
      const token = secretOf(value, 'app_token', { node, context });
      const apiUrl = own ?? (token === undefined ? context.globals.slackApiUrl : value.app_url);
      if (apiUrl === undefined) {
        node.report('no global Slack API URL set either inline or in a file');
        return undefined;
      }
      const keys = Object.keys(SLACK_TEXT_DEFAULTS) as readonly SlackText[];
      const config: SlackConfig = {
        send_resolved: value.send_resolved,
        apiUrl,
        token,
        http: value.http_config ?? context.globals.httpConfig,
        texts: Object.fromEntries(keys.map((key) => [key, value[key]])) as Record<SlackText, string>,
        shortFields: value.short_fields,
        fields: value.fields,
        actions: value.actions,
        linkNames: value.link_names,
        mrkdwnIn: value.mrkdwn_in,
      };
      if (apiUrl.endsWith('/chat.postMessage') && config.texts.channel === '')
        node.report('channel is missing: chat.postMessage does not know where to send');
      return config;
    },
  );
}

function textFields(): Readonly<Record<SlackText, d.Field<string>>> {
  return Object.fromEntries(
    Object.entries(SLACK_TEXT_DEFAULTS).map(([key, fallback]) => [key, text(fallback)]),
  ) as Record<SlackText, d.Field<string>>;
}
