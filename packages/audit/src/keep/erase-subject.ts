/**
 * Forgetting a person: the keys of the subject are destroyed, so what was encrypted under them is noise
 * everywhere at once, backups included, while the tree that commits to the ciphertext stays whole.
 */
import type { TenantId } from '@sluice/core/ids';
import { makeLogRecord, RECORD_TYPE } from '../log-records.ts';
import { type HoldDeps, listHolds, type Operator } from './holds.ts';

export type Erasure =
  | { readonly status: 'erased'; readonly keys: number }
  | { readonly status: 'unknown' }
  /** A legal hold names the subject, or everything. */
  | { readonly status: 'held'; readonly holdId: string };

export async function eraseSubject(
  tenant: TenantId,
  subject: string,
  { table, log, keyring, actorId, nowMs }: HoldDeps & Operator,
): Promise<Erasure> {
  const ref = await keyring.pseudonym(tenant, subject);
  const hold = (await listHolds(table, tenant)).find(
    ({ scope }) => scope.actorRefs === undefined || scope.actorRefs.includes(ref),
  );
  if (hold !== undefined) return { status: 'held', holdId: hold.id };
  const keyIds = await keyring.keysOf(tenant, subject);
  if (keyIds.length === 0) return { status: 'unknown' };
  const attributes = { subject_ref: ref, key_ids: keyIds.join(' ') };
  await log.append(tenant, [
    makeLogRecord(RECORD_TYPE.subjectErased, { tenant, nowMs, actorId, attributes }),
  ]);
  await keyring.erase(tenant, subject);
  return { status: 'erased', keys: keyIds.length };
}
