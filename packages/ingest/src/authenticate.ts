/** Who sends: the tenant comes only from the key, or is the default where no key is asked for. */
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import { DEFAULT_TENANT } from '@sluice/core/names';
import { type ApiKey, SCOPE, type Scope } from '@sluice/platform/keys/api-key';
import type { KeyVerifier } from '@sluice/platform/keys/key-verifier';
import { readCredential } from './credentials.ts';
import { type Refusal, refuse, refuseForNow } from './refusal.ts';

export interface KeyPolicy {
  /** Absent: every request is of the default tenant, and what it carries as a key is not looked at. */
  readonly verifier?: KeyVerifier;
  /** `false`: a request without a key is of the default tenant, but a key that is there must be good. */
  readonly required: boolean;
}

export interface Caller {
  readonly status: 'ok';
  readonly tenant: TenantId;
  /** Absent without a key. */
  readonly key?: ApiKey;
}

const ANONYMOUS: Caller = { status: 'ok', tenant: parseTenantId(DEFAULT_TENANT) };
const CHALLENGE = { 'www-authenticate': 'Bearer realm="sluice"' };
const KEYS_RETRY_SECONDS = 2;

export async function authenticate(
  headers: Headers,
  { verifier, required }: KeyPolicy,
  scope: Scope = SCOPE.ingestWrite,
): Promise<Caller | Refusal> {
  if (verifier === undefined) return ANONYMOUS;
  const credential = readCredential(headers);
  if (credential.kind === 'unreadable') return refuse(401, credential.message, CHALLENGE);
  if (credential.kind === 'none' && !required) return ANONYMOUS;
  const secret = credential.kind === 'key' ? credential.secret : undefined;
  const verdict = await verifier.verify(secret, scope);
  switch (verdict.status) {
    case 'ok':
      return { status: 'ok', tenant: verdict.key.tenant, key: verdict.key };
    case 'refused':
      return refuse(verdict.httpStatus, verdict.message, verdict.httpStatus === 401 ? CHALLENGE : undefined);
    case 'unavailable':
      return refuseForNow(503, verdict.message, KEYS_RETRY_SECONDS);
  }
}
