/** Where a backend is and how to sign in, from the two settings that name it. */
export interface Destination {
  /** Without credentials and without a slash at the end. */
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization?: string;
  /** What must never be shown: see redact. */
  readonly secrets: readonly string[];
}

/**
 * `auth` is `user:password` (Grafana Cloud: instance id and token), a bare token (sent as Bearer), or a whole
 * `Basic …` / `Bearer …` value. Credentials in the URL are moved into the header, since fetch refuses them there.
 */
export function parseDestination(url: string, auth?: string): Destination {
  const parsed = new URL(url);
  const inUrl =
    parsed.username === ''
      ? undefined
      : `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  parsed.username = '';
  parsed.password = '';
  const clean = parsed.href.replace(/\/+$/, '');
  const given = auth?.trim() || inUrl;
  if (given === undefined) return { url: clean, secrets: [] };
  const authorization = toAuthorization(given);
  const secrets = [given, authorization.replace(/^\w+\s+/, ''), given.slice(given.indexOf(':') + 1)];
  return { url: clean, authorization, secrets };
}

/** Where to post: people paste the whole URL as often as its base, and Grafana Cloud shows Loki's whole. */
export function toPushUrl(url: string, path: string): string {
  return url.endsWith(path) ? url : `${url}${path}`;
}

function toAuthorization(auth: string): string {
  if (/^(basic|bearer)\s/i.test(auth)) return auth;
  return auth.includes(':') ? `Basic ${Buffer.from(auth).toString('base64')}` : `Bearer ${auth}`;
}
