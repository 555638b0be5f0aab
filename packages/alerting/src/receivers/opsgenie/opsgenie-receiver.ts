/**
 * Opsgenie's Alert API. Atlassian ends Opsgenie on 2027-04-05: a configuration that uses it is warned.
 */
import { createHash } from 'node:crypto';
import * as d from '@sluice/config/decoder';
import { httpConfigDecoder } from '../../config/decode-http-config.ts';
import { secretFields, secretOf } from '../../config/secret-fields.ts';
import { postToReceiver } from '../../http/send-json.ts';
import type {
  CommonReceiverConfig,
  HttpConfig,
  IntegrationDeps,
  Notification,
  ReceiverKind,
  SendOutcome,
} from '../receiver.ts';
import { truncateRunes } from '../truncate.ts';

interface OpsgenieConfig extends CommonReceiverConfig {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly http: HttpConfig | undefined;
  readonly texts: Readonly<
    Record<'message' | 'description' | 'source' | 'tags' | 'note' | 'priority' | 'entity' | 'actions', string>
  >;
  readonly details: ReadonlyMap<string, string>;
  readonly responders: readonly Responder[];
  readonly updateAlerts: boolean;
}

interface Responder {
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly type: string;
}

/** Limit of the Alert API for `message`; Alertmanager cuts at the same place. */
const MAX_MESSAGE = 130;
const END_OF_SERVICE = '2027-04-05';

const text = (fallback: string): d.Field<string> => d.withDefault(d.text, fallback);

const decodeResponder: d.Decoder<Responder> = d.mapped(
  d.mapping({ id: text(''), name: text(''), username: text(''), type: d.required(d.nonEmptyText) }),
  (responder, node) => {
    if (responder.id === '' && responder.name === '' && responder.username === '')
      node.report('OpsGenieConfig responder has to have at least one of id, username or name specified');
    if (!/^(team|teams|user|escalation|schedule)$/.test(responder.type) && !responder.type.includes('{{'))
      node.report(
        `OpsGenieConfig responder type ${JSON.stringify(responder.type)} is not one of team, teams, user, escalation, schedule`,
      );
    return responder;
  },
);

export const opsgenieKind: ReceiverKind<OpsgenieConfig> = {
  key: 'opsgenie_configs',
  name: 'opsgenie',
  decode: (context) =>
    d.mapped(
      d.mapping({
        send_resolved: d.withDefault(d.boolean, true),
        http_config: d.optional(httpConfigDecoder(context)),
        ...secretFields('api_key', context),
        api_url: d.optional(d.text),
        message: text('{{ template "opsgenie.default.message" . }}'),
        description: text('{{ template "opsgenie.default.description" . }}'),
        source: text('{{ template "opsgenie.default.source" . }}'),
        details: d.withDefault(d.mapOf(d.text), new Map<string, string>()),
        entity: text(''),
        responders: d.withDefault(d.listOf(decodeResponder), []),
        actions: text(''),
        tags: text(''),
        note: text(''),
        priority: text(''),
        update_alerts: d.withDefault(d.boolean, false),
      }),
      (value, node): OpsgenieConfig | undefined => {
        const apiKey = secretOf(value, 'api_key', { node, context }) ?? context.globals.opsgenieApiKey;
        if (apiKey === undefined) {
          node.report('no global OpsGenie API Key set either inline or in a file');
          return undefined;
        }
        node.report(`Opsgenie ends on ${END_OF_SERVICE}; plan to move these notifications`, {
          severity: 'warning',
        });
        const { message, description, source, tags, note, priority, entity, actions } = value;
        const apiUrl = value.api_url ?? context.globals.opsgenieApiUrl;
        return {
          send_resolved: value.send_resolved,
          apiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
          apiKey,
          http: value.http_config ?? context.globals.httpConfig,
          texts: { message, description, source, tags, note, priority, entity, actions },
          details: value.details,
          responders: value.responders,
          updateAlerts: value.update_alerts,
        };
      },
    ),
  create: (config, deps) => ({
    async send(notification, { signal }) {
      let outcome: SendOutcome = { status: 'ok' };
      for (const { method, path, body } of toRequests(config, notification, deps)) {
        outcome = await postToReceiver({
          fetch: deps.fetch,
          method,
          http: config.http,
          url: config.apiUrl + path,
          body: JSON.stringify(body),
          headers: { authorization: `GenieKey ${config.apiKey}` },
          signal,
          secrets: [config.apiKey],
        });
        if (outcome.status !== 'ok') return outcome;
      }
      return outcome;
    },
  }),
};

interface ApiRequest {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What Opsgenie collapses alerts by. */
export function aliasOf({ groupKey }: Pick<Notification, 'groupKey'>): string {
  return createHash('sha256').update(groupKey).digest('hex');
}

function toRequests(
  config: OpsgenieConfig,
  notification: Notification,
  { render }: Pick<IntegrationDeps, 'render'>,
): readonly ApiRequest[] {
  const expand = (template: string): string => render(template, notification);
  const { texts } = config;
  const alias = aliasOf(notification);
  const source = expand(texts.source);
  if (notification.status === 'resolved')
    return [{ method: 'POST', path: `v2/alerts/${alias}/close?identifierType=alias`, body: { source } }];

  const message = truncateRunes(expand(texts.message), MAX_MESSAGE).text;
  const description = expand(texts.description);
  const optional = (key: string, value: string): Readonly<Record<string, string>> =>
    value === '' ? {} : { [key]: value };
  const list = (key: string, items: readonly unknown[]): Readonly<Record<string, unknown>> =>
    items.length === 0 ? {} : { [key]: items };
  const create: ApiRequest = {
    method: 'POST',
    path: 'v2/alerts',
    body: {
      alias,
      message,
      description,
      details: {
        ...notification.commonLabels,
        ...Object.fromEntries([...config.details].map(([key, template]) => [key, expand(template)])),
      },
      source,
      ...list(
        'responders',
        config.responders.flatMap((responder) => toResponders(responder, expand)),
      ),
      ...list('tags', splitList(expand(texts.tags))),
      ...optional('note', expand(texts.note)),
      ...optional('priority', expand(texts.priority)),
      ...optional('entity', expand(texts.entity)),
      ...list('actions', splitList(expand(texts.actions))),
    },
  };
  if (!config.updateAlerts) return [create];
  return [
    create,
    { method: 'PUT', path: `v2/alerts/${alias}/message?identifierType=alias`, body: { message } },
    { method: 'PUT', path: `v2/alerts/${alias}/description?identifierType=alias`, body: { description } },
  ];
}

function toResponders(
  responder: Responder,
  expand: (template: string) => string,
): readonly Readonly<Record<string, string>>[] {
  const given = {
    id: expand(responder.id),
    name: expand(responder.name),
    username: expand(responder.username),
  };
  const type = expand(responder.type);
  // `teams` is a list of names in one text.
  if (type === 'teams') return splitList(given.name).map((name) => ({ name: name.trim(), type: 'team' }));
  const entries = Object.entries(given).filter(([, value]) => value !== '');
  return entries.length === 0 ? [] : [{ ...Object.fromEntries(entries), type }];
}

/** As Alertmanager splits: blanks inside stay. */
function splitList(list: string): readonly string[] {
  return list
    .trim()
    .split(',')
    .filter((item) => item !== '');
}
