/** Deletes what is too old, and the oldest of what is too much. */
import type { DatabaseSync } from 'node:sqlite';
import { filterRowId, MESSAGES_PER_BUCKET } from './trace-tables.ts';

export interface PruneLimits {
  /** Messages received before this go. */
  readonly beforeMs: number;
  readonly maxBytes: number;
}

export interface Pruned {
  readonly messages: number;
  readonly spans: number;
  /** Of the messages: those that were young enough, but too many. */
  readonly overfull: number;
  /** There may be more to delete. */
  readonly more: boolean;
}

/** Bounds how long one transaction holds the event loop. */
const MESSAGES_PER_STEP = 256;

/** One step; run inside a transaction. */
export function pruneTraces(db: DatabaseSync, { beforeMs, maxBytes }: PruneLimits): Pruned {
  const total = Number(db.prepare('SELECT bytes FROM trace_total').get()!.bytes);
  const oldest = db
    .prepare('SELECT seq, received_ms, spans, bytes FROM trace_message ORDER BY seq LIMIT ?')
    .all(MESSAGES_PER_STEP);
  let lastSeq = 0;
  let bytes = 0;
  let messages = 0;
  let spans = 0;
  let overfull = 0;
  for (const row of oldest) {
    const isOld = Number(row.received_ms) < beforeMs;
    if (!isOld && total - bytes <= maxBytes) break;
    if (!isOld) overfull++;
    lastSeq = Number(row.seq);
    bytes += Number(row.bytes);
    spans += Number(row.spans);
    messages++;
  }
  if (messages > 0) deleteUpTo(db, lastSeq, bytes);
  return { messages, spans, overfull, more: messages === MESSAGES_PER_STEP };
}

function deleteUpTo(db: DatabaseSync, lastSeq: number, bytes: number): void {
  db.prepare('DELETE FROM trace_message WHERE seq <= ?').run(lastSeq);
  db.prepare('UPDATE trace_total SET bytes = bytes - ?').run(bytes);
  // The rest of a bucket stays until all of it is old: it points at messages that are gone, which does no harm.
  db.prepare('DELETE FROM trace_index WHERE bucket < ?').run(Math.floor((lastSeq + 1) / MESSAGES_PER_BUCKET));
  const deleteFilters = db.prepare('DELETE FROM trace_filter WHERE id BETWEEN ? AND ?');
  const isUsed = db.prepare('SELECT 1 FROM trace_filter WHERE id > ? AND id < ? LIMIT 1');
  const deleteService = db.prepare('DELETE FROM trace_service WHERE id = ?');
  const deleteOperations = db.prepare('DELETE FROM trace_operation WHERE service = ?');
  for (const { id } of db.prepare('SELECT id FROM trace_service').all()) {
    const service = Number(id);
    deleteFilters.run(filterRowId(service, 0), filterRowId(service, lastSeq));
    if (isUsed.get(filterRowId(service, 0), filterRowId(service + 1, 0)) !== undefined) continue;
    deleteService.run(service);
    deleteOperations.run(service);
  }
}

/** Operations that no span of the retained time has had. Run inside a transaction. */
export function pruneOperations(db: DatabaseSync, beforeMs: number): void {
  db.prepare('DELETE FROM trace_operation WHERE seen_ms < ?').run(beforeMs);
}
