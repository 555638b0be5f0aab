/** The generic webhook: Alertmanager's body, version 4, with a signature and an Idempotency-Key on top. */
import { createHmac } from 'node:crypto';
import * as d from '@sluice/config/decoder';
import { withReferences } from '@sluice/config/references';
import { HEADER } from '@sluice/core/names';
import { httpConfigDecoder } from '../../config/decode-http-config.ts';
import { secretFields, secretOf } from '../../config/secret-fields.ts';
import { postToReceiver } from '../../http/send-json.ts';
import { commonOf } from '../../model/label-set.ts';
import type { CommonReceiverConfig, HttpConfig, Notification, ReceiverKind } from '../receiver.ts';

interface WebhookConfig extends CommonReceiverConfig {
  readonly url: string;
  readonly http: HttpConfig | undefined;
  /** 0 is no limit. */
  readonly maxAlerts: number;
  readonly timeoutMs: number;
  readonly signingSecret: string | undefined;
}

export const webhookKind: ReceiverKind<WebhookConfig> = {
  key: 'webhook_configs',
  name: 'webhook',
  decode: (context) =>
    d.mapped(
      d.mapping({
        send_resolved: d.withDefault(d.boolean, true),
        ...secretFields('url', context),
        http_config: d.optional(httpConfigDecoder(context)),
        max_alerts: d.withDefault(d.integer, 0),
        timeout: d.withDefault(d.durationMs, 0),
        /** Beyond Alertmanager: `X-Sluice-Signature: sha256=<HMAC of the body>`. */
        signing_secret: d.optional(withReferences(d.text, context.references)),
      }),
      (value, node): WebhookConfig | undefined => {
        const url = secretOf(value, 'url', { node, context, isRequired: true });
        if (url === undefined) return undefined;
        if (!/^https?:\/\//.test(url)) {
          node.report('url must begin with http:// or https://');
          return undefined;
        }
        return {
          send_resolved: value.send_resolved,
          url,
          http: value.http_config ?? context.globals.httpConfig,
          maxAlerts: value.max_alerts,
          timeoutMs: value.timeout,
          signingSecret: value.signing_secret,
        };
      },
    ),
  create: (config, { fetch }) => ({
    send(notification, { signal }) {
      const body = JSON.stringify(toWebhookBody(notification, config.maxAlerts));
      return postToReceiver({
        fetch,
        url: config.url,
        http: config.http,
        body,
        signal:
          config.timeoutMs > 0 ? AbortSignal.any([signal, AbortSignal.timeout(config.timeoutMs)]) : signal,
        headers: {
          [HEADER.idempotencyKey]: notification.idempotencyKey,
          ...(config.signingSecret === undefined
            ? {}
            : { [HEADER.signature]: `sha256=${sign(config.signingSecret, body)}` }),
        },
        secrets: [config.url, config.signingSecret ?? ''],
      });
    },
  }),
};

function sign(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** Go's zero time: the end of an alert that fires. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Source: Alertmanager documentation, "<webhook_config>". */
export function toWebhookBody(
  notification: Notification,
  maxAlerts: number,
): Readonly<Record<string, unknown>> {
  const { alerts } = notification;
  const shown = maxAlerts > 0 ? alerts.slice(0, maxAlerts) : alerts;
  return {
    receiver: notification.receiver,
    // Of the alerts that are shown, as Alertmanager has it.
    status: shown.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts: shown.map((alert) => ({
      status: alert.status,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: toRfc3339(alert.startsAtMs),
      endsAt: alert.endsAtMs === 0 ? ZERO_TIME : toRfc3339(alert.endsAtMs),
      generatorURL: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    })),
    groupLabels: notification.groupLabels,
    commonLabels: commonOf(shown.map(({ labels }) => labels)),
    commonAnnotations: commonOf(shown.map(({ annotations }) => annotations)),
    externalURL: notification.externalUrl,
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: alerts.length - shown.length,
  };
}

function toRfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.000Z$/, 'Z');
}
