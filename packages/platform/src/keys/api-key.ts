/** What is known of an API key, and how it lies in the table. The secret is not part of it. */
import { PermanentError } from '@sluice/core/errors';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import type { Item, Key } from '@sluice/core/ports/table';

export const SCOPE = {
  ingestWrite: 'ingest:write',
  queryRead: 'query:read',
  auditRead: 'audit:read',
  auditWrite: 'audit:write',
  alertsWrite: 'alerts:write',
  /** Stands for every other scope. */
  admin: 'admin',
} as const;
export type Scope = (typeof SCOPE)[keyof typeof SCOPE];
export const SCOPES: readonly Scope[] = Object.values(SCOPE);

/** Unset means unlimited. Items are spans, log records, data points and audit events. */
export interface KeyLimits {
  readonly itemsPerSecond?: number;
  /** Items that may come at once after a pause; by default those of 10 seconds. */
  readonly burstItems?: number;
  /** UTC days. */
  readonly itemsPerDay?: number;
}

export interface ApiKey {
  /** The first 12 hex digits of the hash: names the key in lists, logs and commands. */
  readonly id: string;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly tenant: TenantId;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number;
  readonly revokedAtMs?: number;
  /** Id of the key that takes this one's place. */
  readonly replacedBy?: string;
  /** `YYYY-MM-DD` (UTC); kept to the day so that using a key costs at most one write a day and process. */
  readonly lastUsedDay?: string;
  /** Grows with every change: the condition of the next one. */
  readonly revision: number;
}

/** Keys are spread over 16 partitions by their first hash digit: few enough to list, enough to share load. */
export const KEY_PARTITIONS: readonly string[] = Array.from(
  '0123456789abcdef',
  (digit) => `api-key#${digit}`,
);
const USE_SUFFIX = '#used';

export function keyIdOf(hash: string): string {
  return hash.slice(0, 12);
}

export function toKeyAddress(hash: string): Key {
  return { pk: `api-key#${hash.slice(0, 1)}`, sk: hash };
}

/** The day of last use is an item of its own, so that noting it never disturbs a change of the key. */
export function toUseItem(hash: string, day: string): Item {
  const { pk, sk } = toKeyAddress(hash);
  return { pk, sk: sk + USE_SUFFIX, day };
}

export function isUseItem({ sk }: Item): boolean {
  return sk.endsWith(USE_SUFFIX);
}

export function toKeyItem(key: ApiKey): Item {
  const { hash, lastUsedDay: _, id: __, expiresAtMs, revokedAtMs, replacedBy, limits, ...rest } = key;
  return {
    ...toKeyAddress(hash),
    ...rest,
    limits: { ...limits },
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(revokedAtMs === undefined ? {} : { revokedAtMs }),
    ...(replacedBy === undefined ? {} : { replacedBy }),
  };
}

/** @throws PermanentError when the item is not a key as this build writes them. */
export function fromKeyItem(item: Item, use?: Item): ApiKey {
  const { sk: hash, name, createdAtMs, revision } = item;
  if (typeof name !== 'string' || typeof createdAtMs !== 'number' || typeof revision !== 'number') {
    throw new PermanentError(`the stored key ${keyIdOf(hash)} is damaged: revoke it and create a new one`);
  }
  return {
    id: keyIdOf(hash),
    hash,
    tenant: parseTenantId(String(item.tenant)),
    name,
    scopes: SCOPES.filter((scope) => Array.isArray(item.scopes) && item.scopes.includes(scope)),
    limits: (item.limits ?? {}) as KeyLimits,
    createdAtMs,
    revision,
    ...(typeof item.expiresAtMs === 'number' ? { expiresAtMs: item.expiresAtMs } : {}),
    ...(typeof item.revokedAtMs === 'number' ? { revokedAtMs: item.revokedAtMs } : {}),
    ...(typeof item.replacedBy === 'string' ? { replacedBy: item.replacedBy } : {}),
    ...(typeof use?.day === 'string' ? { lastUsedDay: use.day } : {}),
  };
}
