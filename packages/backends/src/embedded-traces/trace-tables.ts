/**
 * The tables of the embedded trace store.
 *
 * - `trace_message`: one row per queue message, its gzip as it came. The message id makes a push idempotent.
 * - `trace_index`: which messages hold spans of a trace. Keys start with a bucket of 256 messages, so that
 *   inserts, though trace ids are random, touch the few pages of the newest bucket, and old buckets go as
 *   one range. A look-up asks every bucket; that is a few microseconds each.
 * - `trace_filter`: per service and message, what a search can rule the message out by. The row id is
 *   service * 2^33 + message, so that a service's messages lie together, in order of arrival.
 */
export const TRACE_TABLES: readonly string[] = [
  `CREATE TABLE trace_message (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     message_id BLOB NOT NULL UNIQUE,
     tenant TEXT NOT NULL,
     received_ms INTEGER NOT NULL,
     spans INTEGER NOT NULL,
     bytes INTEGER NOT NULL,
     first_start_us INTEGER NOT NULL,
     last_start_us INTEGER NOT NULL,
     gzip BLOB NOT NULL
   );
   CREATE TABLE trace_index (
     bucket INTEGER NOT NULL,
     trace_key INTEGER NOT NULL,
     place INTEGER NOT NULL,
     PRIMARY KEY (bucket, trace_key, place)
   ) WITHOUT ROWID;
   CREATE TABLE trace_service (
     id INTEGER PRIMARY KEY,
     tenant TEXT NOT NULL,
     name TEXT NOT NULL,
     UNIQUE (tenant, name)
   );
   CREATE TABLE trace_operation (
     service INTEGER NOT NULL,
     name TEXT NOT NULL,
     kind INTEGER NOT NULL,
     seen_ms INTEGER NOT NULL,
     PRIMARY KEY (service, name, kind)
   ) WITHOUT ROWID;
   CREATE TABLE trace_filter (
     id INTEGER PRIMARY KEY,
     first_start_us INTEGER NOT NULL,
     last_start_us INTEGER NOT NULL,
     max_duration_us INTEGER NOT NULL,
     errors INTEGER NOT NULL,
     filter BLOB NOT NULL
   );
   CREATE TABLE trace_total (id INTEGER PRIMARY KEY CHECK (id = 1), bytes INTEGER NOT NULL);
   INSERT INTO trace_total VALUES (1, 0);`,
];

export const MESSAGES_PER_BUCKET = 256;

/** Room for 8.5 thousand million messages per service; ids stay below 2^53 up to a million services. */
const MESSAGES_PER_SERVICE = 2 ** 33;

export function filterRowId(service: number, seq: number): number {
  return service * MESSAGES_PER_SERVICE + seq;
}

export function seqOfFilterRow(id: number): number {
  return id % MESSAGES_PER_SERVICE;
}

/** Rows that one indexed trace of a message, and one message, take beside their blobs, roughly. */
export const TRACE_ROW_BYTES = 24;
export const MESSAGE_ROW_BYTES = 160;
