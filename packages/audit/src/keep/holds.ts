/** Legal holds: events that match one outlive their retention, and their subjects cannot be erased. */
import type { TenantId } from '@sluice/core/ids';
import { queryAll, type Table } from '@sluice/core/ports/table';
import type { AuditLog } from '../audit-log.ts';
import type { Keyring } from '../keyring.ts';
import { makeLogRecord, RECORD_TYPE } from '../log-records.ts';
import type { SealedEvent } from '../sealed-event.ts';
import { tenantPartition } from '../table-keys.ts';

/** What a hold keeps: all conditions that are given have to hold; without any, everything is kept. */
export interface HoldScope {
  /** Pseudonyms, so that a hold names nobody. */
  readonly actorRefs?: readonly string[];
  readonly targets?: readonly string[];
  readonly types?: readonly string[];
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface Hold {
  readonly id: string;
  readonly reason: string;
  readonly placedAt: string;
  readonly scope: HoldScope;
}

export interface Operator {
  /** Name of the API key or person that acts; part of the record. */
  readonly actorId: string;
  readonly nowMs: number;
}

export interface HoldDeps {
  readonly table: Table;
  readonly log: AuditLog;
  readonly keyring: Keyring;
}

export interface HoldRequest {
  readonly id: string;
  readonly reason: string;
  readonly scope: Omit<HoldScope, 'actorRefs'> & { readonly actors?: readonly string[] };
}

export function isHeld(event: SealedEvent, holds: readonly Hold[]): boolean {
  return holds.some(({ scope }) => {
    const timeMs = Date.parse(event.time);
    return (
      (scope.actorRefs === undefined ||
        (event.actorRef !== undefined && scope.actorRefs.includes(event.actorRef))) &&
      (scope.targets === undefined || event.targets.some(({ id }) => scope.targets?.includes(id))) &&
      (scope.types === undefined || scope.types.includes(event.type)) &&
      timeMs >= (scope.fromMs ?? Number.NEGATIVE_INFINITY) &&
      timeMs < (scope.toMs ?? Number.POSITIVE_INFINITY)
    );
  });
}

export async function listHolds(table: Table, tenant: TenantId): Promise<readonly Hold[]> {
  const holds: Hold[] = [];
  for await (const item of queryAll(table, {
    pk: tenantPartition(tenant),
    prefix: 'hold#',
    consistent: true,
  })) {
    holds.push(JSON.parse(String(item.hold)) as Hold);
  }
  return holds;
}

/** Kept first, recorded after: a crash between leaves events kept, and the repeat of the call records it. */
export async function placeHold(
  tenant: TenantId,
  request: HoldRequest,
  { actorId, nowMs, table, log, keyring }: HoldDeps & Operator,
): Promise<Hold> {
  const { actors, ...rest } = request.scope;
  const actorRefs =
    actors === undefined
      ? undefined
      : await Promise.all(actors.map((actor) => keyring.pseudonym(tenant, actor)));
  const key = { pk: tenantPartition(tenant), sk: `hold#${request.id}` };
  const known = await table.get(key, { consistent: true });
  const hold: Hold = {
    id: request.id,
    reason: request.reason,
    placedAt:
      known === undefined ? new Date(nowMs).toISOString() : (JSON.parse(String(known.hold)) as Hold).placedAt,
    scope: { ...rest, ...(actorRefs === undefined ? {} : { actorRefs }) },
  };
  const text = JSON.stringify(hold);
  await table.put({ ...key, hold: text });
  await log.append(tenant, [
    makeLogRecord(RECORD_TYPE.holdPlaced, {
      tenant,
      nowMs,
      actorId,
      attributes: { hold_id: hold.id, hold: text },
    }),
  ]);
  return hold;
}

/** Recorded first, released after. Answers whether there was such a hold. */
export async function releaseHold(
  tenant: TenantId,
  id: string,
  { actorId, nowMs, table, log }: HoldDeps & Operator,
): Promise<boolean> {
  const key = { pk: tenantPartition(tenant), sk: `hold#${id}` };
  if ((await table.get(key, { consistent: true })) === undefined) return false;
  await log.append(tenant, [
    makeLogRecord(RECORD_TYPE.holdReleased, { tenant, nowMs, actorId, attributes: { hold_id: id } }),
  ]);
  await table.delete(key);
  return true;
}
