/** PagerDuty's Events API: version 2 with `routing_key`, version 1 with `service_key`. */
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
} from '../receiver.ts';
import { truncateRunes } from '../truncate.ts';

interface PagerdutyConfig extends CommonReceiverConfig {
  readonly url: string;
  readonly version: 1 | 2;
  readonly key: string;
  readonly http: HttpConfig | undefined;
  readonly texts: Readonly<
    Record<
      'client' | 'client_url' | 'description' | 'severity' | 'class' | 'component' | 'group' | 'source',
      string
    >
  >;
  readonly details: ReadonlyMap<string, string>;
  readonly images: readonly Image[];
  readonly links: readonly Link[];
}

interface Image {
  readonly href: string;
  readonly alt: string;
  readonly src: string;
}

interface Link {
  readonly href: string;
  readonly text: string;
}

/** Where version 1 is; a configured version 2 address is not used for it. */
const EVENTS_V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';
const EVENTS_V2_PATH = '/v2/enqueue';
/** Limits of the Events API; Alertmanager cuts at the same places. */
const MAX_DESCRIPTION_V1 = 1_024;
const MAX_SUMMARY_V2 = 1_024;
const MAX_EVENT_BYTES = 512_000;

const DEFAULT_DETAILS: ReadonlyMap<string, string> = new Map([
  ['firing', '{{ template "pagerduty.default.instances" .Alerts.Firing }}'],
  ['resolved', '{{ template "pagerduty.default.instances" .Alerts.Resolved }}'],
  ['num_firing', '{{ .Alerts.Firing | len }}'],
  ['num_resolved', '{{ .Alerts.Resolved | len }}'],
]);

const text = (fallback: string): d.Field<string> => d.withDefault(d.text, fallback);

export const pagerdutyKind: ReceiverKind<PagerdutyConfig> = {
  key: 'pagerduty_configs',
  name: 'pagerduty',
  decode: (context) =>
    d.mapped(
      d.mapping({
        send_resolved: d.withDefault(d.boolean, true),
        http_config: d.optional(httpConfigDecoder(context)),
        ...secretFields('routing_key', context),
        ...secretFields('service_key', context),
        url: d.optional(d.text),
        client: text('{{ template "pagerduty.default.client" . }}'),
        client_url: text('{{ template "pagerduty.default.clientURL" . }}'),
        description: text('{{ template "pagerduty.default.description" . }}'),
        severity: text(''),
        class: text(''),
        component: text(''),
        group: text(''),
        source: text(''),
        details: d.withDefault(d.mapOf(d.text), new Map<string, string>()),
        images: d.withDefault(d.listOf(d.mapping({ href: text(''), alt: text(''), src: text('') })), []),
        links: d.withDefault(d.listOf(d.mapping({ href: text(''), text: text('') })), []),
      }),
      (value, node): PagerdutyConfig | undefined => {
        const routingKey = secretOf(value, 'routing_key', { node, context });
        const serviceKey = secretOf(value, 'service_key', { node, context });
        const key = serviceKey ?? routingKey;
        if (key === undefined) {
          node.report('missing service or routing key in PagerDuty config');
          return undefined;
        }
        if (serviceKey !== undefined && routingKey !== undefined)
          node.report('at most one of routing_key and service_key must be configured');
        const { client, client_url, description, severity, component, group, source } = value;
        const version = serviceKey === undefined ? 2 : 1;
        const configured = value.url ?? context.globals.pagerdutyUrl;
        return {
          send_resolved: value.send_resolved,
          version,
          url: version === 1 && configured.endsWith(EVENTS_V2_PATH) ? EVENTS_V1_URL : configured,
          key,
          http: value.http_config ?? context.globals.httpConfig,
          texts: { client, client_url, description, severity, class: value.class, component, group, source },
          details: new Map([...DEFAULT_DETAILS, ...value.details]),
          images: value.images,
          links: value.links,
        };
      },
    ),
  create: (config, deps) => ({
    send(notification, { signal }) {
      const body =
        config.version === 1 ? toEventV1(config, notification, deps) : toEventV2(config, notification, deps);
      return postToReceiver({
        fetch: deps.fetch,
        url: config.url,
        http: config.http,
        body: fitted(body),
        signal,
        secrets: [config.key],
        // Version 1 answers 403 when it limits the rate (PagerDuty Events API v1 documentation).
        retryOn: config.version === 1 ? [403] : [],
      });
    },
  }),
};

type Event = Readonly<Record<string, unknown>>;

/** What PagerDuty collapses events by: the group, so that its resolution closes the same incident. */
export function dedupKeyOf({ groupKey }: Pick<Notification, 'groupKey'>): string {
  return createHash('sha256').update(groupKey).digest('hex');
}

function toEventV1(
  config: PagerdutyConfig,
  notification: Notification,
  { render }: Pick<IntegrationDeps, 'render'>,
): Event {
  const expand = (template: string): string => render(template, notification);
  const isFiring = notification.status === 'firing';
  return {
    service_key: expand(config.key),
    event_type: isFiring ? 'trigger' : 'resolve',
    incident_key: dedupKeyOf(notification),
    description: truncateRunes(expand(config.texts.description), MAX_DESCRIPTION_V1).text,
    ...(isFiring ? { client: expand(config.texts.client), client_url: expand(config.texts.client_url) } : {}),
    details: detailsOf(config, expand),
  };
}

function toEventV2(
  config: PagerdutyConfig,
  notification: Notification,
  { render }: Pick<IntegrationDeps, 'render'>,
): Event {
  const expand = (template: string): string => render(template, notification);
  const { texts } = config;
  const source = expand(texts.source);
  const client = expand(texts.client);
  const images = config.images
    .map(({ href, alt, src }) => ({ href: expand(href), alt: expand(alt), src: expand(src) }))
    .filter(({ src }) => src !== '');
  const links = config.links
    .map((link) => ({ href: expand(link.href), text: expand(link.text) }))
    .filter(({ href }) => href !== '');
  const optional = (key: string, value: string): Readonly<Record<string, string>> =>
    value === '' ? {} : { [key]: value };
  return {
    routing_key: expand(config.key),
    event_action: notification.status === 'firing' ? 'trigger' : 'resolve',
    dedup_key: dedupKeyOf(notification),
    ...optional('client', client),
    ...optional('client_url', expand(texts.client_url)),
    ...(images.length === 0 ? {} : { images }),
    ...(links.length === 0 ? {} : { links }),
    payload: {
      summary: truncateRunes(expand(texts.description), MAX_SUMMARY_V2).text,
      source: source === '' ? client : source,
      severity: expand(texts.severity) || 'error',
      ...optional('class', expand(texts.class)),
      ...optional('component', expand(texts.component)),
      ...optional('group', expand(texts.group)),
      custom_details: detailsOf(config, expand),
    },
  };
}

function detailsOf(
  { details }: PagerdutyConfig,
  expand: (template: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...details].map(([key, template]) => [key, expand(template)]));
}

/** Events beyond 512 kB are refused; their details give way to a sentence. */
function fitted(event: Event): string {
  const whole = JSON.stringify(event);
  if (Buffer.byteLength(whole) <= MAX_EVENT_BYTES) return whole;
  const error = `Custom details have been removed because the original event exceeds the maximum size of ${MAX_EVENT_BYTES / 1_000} kB`;
  const payload = event.payload as Event | undefined;
  return JSON.stringify(
    payload === undefined
      ? { ...event, details: { error } }
      : { ...event, payload: { ...payload, custom_details: { error } } },
  );
}
