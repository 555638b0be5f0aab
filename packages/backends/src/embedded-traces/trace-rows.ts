/** Reads of the trace tables, as plain values. Rows are read in pages, so that no cursor stays open over a write. */

import type { DatabaseSync } from 'node:sqlite';

import { inflateGzip } from '@sluice/core/gzip';
import type { TenantId } from '@sluice/core/ids';
import type { TimeRange, TraceOperation } from '../trace-reader.ts';
import { filterRowId, MESSAGES_PER_BUCKET, seqOfFilterRow } from './trace-tables.ts';

export interface FilterRow {
  readonly seq: number;
  readonly maxDurationUs: number;
  readonly errors: number;
  readonly filter: Uint8Array;
}

export interface TraceRows {
  serviceId(tenant: TenantId, name: string): number | undefined;
  services(tenant: TenantId): readonly string[];
  operations(service: number): readonly TraceOperation[];
  /** Filters of a service's messages that have spans in the range, last arrived first. */
  filters(service: number, range: TimeRange): Iterable<FilterRow>;
  /** Messages of a tenant that have spans in the range, last arrived first. */
  messages(tenant: TenantId, range: TimeRange): Iterable<number>;
  /** Messages that hold (or, rarely, seem to hold) spans of a trace, in order of arrival. */
  messagesOfTrace(traceKey: number): readonly number[];
  /** The inflated request; `undefined` when it is gone or another tenant's. */
  load(tenant: TenantId, seq: number): Promise<Uint8Array | undefined>;
}

const PAGE_ROWS = 128;
const MAX_SEQ = 2 ** 33 - 1;

export function createTraceRows(db: DatabaseSync): TraceRows {
  const findService = db.prepare('SELECT id FROM trace_service WHERE tenant = ? AND name = ?');
  const listServices = db.prepare('SELECT name FROM trace_service WHERE tenant = ? ORDER BY name');
  const listOperations = db.prepare(
    'SELECT name, kind FROM trace_operation WHERE service = ? ORDER BY name, kind',
  );
  const pageFilters = db.prepare(
    `SELECT id, max_duration_us, errors, filter FROM trace_filter
     WHERE id BETWEEN ? AND ? AND first_start_us <= ? AND last_start_us >= ? ORDER BY id DESC LIMIT ${PAGE_ROWS}`,
  );
  const pageMessages = db.prepare(
    `SELECT seq FROM trace_message
     WHERE seq <= ? AND tenant = ? AND first_start_us <= ? AND last_start_us >= ? ORDER BY seq DESC LIMIT ${PAGE_ROWS}`,
  );
  const border = db.prepare('SELECT min(seq) AS low, max(seq) AS high FROM trace_message');
  const findTrace = db.prepare(
    `WITH RECURSIVE numbers(bucket) AS (
       SELECT ?1 UNION ALL SELECT bucket + 1 FROM numbers WHERE bucket < ?2
     )
     SELECT t.bucket, t.place FROM numbers CROSS JOIN trace_index t
     ON t.bucket = numbers.bucket AND t.trace_key = ?3 ORDER BY t.bucket, t.place`,
  );
  const loadMessage = db.prepare('SELECT gzip FROM trace_message WHERE seq = ? AND tenant = ?');

  return {
    serviceId(tenant, name) {
      const row = findService.get(tenant, name);
      return row === undefined ? undefined : Number(row.id);
    },
    services: (tenant) => listServices.all(tenant).map(({ name }) => String(name)),
    operations: (service) =>
      listOperations.all(service).map(({ name, kind }) => ({ name: String(name), kind: Number(kind) })),
    *filters(service, range) {
      const { firstUs, lastUs } = toMicros(range);
      const floor = filterRowId(service, 0);
      for (let top = filterRowId(service, MAX_SEQ); ; ) {
        const rows = pageFilters.all(floor, top, lastUs, firstUs);
        for (const row of rows) {
          yield {
            seq: seqOfFilterRow(Number(row.id)),
            maxDurationUs: Number(row.max_duration_us),
            errors: Number(row.errors),
            filter: row.filter as Uint8Array,
          };
        }
        if (rows.length < PAGE_ROWS) return;
        top = Number(rows.at(-1)!.id) - 1;
      }
    },
    *messages(tenant, range) {
      const { firstUs, lastUs } = toMicros(range);
      for (let top = MAX_SEQ; ; ) {
        const rows = pageMessages.all(top, tenant, lastUs, firstUs);
        for (const row of rows) yield Number(row.seq);
        if (rows.length < PAGE_ROWS) return;
        top = Number(rows.at(-1)!.seq) - 1;
      }
    },
    messagesOfTrace(traceKey) {
      const { low, high } = border.get()!;
      if (low === null) return [];
      const toBucket = (seq: unknown): number => Math.floor(Number(seq) / MESSAGES_PER_BUCKET);
      return findTrace
        .all(toBucket(low), toBucket(high), traceKey)
        .map(({ bucket, place }) => Number(bucket) * MESSAGES_PER_BUCKET + Number(place));
    },
    async load(tenant, seq) {
      const row = loadMessage.get(seq, tenant);
      return row === undefined ? undefined : inflateGzip(row.gzip as Uint8Array);
    },
  };
}

/** Rounded outwards; the exact comparison is made on the spans. */
function toMicros({ startNs, endNs }: TimeRange): { firstUs: number; lastUs: number } {
  return {
    firstUs: startNs === undefined ? 0 : Number(startNs / 1000n) - 1,
    lastUs: endNs === undefined ? Number.MAX_SAFE_INTEGER : Number(endNs / 1000n) + 1,
  };
}
