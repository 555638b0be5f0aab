/**
 * Seals a tenant's log: signs a checkpoint of its head, but only after proving that the head continues the last
 * sealed tree. A log that was cut, rolled back or rewritten is refused, loudly, and never signed.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Table } from '@sluice/core/ports/table';
import type { AuditLog } from './audit-log.ts';
import {
  type Checkpoint,
  type NoteSigner,
  type NoteVerifier,
  openSignedCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
} from './checkpoint.ts';
import { isConsistent, proveConsistency, rootOf } from './merkle-tree.ts';
import { checkpointKey, tenantPartition } from './table-keys.ts';
import { createNodeReader } from './tiles.ts';
import { createKeySuccession } from './verify/key-succession.ts';

export type SealResult =
  | { readonly status: 'sealed'; readonly checkpoint: Checkpoint; readonly note: string }
  | { readonly status: 'unchanged'; readonly size: number }
  /** The table does not continue what was sealed before. */
  | { readonly status: 'refused'; readonly reason: string };

export interface SealerOptions {
  readonly table: Table;
  readonly log: AuditLog;
  readonly signer: NoteSigner;
  /** That signed before this one did, newest first: what they sealed is continued. */
  readonly earlierKeys?: readonly NoteVerifier[];
  /** The newest note this sealer knows of from outside the table; a table behind it was rolled back. */
  readonly lastKnownNote?: (tenant: TenantId) => Promise<string | undefined>;
  /** Keeps a copy outside the table (CloudWatch Logs, a witness, a file); repeated for the same note after a crash. */
  readonly publish: (tenant: TenantId, note: string) => Promise<void>;
}

export async function sealLog(tenant: TenantId, options: SealerOptions): Promise<SealResult> {
  const { table, log, signer, publish } = options;
  const keys: readonly NoteVerifier[] = [signer, ...(options.earlierKeys ?? [])];
  const { frontier } = await log.head(tenant);
  const stored = await latestNote(table, tenant);
  const outside = await options.lastKnownNote?.(tenant);
  const succession = createKeySuccession();
  let previous = 0;
  for (const note of [stored, outside]) {
    if (note === undefined) continue;
    const opened = openNote(note, keys);
    const reason =
      typeof opened === 'string'
        ? opened
        : await whyNotContinued(opened.checkpoint, {
            table,
            tenant,
            size: frontier.size,
            root: rootOf(frontier),
          });
    if (reason !== undefined) return { status: 'refused', reason };
    const { checkpoint, signedBy } = opened as SignedCheckpoint;
    if (note === stored) previous = checkpoint.size;
    succession.add({ signedBy, size: checkpoint.size, where: '' });
  }
  const [violation] = succession.violations();
  if (violation !== undefined) {
    const reason = `the last checkpoint is signed with a key that another had replaced when ${violation.replacedAt} events were sealed`;
    return { status: 'refused', reason };
  }
  if (stored !== undefined && previous === frontier.size) {
    if (outside !== stored) await publish(tenant, stored);
    return { status: 'unchanged', size: frontier.size };
  }
  if (frontier.size === 0) return { status: 'unchanged', size: 0 };
  const checkpoint: Checkpoint = { tenant, size: frontier.size, root: rootOf(frontier), previous };
  const note = await signCheckpoint(checkpoint, signer);
  await table.put({ ...checkpointKey(tenant, frontier.size), note });
  await publish(tenant, note);
  return { status: 'sealed', checkpoint, note };
}

export async function latestNote(table: Table, tenant: TenantId): Promise<string | undefined> {
  const page = await table.query({
    pk: tenantPartition(tenant),
    prefix: 'chk#',
    reverse: true,
    limit: 1,
    consistent: true,
  });
  const note = page.items[0]?.note;
  return typeof note === 'string' ? note : undefined;
}

interface HeadOfLog {
  readonly table: Table;
  readonly tenant: TenantId;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The checkpoint, or why there is none. */
function openNote(note: string, keys: readonly NoteVerifier[]): SignedCheckpoint | string {
  try {
    return openSignedCheckpoint(note, keys);
  } catch (error) {
    return `the last checkpoint cannot be trusted: ${(error as Error).message}`;
  }
}

async function whyNotContinued(
  first: Checkpoint,
  { table, tenant, size, root }: HeadOfLog,
): Promise<string | undefined> {
  if (first.tenant !== tenant) return `the last checkpoint is of tenant ${first.tenant}`;
  if (first.size > size)
    return `the log has ${size} events, but ${first.size} were sealed: it was cut or rolled back`;
  try {
    const proof = await proveConsistency(first.size, size, createNodeReader({ table, tenant }));
    if (isConsistent({ first, second: { size, root }, proof })) return undefined;
  } catch (error) {
    return `the log cannot be read back to the last checkpoint: ${(error as Error).message}`;
  }
  return `the log of ${size} events does not continue the ${first.size} that were sealed: it was rewritten`;
}
