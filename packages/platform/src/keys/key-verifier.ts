/**
 * Decides about a presented API key, cheapest check first: present, well-formed, known, not revoked,
 * not expired, scope. Answers come from a bounded cache, so that a request normally costs a hash.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import { type ApiKey, fromKeyItem, SCOPE, type Scope, toKeyAddress } from './api-key.ts';
import { createKeyCache } from './key-cache.ts';
import { hashKey, isWellFormedKey } from './key-format.ts';
import { noteKeyUse } from './key-store.ts';

/** `httpStatus` and `message` are what the caller should answer; the message holds nothing secret. */
export type KeyVerdict =
  | { readonly status: 'ok'; readonly key: ApiKey }
  | {
      readonly status: 'refused';
      readonly reason: 'missing' | 'malformed' | 'unknown' | 'revoked' | 'expired';
      readonly httpStatus: 401;
      readonly message: string;
    }
  | {
      readonly status: 'refused';
      readonly reason: 'scope';
      readonly httpStatus: 403;
      readonly message: string;
    }
  /** The table did not answer and the key is not known well enough from before: to be retried. */
  | { readonly status: 'unavailable'; readonly httpStatus: 503; readonly message: string };

export interface KeyVerifier {
  /** Never throws for what the key or the table is like. Without a scope only the key itself is judged. */
  verify(secret: string | undefined, scope?: Scope): Promise<KeyVerdict>;
}

export interface KeyVerifierOptions {
  readonly table: Table;
  readonly clock: Clock;
  /** How long a revocation may take to be seen; default 60 s. */
  readonly positiveTtlMs?: number;
  /** How long a new key may take to be seen by a process that refused it before; default 10 s. */
  readonly negativeTtlMs?: number;
  /** While the table does not answer, a key that was good is still taken for so long; default 15 min. */
  readonly lastKnownGoodMs?: number;
  readonly maxEntries?: number;
}

export function createKeyVerifier(options: KeyVerifierOptions): KeyVerifier {
  const { table, clock } = options;
  const cache = createKeyCache(options);

  const look = async (hash: string): Promise<ApiKey | undefined> => {
    const item = await table.get(toKeyAddress(hash));
    if (item === undefined || !isSameHash(item.sk, hash)) return undefined;
    const key = fromKeyItem(item);
    noteUse(key);
    return key;
  };
  const noteUse = (key: ApiKey): void => {
    const day = new Date(clock.nowMs()).toISOString().slice(0, 10);
    if (!cache.isFirstUse(key.hash, day)) return;
    // Only a convenience for people: neither waited for nor retried.
    noteKeyUse(table, key.hash, day).catch(() => {});
  };

  return {
    async verify(secret, scope) {
      if (secret === undefined || secret === '') {
        return refuse(
          'missing',
          'an API key is required: send "Authorization: Bearer slk_..." or "X-API-Key"',
        );
      }
      if (!isWellFormedKey(secret)) {
        return refuse('malformed', 'the API key is malformed: it should be slk_ and 36 letters and digits');
      }
      let key: ApiKey | undefined;
      try {
        key = await cache.get(hashKey(secret), look);
      } catch {
        return {
          status: 'unavailable',
          httpStatus: 503,
          message: 'API keys cannot be checked right now: try again',
        };
      }
      return judge(key, scope, clock.nowMs());
    },
  };
}

function judge(key: ApiKey | undefined, scope: Scope | undefined, nowMs: number): KeyVerdict {
  if (key === undefined) return refuse('unknown', 'the API key is not known');
  if (key.revokedAtMs !== undefined) return refuse('revoked', `the API key ${key.id} is revoked`);
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) {
    return refuse('expired', `the API key ${key.id} expired at ${new Date(key.expiresAtMs).toISOString()}`);
  }
  if (scope !== undefined && !key.scopes.includes(scope) && !key.scopes.includes(SCOPE.admin)) {
    return {
      status: 'refused',
      reason: 'scope',
      httpStatus: 403,
      message: `the API key ${key.id} lacks the scope ${scope}`,
    };
  }
  return { status: 'ok', key };
}

function refuse(
  reason: 'missing' | 'malformed' | 'unknown' | 'revoked' | 'expired',
  message: string,
): KeyVerdict {
  return { status: 'refused', reason, httpStatus: 401, message };
}

function isSameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
