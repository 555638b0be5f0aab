/**
 * Verifies a log to which events are being appended: up to the size at the start, once the work of the last append is
 * done. What looks wrong is looked at again: a key, a hold or a look-up that was just then written is right the second time.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import { DamagedItemError } from '@sluice/core/ports/table';
import type { AuditLog } from '../audit-log.ts';
import { SegmentError } from '../segment.ts';
import { watermarkKey } from '../table-keys.ts';
import type { Finding } from './finding.ts';
import { type Verification, type VerifyOptions, verifyLog } from './verify-log.ts';

export interface VerifyRunningOptions extends Omit<VerifyOptions, 'size' | 'outsideNotes'> {
  readonly log: Pick<AuditLog, 'head'>;
  readonly clock: Clock;
  /** Notes kept outside the table, as they are at the time of the call. */
  readonly outsideNotes?: () => Promise<readonly string[]>;
}

/** How long an append may take to complete its look-ups. */
const SETTLE_MS = 5000;
const POLL_MS = 100;

export async function verifyRunningLog(
  tenant: TenantId,
  options: VerifyRunningOptions,
): Promise<Verification> {
  const first = await verifyOnce(tenant, options);
  if (first.ok) return first;
  const second = await verifyOnce(tenant, options);
  const before = new Set(first.findings.map(keyOf));
  const findings = second.findings.filter((finding) => before.has(keyOf(finding)));
  return { ...second, ok: findings.length === 0, findings };
}

async function verifyOnce(
  tenant: TenantId,
  { log, clock, outsideNotes, ...options }: VerifyRunningOptions,
): Promise<Verification> {
  const notes = (await outsideNotes?.()) ?? [];
  let size = 0;
  try {
    size = (await log.head(tenant)).frontier.size;
    const untilMs = clock.nowMs() + SETTLE_MS;
    while (clock.nowMs() < untilMs) {
      const mark = await options.table.get(watermarkKey(tenant), { consistent: true });
      if (size === 0 || (typeof mark?.size === 'number' && mark.size >= size)) break;
      await clock.sleep(POLL_MS);
    }
  } catch (error) {
    // What is damaged at the end of the log is a finding of the verification, not an end to it.
    if (!(error instanceof DamagedItemError || error instanceof SegmentError)) throw error;
  }
  return verifyLog(tenant, { ...options, outsideNotes: notes, ...(size === 0 ? {} : { size }) });
}

/** Numbers in a text change while the log grows; the place does not. */
function keyOf({ kind, where }: Finding): string {
  return `${kind} ${where}`;
}
