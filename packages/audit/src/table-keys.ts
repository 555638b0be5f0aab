/**
 * Where things lie in the table. One partition per tenant holds the log itself and what belongs to it;
 * sixteen more hold the look-ups, so that the write load spreads and the verifier can list them all.
 *
 * | partition            | sort key                                       | holds |
 * |----------------------|------------------------------------------------|-------|
 * | `audit#t`            | `seg#<first sequence>`                         | a segment: the events of one batch |
 * | `audit#t`            | `tile#<level>#<index>`                         | 256 hashes of the tree, once complete |
 * | `audit#t`            | `chk#<size>`                                   | a signed checkpoint |
 * | `audit#t`            | `key#<key id>`                                 | a wrapped data key, or the mark of its erasure |
 * | `audit#t`            | `hold#<id>`                                    | a legal hold |
 * | `audit#t`            | `mark#indexed`                                 | up to which sequence look-ups are complete |
 * | `audit#t#x<0-f>`     | `id#<event id>`                                | sequence and fingerprint of an event with a client id |
 * | `audit#t#x<0-f>`     | `<kind>#<ref>#<recorded ms>#<first sequence>`  | which events of a segment have an actor, type or target |
 * | `audit-tenants`      | `t`                                            | that the tenant has a log |
 */
import type { TenantId } from '@sluice/core/ids';
import type { Key } from '@sluice/core/ports/table';

export const INDEX_SHARDS = '0123456789abcdef';

/** Look-ups by `a`ctor, by `t`ype of event, by tar`g`et. */
export type IndexKind = 'a' | 't' | 'g';

export const TENANTS_PARTITION = 'audit-tenants';

export function tenantKey(tenant: TenantId): Key {
  return { pk: TENANTS_PARTITION, sk: tenant };
}

export function tenantPartition(tenant: TenantId): string {
  return `audit#${tenant}`;
}

export function indexPartition(tenant: TenantId, shard: string): string {
  return `audit#${tenant}#x${shard}`;
}

/** Zero-padded, so that text order is number order; 16 digits hold every safe integer. */
export function padded(value: number): string {
  return String(value).padStart(16, '0');
}

export function segmentKey(tenant: TenantId, firstSeq: number): Key {
  return { pk: tenantPartition(tenant), sk: `seg#${padded(firstSeq)}` };
}

export function tileKey(tenant: TenantId, level: number, index: number): Key {
  return { pk: tenantPartition(tenant), sk: `tile#${level}#${padded(index)}` };
}

export function checkpointKey(tenant: TenantId, size: number): Key {
  return { pk: tenantPartition(tenant), sk: `chk#${padded(size)}` };
}

export function watermarkKey(tenant: TenantId): Key {
  return { pk: tenantPartition(tenant), sk: 'mark#indexed' };
}

/** `eventId` is `ev_` and hex: its first digit picks the shard. */
export function eventIdKey(tenant: TenantId, eventId: string): Key {
  return { pk: indexPartition(tenant, eventId[3] ?? '0'), sk: `id#${eventId}` };
}

export function postingPrefix(kind: IndexKind, ref: string): string {
  return `${kind}#${ref}#`;
}

export function postingKey(
  tenant: TenantId,
  kind: IndexKind,
  posting: { ref: string; recordedMs: number; firstSeq: number },
): Key {
  const { ref, recordedMs, firstSeq } = posting;
  return {
    pk: indexPartition(tenant, ref[0] ?? '0'),
    sk: `${postingPrefix(kind, ref)}${padded(recordedMs)}#${padded(firstSeq)}`,
  };
}
