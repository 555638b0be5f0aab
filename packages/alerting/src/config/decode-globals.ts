/** The `global:` section: what receivers fall back on. `*_file` settings are read when the file is loaded. */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import { withReferences } from '@sluice/config/references';
import type { GlobalReceiverSettings } from '../receivers/receiver.ts';
import type { LoadOptions } from './alertmanager-config.ts';
import { httpConfigDecoder } from './decode-http-config.ts';
import { readSecretFile } from './secret-fields.ts';

/** Alertmanager's defaults. */
const DEFAULT_RESOLVE_TIMEOUT_MS = 300_000;
const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';
const OPSGENIE_URL = 'https://api.opsgenie.com/';
const TELEGRAM_URL = 'https://api.telegram.org';

export function decodeGlobals(
  node: ConfigNode | undefined,
  options: LoadOptions,
): { readonly globals: GlobalReceiverSettings; readonly resolveTimeoutMs: number } {
  const text = withReferences(d.text, options.references);
  const fields = d.mapping({
    resolve_timeout: d.withDefault(d.durationMs, DEFAULT_RESOLVE_TIMEOUT_MS),
    smtp_smarthost: d.optional(text),
    smtp_from: d.optional(text),
    smtp_hello: d.withDefault(text, 'localhost'),
    smtp_auth_username: d.optional(text),
    smtp_auth_password: d.optional(text),
    smtp_auth_password_file: d.optional(d.text),
    smtp_auth_identity: d.optional(text),
    smtp_auth_secret: d.optional(text),
    smtp_require_tls: d.withDefault(d.boolean, true),
    smtp_tls_config: d.optional<unknown>((value) => value.toPlain()),
    slack_api_url: d.optional(text),
    slack_api_url_file: d.optional(d.text),
    pagerduty_url: d.withDefault(text, PAGERDUTY_URL),
    opsgenie_api_url: d.withDefault(text, OPSGENIE_URL),
    opsgenie_api_key: d.optional(text),
    opsgenie_api_key_file: d.optional(d.text),
    telegram_api_url: d.withDefault(text, TELEGRAM_URL),
    http_config: d.optional(httpConfigDecoder(options)),
    ...unusedFields(),
  });
  const value = node === undefined ? undefined : fields(node);
  const fileOr = (direct: string | undefined, path: string | undefined): string | undefined =>
    path === undefined ? direct : readSecretFile(path, node, options);
  const resolveTimeoutMs = value?.resolve_timeout ?? DEFAULT_RESOLVE_TIMEOUT_MS;
  return {
    resolveTimeoutMs,
    globals: {
      smtpSmarthost: value?.smtp_smarthost,
      smtpFrom: value?.smtp_from,
      smtpHello: value?.smtp_hello ?? 'localhost',
      smtpAuthUsername: value?.smtp_auth_username,
      smtpAuthPassword: fileOr(value?.smtp_auth_password, value?.smtp_auth_password_file),
      smtpAuthIdentity: value?.smtp_auth_identity,
      smtpAuthSecret: value?.smtp_auth_secret,
      smtpRequireTls: value?.smtp_require_tls ?? true,
      slackApiUrl: fileOr(value?.slack_api_url, value?.slack_api_url_file),
      pagerdutyUrl: value?.pagerduty_url ?? PAGERDUTY_URL,
      opsgenieApiUrl: value?.opsgenie_api_url ?? OPSGENIE_URL,
      opsgenieApiKey: fileOr(value?.opsgenie_api_key, value?.opsgenie_api_key_file),
      telegramApiUrl: value?.telegram_api_url ?? TELEGRAM_URL,
      httpConfig: value?.http_config,
    },
  };
}

/** Settings of kinds that are not served: accepted, since a shared file may hold them. */
function unusedFields() {
  const ignored = d.optional<unknown>((node) => node.toPlain());
  return {
    victorops_api_url: ignored,
    victorops_api_key: ignored,
    victorops_api_key_file: ignored,
    wechat_api_url: ignored,
    wechat_api_secret: ignored,
    wechat_api_corp_id: ignored,
    webex_api_url: ignored,
    rocketchat_api_url: ignored,
    jira_api_url: ignored,
  };
}
