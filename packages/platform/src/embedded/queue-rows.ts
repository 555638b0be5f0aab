/**
 * The rows of embedded queues and the statements over them. State (which changes with every receive)
 * and content (which never does) are separate tables, so that a receive does not rewrite the body.
 * Every function here runs inside a write of the database.
 */
import { createHash, randomUUID } from 'node:crypto';
import { toDeadLetter } from '@sluice/core/envelope';
import { type OutgoingMessage, QUEUE_LIMITS, type ReceivedMessage } from '@sluice/core/ports/queue';
import type { EmbeddedDatabase } from './database.ts';

const SCHEMA = [
  `CREATE TABLE queue_state (
     seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, visible_at INTEGER NOT NULL,
     receives INTEGER NOT NULL, sent_at INTEGER NOT NULL, message_id TEXT NOT NULL, group_id TEXT);
   CREATE INDEX queue_visible ON queue_state (queue, visible_at, receives, sent_at);
   CREATE INDEX queue_group ON queue_state (queue, group_id, seq) WHERE group_id IS NOT NULL;
   CREATE TABLE queue_content (seq INTEGER PRIMARY KEY, attributes TEXT NOT NULL, body TEXT NOT NULL);
   CREATE TABLE queue_deduplication (
     queue TEXT NOT NULL, id TEXT NOT NULL, message_id TEXT NOT NULL, expires_at INTEGER NOT NULL,
     PRIMARY KEY (queue, id)) WITHOUT ROWID;
   CREATE INDEX queue_deduplication_expiry ON queue_deduplication (expires_at);`,
];

/** What a receive decides on; the content is read only for messages that are handed out. */
export interface StateRow {
  readonly seq: number;
  readonly receives: number;
  readonly sent_at: number;
  readonly message_id: string;
  readonly group_id: string | null;
}

export interface QueueRows {
  insert(message: OutgoingMessage, nowMs: number): string;
  /** The id of the message that took this deduplication id in the window, or `undefined`. */
  findDuplicate(message: OutgoingMessage, nowMs: number): string | undefined;
  noteDeduplication(message: OutgoingMessage, messageId: string, nowMs: number): void;
  /** In order of visibility: what a standard queue hands out next. */
  visible(nowMs: number, limit: number): readonly StateRow[];
  /** In order of sending, only from groups of which nothing is in flight. */
  visibleInGroups(nowMs: number, limit: number): readonly StateRow[];
  take(row: StateRow, visibleAtMs: number): ReceivedMessage;
  moveToDeadLetter(
    row: StateRow,
    target: { readonly queue: string; readonly reason: string; readonly nowMs: number },
  ): void;
  remove(seq: number, receives: number): void;
  hide(seq: number, receives: number, visibleAtMs: number): boolean;
  releaseInFlight(nowMs: number): number;
  purgeBefore(sentAtMs: number): number;
  purgeDeduplication(nowMs: number): void;
}

const STATE = 'seq, receives, sent_at, message_id, group_id';

export function createQueueRows({ db, migrate }: EmbeddedDatabase, queue: string): QueueRows {
  migrate('queue', SCHEMA);
  const insertState = db.prepare(
    'INSERT INTO queue_state (queue, visible_at, receives, sent_at, message_id, group_id) VALUES (?, ?, 0, ?, ?, ?)',
  );
  const insertContent = db.prepare('INSERT INTO queue_content (seq, attributes, body) VALUES (?, ?, ?)');
  const selectVisible = db.prepare(
    `SELECT ${STATE} FROM queue_state WHERE queue = ? AND visible_at <= ? ORDER BY visible_at, seq LIMIT ?`,
  );
  // A loose index scan: one step for each group, however many messages wait in it.
  const selectGroups = db.prepare(
    `WITH RECURSIVE head(group_id) AS (
       SELECT min(group_id) FROM queue_state WHERE queue = ?1 AND group_id IS NOT NULL
       UNION ALL
       SELECT (SELECT min(group_id) FROM queue_state WHERE queue = ?1 AND group_id > head.group_id)
       FROM head WHERE head.group_id IS NOT NULL)
     SELECT group_id, (SELECT min(seq) FROM queue_state s WHERE s.queue = ?1 AND s.group_id = head.group_id) AS seq
     FROM head WHERE group_id IS NOT NULL ORDER BY seq`,
  );
  const selectBlocked = db.prepare(
    'SELECT DISTINCT group_id FROM queue_state WHERE queue = ? AND visible_at > ? AND group_id IS NOT NULL',
  );
  const selectGroup = db.prepare(
    `SELECT ${STATE} FROM queue_state WHERE queue = ? AND group_id = ? ORDER BY seq LIMIT ?`,
  );
  const selectContent = db.prepare('SELECT attributes, body FROM queue_content WHERE seq = ?');
  const updateTaken = db.prepare(
    'UPDATE queue_state SET visible_at = ?, receives = receives + 1 WHERE seq = ?',
  );
  const updateMoved = db.prepare(
    'UPDATE queue_state SET queue = ?, visible_at = ?, receives = 0 WHERE seq = ?',
  );
  const updateAttributes = db.prepare('UPDATE queue_content SET attributes = ? WHERE seq = ?');
  const updateVisible = db.prepare(
    'UPDATE queue_state SET visible_at = ? WHERE seq = ? AND queue = ? AND receives = ?',
  );
  const updateInFlight = db.prepare(
    'UPDATE queue_state SET visible_at = ?1 WHERE queue = ?2 AND visible_at > ?1 AND receives > 0',
  );
  const deleteState = db.prepare('DELETE FROM queue_state WHERE seq = ? AND queue = ? AND receives = ?');
  const deleteContent = db.prepare('DELETE FROM queue_content WHERE seq = ?');
  const selectOld = db.prepare(
    'SELECT seq, receives FROM queue_state WHERE queue = ? AND sent_at < ? LIMIT 1000',
  );
  const selectDuplicate = db.prepare(
    'SELECT message_id FROM queue_deduplication WHERE queue = ? AND id = ? AND expires_at > ?',
  );
  const insertDuplicate = db.prepare('INSERT OR REPLACE INTO queue_deduplication VALUES (?, ?, ?, ?)');
  const deleteDuplicates = db.prepare('DELETE FROM queue_deduplication WHERE expires_at <= ?');

  const remove = (seq: number, receives: number): void => {
    if (deleteState.run(seq, queue, receives).changes === 1) deleteContent.run(seq);
  };
  const contentOf = (seq: number): { attributes: Record<string, string>; body: string } => {
    const row = selectContent.get(seq) as { attributes: string; body: string };
    return { attributes: JSON.parse(row.attributes) as Record<string, string>, body: row.body };
  };

  return {
    insert(message, nowMs) {
      const messageId = randomUUID();
      const visibleAt = nowMs + (message.delaySeconds ?? 0) * 1000;
      const { lastInsertRowid } = insertState.run(
        queue,
        visibleAt,
        nowMs,
        messageId,
        message.groupId ?? null,
      );
      insertContent.run(lastInsertRowid, JSON.stringify(message.attributes), message.body);
      return messageId;
    },
    findDuplicate(message, nowMs) {
      const row = selectDuplicate.get(queue, deduplicationIdOf(message), nowMs);
      return row === undefined ? undefined : String(row.message_id);
    },
    noteDeduplication(message, messageId, nowMs) {
      const expiresAt = nowMs + QUEUE_LIMITS.deduplicationWindowMs;
      insertDuplicate.run(queue, deduplicationIdOf(message), messageId, expiresAt);
    },
    visible: (nowMs, limit) => selectVisible.all(queue, nowMs, limit) as unknown as StateRow[],
    visibleInGroups(nowMs, limit) {
      const blocked = new Set(selectBlocked.all(queue, nowMs).map((row) => row.group_id));
      const rows: StateRow[] = [];
      for (const { group_id } of selectGroups.iterate(queue)) {
        if (rows.length >= limit) break;
        if (blocked.has(group_id!)) continue;
        rows.push(...(selectGroup.all(queue, group_id!, limit - rows.length) as unknown as StateRow[]));
      }
      return rows;
    },
    take(row, visibleAtMs) {
      updateTaken.run(visibleAtMs, row.seq);
      const receives = row.receives + 1;
      return {
        messageId: row.message_id,
        ...contentOf(row.seq),
        receiveCount: receives,
        sentAtMs: row.sent_at,
        ...(row.group_id === null ? {} : { groupId: row.group_id }),
        receiptHandle: `${row.seq}.${receives}`,
      };
    },
    moveToDeadLetter(row, { queue: target, reason, nowMs }) {
      const { attributes } = toDeadLetter(contentOf(row.seq), { reason, source: queue, atMs: nowMs });
      updateMoved.run(target, nowMs, row.seq);
      updateAttributes.run(JSON.stringify(attributes), row.seq);
    },
    remove,
    hide: (seq, receives, visibleAtMs) => updateVisible.run(visibleAtMs, seq, queue, receives).changes === 1,
    releaseInFlight: (nowMs) => Number(updateInFlight.run(nowMs, queue).changes),
    purgeBefore(sentAtMs) {
      const old = selectOld.all(queue, sentAtMs);
      for (const row of old) remove(Number(row.seq), Number(row.receives));
      return old.length;
    },
    purgeDeduplication: (nowMs) => void deleteDuplicates.run(nowMs),
  };
}

/** Without an explicit id the content counts: SHA-256 of the body, without attributes (SQS: ContentBasedDeduplication). */
function deduplicationIdOf({ deduplicationId, body }: OutgoingMessage): string {
  return deduplicationId ?? createHash('sha256').update(body).digest('hex');
}
