/**
 * Port to the copies of checkpoints outside the table: whoever can write to the table can roll all of it back, and
 * only a copy elsewhere shows it.
 */
import type { TenantId } from '@sluice/core/ids';

export interface CheckpointCopies {
  /** Kept when this resolves. The same note may come again. */
  append(tenant: TenantId, note: string): Promise<void>;
  /** The newest note. */
  last(tenant: TenantId): Promise<string | undefined>;
  /** Every note, oldest first. */
  notes(tenant: TenantId): Promise<readonly string[]>;
  /** Every tenant that was ever sealed. */
  tenants(): Promise<readonly TenantId[]>;
}
