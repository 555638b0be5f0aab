/** `alertmanager.yml` as people may see it: what could be a secret is taken out, in a way that Alertmanager's own tools still read. */
import { parseYaml } from '@sluice/config/parse-yaml';
import { toYaml } from '@sluice/config/to-yaml';

/** What Alertmanager prints instead of a secret. */
const SECRET = '<secret>';
const SECRET_KEY =
  /(^|_)(password|secret|token|key|credentials|api_url|username|identity)$|^(bearer_token|routing_key|service_key)$/;
/** Settings whose name looks like a secret and which hold none. */
const HARMLESS = new Set(['pagerduty_url', 'opsgenie_api_url', 'telegram_api_url']);

export function toShownConfig(source: string): string {
  const [document] = parseYaml(source, { file: 'alertmanager.yml' }).documents;
  return toYaml(withoutSecrets(document?.toPlain() ?? {}));
}

function withoutSecrets(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        name === 'headers' || name === 'endpoint_params' ? hideAll(item) : withoutSecrets(item, name),
      ]),
    );
  if (typeof value !== 'string' || value === '') return value;
  if (SECRET_KEY.test(key) && !HARMLESS.has(key)) return SECRET;
  return key === 'url' || key === 'token_url' || HARMLESS.has(key) || key === 'proxy_url'
    ? withoutPath(value)
    : value;
}

/** Headers of mail are no secrets, but those of requests often are: both keep their names only where it is unclear. */
function hideAll(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return headers;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      /^(subject|to|from|reply-to|cc|date|message-id|references|in-reply-to)$/i.test(name) ? value : SECRET,
    ]),
  );
}

/** Webhooks carry their secret in the path; who is called may be seen. */
function withoutPath(url: string): string {
  if (!URL.canParse(url)) return url.includes('{{') ? url : SECRET;
  const { protocol, host, pathname, search } = new URL(url);
  return pathname === '/' && search === '' ? `${protocol}//${host}` : `${protocol}//${host}/${SECRET}`;
}
