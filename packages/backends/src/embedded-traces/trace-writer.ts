/** Writes indexed batches into the tables. Everything here runs inside one transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { TenantId } from '@sluice/core/ids';
import type { TelemetryPart } from '@sluice/core/ports/sink';
import type { BatchIndex, ServiceIndex } from './index-batch.ts';
import { filterRowId, MESSAGE_ROW_BYTES, MESSAGES_PER_BUCKET, TRACE_ROW_BYTES } from './trace-tables.ts';

export interface IndexedPart {
  readonly part: TelemetryPart;
  readonly index: BatchIndex;
}

export interface Inserted {
  /** That the store has grown by. */
  readonly bytes: number;
  readonly names: NamesSeen;
}

/** Names that need not be written again. */
interface NamesSeen {
  /** Ids of services, by tenant and name. */
  readonly services: Map<string, number>;
  /** By service and kind, then by name: the time step in which the operation was last noted. */
  readonly operations: Map<number, Map<string, number>>;
}

export interface TraceWriter {
  /** Stores what is not stored yet. */
  insert(tenant: TenantId, parts: readonly IndexedPart[]): Inserted;
  /** Call once the commit has succeeded: names written in it need not be written again. */
  remember(names: Inserted['names']): void;
  /** Call in the transaction that may delete names. */
  forget(): void;
}

/** Rows of trace_index that go into one statement: a call into SQLite costs more than a row. */
const ROWS_PER_STATEMENT = 16;
/** How exactly an operation's last sighting is known; each operation is written so often at most. */
const SEEN_STEP_MS = 60 * 60_000;
/** OTLP has six kinds of spans; one that a later version adds shares a group with another, no more. */
const KINDS = 8;
/** Span names with ids in them never come again: the cache starts anew before they fill the memory. */
const MAX_CACHED_NAMES = 50_000;

export function createTraceWriter(db: DatabaseSync): TraceWriter {
  const insertMessage = db.prepare(
    `INSERT OR IGNORE INTO trace_message
       (message_id, tenant, received_ms, spans, bytes, first_start_us, last_start_us, gzip)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertTrace = db.prepare('INSERT OR IGNORE INTO trace_index VALUES (?, ?, ?)');
  const insertTraces = db.prepare(
    `INSERT OR IGNORE INTO trace_index VALUES ${Array(ROWS_PER_STATEMENT).fill('(?, ?, ?)').join(', ')}`,
  );
  const insertFilter = db.prepare('INSERT OR REPLACE INTO trace_filter VALUES (?, ?, ?, ?, ?, ?)');
  const insertService = db.prepare('INSERT OR IGNORE INTO trace_service (tenant, name) VALUES (?, ?)');
  const findService = db.prepare('SELECT id FROM trace_service WHERE tenant = ? AND name = ?');
  const insertOperation = db.prepare(
    `INSERT INTO trace_operation VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms)`,
  );
  const addBytes = db.prepare('UPDATE trace_total SET bytes = bytes + ?');

  /** What is on disk, and what the transaction under way adds to it. */
  let known = noNames();
  let pending = noNames();
  let cachedNames = 0;

  const serviceId = (tenant: TenantId, name: string): number => {
    const key = `${tenant}\n${name}`;
    const cached = known.services.get(key);
    if (cached !== undefined) return cached;
    insertService.run(tenant, name);
    const id = Number(findService.get(tenant, name)!.id);
    pending.services.set(key, id);
    return id;
  };

  const noteOperations = (service: number, { operations }: ServiceIndex, receivedAtMs: number): void => {
    const step = Math.floor(receivedAtMs / SEEN_STEP_MS);
    for (const { name, kind } of operations) {
      const group = service * KINDS + (kind % KINDS);
      const seen = known.operations.get(group)?.get(name);
      if (seen !== undefined && seen >= step) continue;
      insertOperation.run(service, name, kind, receivedAtMs);
      remember(pending.operations, group, name, step);
    }
  };

  const insertTraceKeys = (seq: number, keys: Float64Array): void => {
    const bucket = Math.floor(seq / MESSAGES_PER_BUCKET);
    const place = seq % MESSAGES_PER_BUCKET;
    let at = 0;
    const row: number[] = [];
    for (; at + ROWS_PER_STATEMENT <= keys.length; at += ROWS_PER_STATEMENT) {
      row.length = 0;
      for (let i = at; i < at + ROWS_PER_STATEMENT; i++) row.push(bucket, keys[i]!, place);
      insertTraces.run(...row);
    }
    for (; at < keys.length; at++) insertTrace.run(bucket, keys[at]!, place);
  };

  const insertPart = (tenant: TenantId, { part, index }: IndexedPart): number => {
    const { services, traceKeys, spans } = index;
    const filterBytes = services.reduce((sum, { filter }) => sum + filter.length + 32, 0);
    const bytes = part.gzip.length + filterBytes + traceKeys.length * TRACE_ROW_BYTES + MESSAGE_ROW_BYTES;
    const { changes, lastInsertRowid } = insertMessage.run(
      Buffer.from(part.messageId, 'hex'),
      tenant,
      part.receivedAtMs,
      spans,
      bytes,
      Math.min(...services.map(({ firstStartUs }) => firstStartUs)),
      Math.max(...services.map(({ lastStartUs }) => lastStartUs)),
      part.gzip,
    );
    if (Number(changes) === 0) return 0;
    const seq = Number(lastInsertRowid);
    insertTraceKeys(seq, traceKeys);
    for (const service of services) {
      const id = serviceId(tenant, service.service);
      insertFilter.run(
        filterRowId(id, seq),
        service.firstStartUs,
        service.lastStartUs,
        service.maxDurationUs,
        service.errors,
        service.filter,
      );
      noteOperations(id, service, part.receivedAtMs);
    }
    return bytes;
  };

  return {
    insert(tenant, parts) {
      pending = noNames();
      let bytes = 0;
      for (const part of parts) if (part.index.spans > 0) bytes += insertPart(tenant, part);
      if (bytes > 0) addBytes.run(bytes);
      return { bytes, names: pending };
    },
    remember(names) {
      for (const [key, id] of names.services) known.services.set(key, id);
      for (const [group, steps] of names.operations) {
        for (const [name, step] of steps) remember(known.operations, group, name, step);
        cachedNames += steps.size;
      }
      if (cachedNames > MAX_CACHED_NAMES) this.forget();
    },
    forget() {
      known = noNames();
      cachedNames = 0;
    },
  };
}

function noNames(): NamesSeen {
  return { services: new Map(), operations: new Map() };
}

function remember(operations: NamesSeen['operations'], group: number, name: string, step: number): void {
  const steps = operations.get(group) ?? new Map<string, number>();
  operations.set(group, steps);
  steps.set(name, step);
}
