/** Who sends: the tenant comes only from the key, or is the default where no key is asked for. */
import { describeError } from '@sluice/core/errors';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import { DEFAULT_TENANT } from '@sluice/core/names';
import { readCredential } from './credentials.ts';
import { type Refusal, refuse, refuseForNow } from './refusal.ts';

/** What the verifier of keys answers for one secret and the scope that ingest asks for. */
export type KeyVerdict<K> =
  | { readonly status: 'ok'; readonly key: K }
  | { readonly status: 'refused'; readonly httpStatus: 401 | 403; readonly message: string };

/** A throw means that keys cannot be checked now. */
export type KeyCheck<K> = (secret: string) => Promise<KeyVerdict<K>>;

export interface KeyPolicy<K> {
  /** Absent: every request is of the default tenant, and what it carries as a key is not looked at. */
  readonly check?: KeyCheck<K>;
  /** `false`: a request without a key is of the default tenant, but a key that is there must be good. */
  readonly required?: boolean;
}

export interface Caller<K> {
  readonly status: 'ok';
  readonly tenant: TenantId;
  /** Absent without a key. */
  readonly key?: K;
}

const ANONYMOUS = { status: 'ok', tenant: parseTenantId(DEFAULT_TENANT) } as const;
const CHALLENGE = { 'www-authenticate': 'Bearer realm="sluice"' };
const HOW = 'send "Authorization: Bearer KEY" or "X-API-Key: KEY"';

export async function authenticate<K extends { readonly tenant: TenantId }>(
  headers: Headers,
  { check, required = true }: KeyPolicy<K>,
): Promise<Caller<K> | Refusal> {
  if (check === undefined) return ANONYMOUS;
  const credential = readCredential(headers);
  switch (credential.kind) {
    case 'none':
      return required ? refuse(401, `an API key is required: ${HOW}`, CHALLENGE) : ANONYMOUS;
    case 'unreadable':
      return refuse(401, `${credential.message}; ${HOW}`, CHALLENGE);
    case 'key':
      return verify(credential.secret, check);
  }
}

async function verify<K extends { readonly tenant: TenantId }>(
  secret: string,
  check: KeyCheck<K>,
): Promise<Caller<K> | Refusal> {
  let verdict: KeyVerdict<K>;
  try {
    verdict = await check(secret);
  } catch (error) {
    return { ...refuseForNow(503, 'API keys cannot be checked now', 2), cause: describeError(error) };
  }
  if (verdict.status === 'ok') return { status: 'ok', tenant: verdict.key.tenant, key: verdict.key };
  const { httpStatus, message } = verdict;
  return refuse(httpStatus, message, httpStatus === 401 ? CHALLENGE : undefined);
}
