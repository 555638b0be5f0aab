/** A key for people and for `--json`; neither ever holds the hash. */
import type { ApiKey } from '@sluice/platform/keys/api-key';
import { formatCount } from '../quantity.ts';

export type KeyState = 'active' | 'replaced' | 'expired' | 'revoked';

export function stateOf({ revokedAtMs, expiresAtMs, replacedBy }: ApiKey, nowMs: number): KeyState {
  if (revokedAtMs !== undefined) return 'revoked';
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return 'expired';
  return replacedBy === undefined ? 'active' : 'replaced';
}

export function toKeyJson(key: ApiKey, nowMs: number) {
  const { id, tenant, name, scopes, limits, createdAtMs, expiresAtMs, revokedAtMs, replacedBy, lastUsedDay } =
    key;
  const date = (ms: number | undefined): string | null =>
    ms === undefined ? null : new Date(ms).toISOString();
  return {
    id,
    name,
    tenant,
    scopes,
    limits,
    state: stateOf(key, nowMs),
    createdAt: date(createdAtMs),
    expiresAt: date(expiresAtMs),
    revokedAt: date(revokedAtMs),
    replacedBy: replacedBy ?? null,
    lastUsedDay: lastUsedDay ?? null,
  };
}

/** `2026-11-21 12:00` (UTC). */
export function formatTime(ms: number | undefined): string {
  return ms === undefined ? 'never' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

export function formatLimits({ itemsPerSecond, burstItems, itemsPerDay }: ApiKey['limits']): string {
  const parts = [
    itemsPerSecond === undefined ? '' : `${formatCount(itemsPerSecond)} items/s`,
    burstItems === undefined ? '' : `bursts of ${formatCount(burstItems)}`,
    itemsPerDay === undefined ? '' : `${formatCount(itemsPerDay)} items/day`,
  ].filter(Boolean);
  return parts.join(', ') || 'none';
}
