/** The embedded log store's tables and every statement on them. */
import type { DatabaseSync } from 'node:sqlite';
import type { MessageId, TenantId } from '@sluice/core/ids';
import type { LogLabels, LogRange } from '../log-reader.ts';
import type { EncodedChunk } from './log-chunk.ts';

/** `tier`: chunks of one tier are merged into one of the next, so that a scan reads few and large ones. */
export const LOG_SCHEMA = [
  `CREATE TABLE log_streams (
     id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, labels TEXT NOT NULL, UNIQUE (tenant, labels));
   CREATE TABLE log_chunks (
     id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, tier INTEGER NOT NULL,
     first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, lines INTEGER NOT NULL, bytes INTEGER NOT NULL,
     stored_bytes INTEGER NOT NULL, stored_at_ms INTEGER NOT NULL, replaced_at_ms INTEGER, data BLOB NOT NULL);
   CREATE INDEX log_chunks_live ON log_chunks (stream, tier, last_ns) WHERE replaced_at_ms IS NULL;
   CREATE INDEX log_chunks_age ON log_chunks (stored_at_ms, stored_bytes, lines);
   CREATE INDEX log_chunks_replaced ON log_chunks (replaced_at_ms) WHERE replaced_at_ms IS NOT NULL;
   CREATE TABLE log_messages (id BLOB PRIMARY KEY, stored_at_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX log_messages_age ON log_messages (stored_at_ms);`,
] as const;

export interface ChunkRow {
  readonly id: number;
  readonly stream: number;
  readonly tier: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly count: number;
  readonly bytes: number;
  readonly storedAtMs: number;
}

export interface StreamRow {
  readonly id: number;
  readonly labels: LogLabels;
}

type Row = Readonly<Record<string, unknown>>;

const CHUNK_COLUMNS = 'id, stream, tier, first_ns, last_ns, lines, bytes, stored_at_ms';

export interface LogTables {
  hasMessage(id: MessageId): boolean;
  /** Answers false when the message was already there. */
  addMessage(id: MessageId, nowMs: number): boolean;
  /** The id of the stream with exactly these labels, new or known. */
  ensureStream(tenant: TenantId, labels: LogLabels): number;
  addChunk(chunk: EncodedChunk, place: { stream: number; tier: number; storedAtMs: number }): number;
  streams(tenant: TenantId): readonly StreamRow[];
  liveChunks(stream: number, range: LogRange): readonly ChunkRow[];
  chunksOfTier(stream: number, tier: number): readonly ChunkRow[];
  countOfTier(stream: number, tier: number): { readonly count: number; readonly bytes: number };
  readData(chunk: number): Uint8Array | undefined;
  markReplaced(chunks: readonly number[], nowMs: number): void;
  deleteReplaced(beforeMs: number): number;
  /** Deletes live and replaced chunks stored before then; answers what went. */
  deleteStoredBefore(beforeMs: number): { readonly lines: number; readonly bytes: number };
  deleteMessagesBefore(beforeMs: number): void;
  deleteEmptyStreams(): void;
  /** The oldest chunks, until `bytes` of them are found. */
  oldest(bytes: number): readonly { readonly id: number; readonly lines: number; readonly bytes: number }[];
  deleteChunk(id: number): void;
  totals(): {
    readonly chunks: number;
    readonly lines: number;
    readonly bytes: number;
    readonly storedBytes: number;
  };
}

export function createLogTables(db: DatabaseSync): LogTables {
  const hasMessage = db.prepare('SELECT 1 FROM log_messages WHERE id = ?');
  const addMessage = db.prepare('INSERT OR IGNORE INTO log_messages (id, stored_at_ms) VALUES (?, ?)');
  const findStream = db.prepare('SELECT id FROM log_streams WHERE tenant = ? AND labels = ?');
  const addStream = db.prepare('INSERT INTO log_streams (tenant, labels) VALUES (?, ?)');
  const addChunk = db.prepare(
    `INSERT INTO log_chunks (stream, tier, first_ns, last_ns, lines, bytes, stored_bytes, stored_at_ms, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const allStreams = db.prepare('SELECT id, labels FROM log_streams WHERE tenant = ? ORDER BY labels');
  const live = db.prepare(
    `SELECT ${CHUNK_COLUMNS} FROM log_chunks
     WHERE stream = ? AND replaced_at_ms IS NULL AND last_ns >= ? AND first_ns < ?`,
  );
  const ofTier = db.prepare(
    `SELECT ${CHUNK_COLUMNS} FROM log_chunks
     WHERE stream = ? AND tier = ? AND replaced_at_ms IS NULL ORDER BY first_ns, id`,
  );
  for (const statement of [live, ofTier]) statement.setReadBigInts(true);
  const countOfTier = db.prepare(
    `SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes FROM log_chunks
     WHERE stream = ? AND tier = ? AND replaced_at_ms IS NULL`,
  );
  const readData = db.prepare('SELECT data FROM log_chunks WHERE id = ?');
  const replace = db.prepare('UPDATE log_chunks SET replaced_at_ms = ? WHERE id = ?');
  const deleteReplaced = db.prepare('DELETE FROM log_chunks WHERE replaced_at_ms < ?');
  const sumBefore = db.prepare(
    `SELECT coalesce(sum(lines), 0) AS lines, coalesce(sum(stored_bytes), 0) AS bytes FROM log_chunks
     WHERE stored_at_ms < ? AND replaced_at_ms IS NULL`,
  );
  const deleteBefore = db.prepare('DELETE FROM log_chunks WHERE stored_at_ms < ?');
  const deleteMessages = db.prepare('DELETE FROM log_messages WHERE stored_at_ms < ?');
  const deleteStreams = db.prepare(
    'DELETE FROM log_streams WHERE NOT EXISTS (SELECT 1 FROM log_chunks WHERE log_chunks.stream = log_streams.id)',
  );
  const oldest = db.prepare(
    'SELECT id, lines, stored_bytes AS bytes FROM log_chunks ORDER BY stored_at_ms, id LIMIT 1000',
  );
  const deleteChunk = db.prepare('DELETE FROM log_chunks WHERE id = ?');
  const totals = db.prepare(
    `SELECT count(*) AS chunks, coalesce(sum(lines), 0) AS lines, coalesce(sum(bytes), 0) AS bytes,
            (SELECT coalesce(sum(stored_bytes), 0) FROM log_chunks) AS storedBytes
     FROM log_chunks WHERE replaced_at_ms IS NULL`,
  );

  return {
    hasMessage: (id) => hasMessage.get(Buffer.from(id, 'hex')) !== undefined,
    addMessage: (id, nowMs) => addMessage.run(Buffer.from(id, 'hex'), nowMs).changes === 1,
    ensureStream(tenant, labels) {
      const text = JSON.stringify(
        Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
      );
      const known = findStream.get(tenant, text) as Row | undefined;
      return Number(known === undefined ? addStream.run(tenant, text).lastInsertRowid : known.id);
    },
    addChunk({ firstNs, lastNs, count, bytes, data }, { stream, tier, storedAtMs }) {
      const { lastInsertRowid } = addChunk.run(
        stream,
        tier,
        firstNs,
        lastNs,
        count,
        bytes,
        data.length,
        storedAtMs,
        data,
      );
      return Number(lastInsertRowid);
    },
    streams: (tenant) =>
      (allStreams.all(tenant) as Row[]).map(({ id, labels }) => ({
        id: Number(id),
        labels: JSON.parse(String(labels)) as LogLabels,
      })),
    liveChunks: (stream, { startNs, endNs }) => (live.all(stream, startNs, endNs) as Row[]).map(toChunkRow),
    chunksOfTier: (stream, tier) => (ofTier.all(stream, tier) as Row[]).map(toChunkRow),
    countOfTier(stream, tier) {
      const row = countOfTier.get(stream, tier) as Row;
      return { count: Number(row.count), bytes: Number(row.bytes) };
    },
    readData: (chunk) => (readData.get(chunk) as Row | undefined)?.data as Uint8Array | undefined,
    markReplaced(chunks, nowMs) {
      for (const chunk of chunks) replace.run(nowMs, chunk);
    },
    deleteReplaced: (beforeMs) => Number(deleteReplaced.run(beforeMs).changes),
    deleteStoredBefore(beforeMs) {
      const row = sumBefore.get(beforeMs) as Row;
      deleteBefore.run(beforeMs);
      return { lines: Number(row.lines), bytes: Number(row.bytes) };
    },
    deleteMessagesBefore: (beforeMs) => void deleteMessages.run(beforeMs),
    deleteEmptyStreams: () => void deleteStreams.run(),
    oldest(bytes) {
      const found: { id: number; lines: number; bytes: number }[] = [];
      let sum = 0;
      for (const row of oldest.iterate() as Iterable<Row>) {
        if (sum >= bytes) break;
        found.push({ id: Number(row.id), lines: Number(row.lines), bytes: Number(row.bytes) });
        sum += Number(row.bytes);
      }
      return found;
    },
    deleteChunk: (id) => void deleteChunk.run(id),
    totals() {
      const row = totals.get() as Row;
      const read = (name: string): number => Number(row[name]);
      return {
        chunks: read('chunks'),
        lines: read('lines'),
        bytes: read('bytes'),
        storedBytes: read('storedBytes'),
      };
    },
  };
}

function toChunkRow(row: Row): ChunkRow {
  return {
    id: Number(row.id),
    stream: Number(row.stream),
    tier: Number(row.tier),
    firstNs: row.first_ns as bigint,
    lastNs: row.last_ns as bigint,
    count: Number(row.lines),
    bytes: Number(row.bytes),
    storedAtMs: Number(row.stored_at_ms),
  };
}
