/**
 * Tokens by OAuth 2's client credentials (RFC 6749 § 4.4), one at a time for each place of the configuration and
 * kept until shortly before they expire. The client names itself in the header, and in the form where a server
 * refuses that, as Go's oauth2 library does.
 */
import type { GuardedFetch, GuardedRequest, TlsSettings } from './guarded-fetch.ts';

export interface OAuth2Settings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  readonly endpointParams: ReadonlyMap<string, string>;
  readonly tls?: TlsSettings;
}

export interface TokenDeps {
  readonly fetch: GuardedFetch;
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
}

interface Token {
  /** `<type> <token>`, as the header takes it. */
  readonly authorization: string;
  readonly expiresAtMs: number;
}

/** A token is not used in its last seconds: the request takes some of them. */
const EARLY_MS = 10_000;
/** Of a token whose server does not say how long it lives. */
const UNKNOWN_LIFE_MS = 5 * 60_000;

/** By the settings themselves, which live as long as the configuration that was loaded. */
const tokens = new WeakMap<OAuth2Settings, Promise<Token>>();

/** @throws Error that names neither secret nor token */
export async function fetchAuthorization(settings: OAuth2Settings, deps: TokenDeps): Promise<string> {
  const nowMs = deps.nowMs?.() ?? Date.now();
  const known = await tokens.get(settings)?.catch(() => undefined);
  if (known !== undefined && nowMs < known.expiresAtMs - EARLY_MS) return known.authorization;
  const asked = requestToken(settings, deps, nowMs);
  tokens.set(settings, asked);
  try {
    return (await asked).authorization;
  } catch (error) {
    if (tokens.get(settings) === asked) tokens.delete(settings);
    throw error;
  }
}

/** After a refusal: the next call asks for another. */
export function forgetAuthorization(settings: OAuth2Settings): void {
  tokens.delete(settings);
}

async function requestToken(settings: OAuth2Settings, deps: TokenDeps, nowMs: number): Promise<Token> {
  const { clientId, clientSecret } = settings;
  const basic = [clientId, clientSecret].map(encodeURIComponent).join(':');
  let answer = await post(settings, deps, {
    authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
  });
  if (answer.status === 400 || answer.status === 401)
    answer = await post(settings, deps, {}, { client_id: clientId, client_secret: clientSecret });
  if (!answer.ok) throw new Error(`the token endpoint answered ${answer.status}`);
  return readToken(await answer.text(), nowMs);
}

function post(
  { tokenUrl, scopes, endpointParams, tls }: OAuth2Settings,
  { fetch, signal }: TokenDeps,
  headers: Readonly<Record<string, string>>,
  client: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...Object.fromEntries(endpointParams),
    ...client,
  });
  const request: GuardedRequest = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
    body: form.toString(),
    signal,
    redirect: 'manual',
    ...(tls && { tls }),
  };
  return fetch(tokenUrl, request);
}

function readToken(text: string, nowMs: number): Token {
  let body: { access_token?: unknown; token_type?: unknown; expires_in?: unknown };
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new Error('the token endpoint did not answer with JSON', { cause });
  }
  const { access_token: token, token_type: type = 'Bearer' } = body;
  if (typeof token !== 'string' || token === '' || typeof type !== 'string')
    throw new Error('the token endpoint answered without an access_token');
  const seconds = Number(body.expires_in);
  const lifeMs = seconds > 0 ? seconds * 1000 : UNKNOWN_LIFE_MS;
  const scheme = /^bearer$/i.test(type) ? 'Bearer' : type;
  return { authorization: `${scheme} ${token}`, expiresAtMs: nowMs + lifeMs };
}
