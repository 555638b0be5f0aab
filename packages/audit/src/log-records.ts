/**
 * What the trail says about itself: events that the pipeline appends when someone reads, exports, verifies,
 * erases, holds or expires. The verifier relies on them, so their form is fixed here.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import type { Json } from './canonical-json.ts';
import type { AuditEvent } from './event.ts';

export const RECORD_TYPE = {
  read: 'audit.read',
  exported: 'audit.exported',
  exportFinished: 'audit.export_finished',
  verified: 'audit.verified',
  subjectErased: 'audit.subject_erased',
  holdPlaced: 'audit.hold_placed',
  holdReleased: 'audit.hold_released',
  expired: 'audit.expired',
  conflict: 'audit.conflict',
} as const;
export type RecordType = (typeof RECORD_TYPE)[keyof typeof RECORD_TYPE];

export interface RecordOptions {
  readonly tenant: TenantId;
  readonly nowMs: number;
  /** Name of the API key or of the process that acted. */
  readonly actorId: string;
  readonly result?: string;
  readonly attributes: { readonly [name: string]: Json };
}

/** An event about the trail itself. */
export function makeLogRecord(
  type: RecordType,
  { tenant, nowMs, actorId, result = 'success', attributes }: RecordOptions,
): AuditEvent {
  const time = new Date(nowMs).toISOString();
  const id = createHash('sha256')
    .update(`${tenant}\nrecord\n${type}\n${time}\n${randomUUID()}`)
    .digest('hex');
  return {
    schema: 1,
    id: `ev_${id.slice(0, 40)}`,
    time,
    received: time,
    type,
    category: 'system',
    level: 'INFO',
    action: type,
    result,
    actor: { id: actorId, type: 'service' },
    targets: [],
    attributes,
  };
}

/** Hash of the stubs that an expiry leaves behind, as its record holds it. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
