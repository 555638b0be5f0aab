/** Reading a trail: pages of events, one event, and the proof that it is in the log. */
import type { TenantId } from '@sluice/core/ids';
import type { Table } from '@sluice/core/ports/table';
import type { Keyring } from '../keyring.ts';
import { proveInclusion } from '../merkle-tree.ts';
import { entryOf, type OpenedEvent, openEvent, type SealedEvent } from '../sealed-event.ts';
import { parseBody, type Segment } from '../segment.ts';
import { checkpointKey, eventIdKey, padded, tenantPartition } from '../table-keys.ts';
import { createNodeReader } from '../tiles.ts';
import { decodeCursor, encodeCursor, type Order } from './cursor.ts';
import { type EventFilter, isWanted } from './event-filter.ts';
import { findCandidates, loadSegmentOf } from './event-source.ts';

export interface NumberedEvent {
  readonly seq: number;
  readonly event: OpenedEvent;
}

export interface EventPage {
  readonly events: readonly NumberedEvent[];
  /** Set when there may be more; a page can be short, even empty, and still have one. */
  readonly cursor?: string;
}

export interface ReadOptions {
  /** 1-1000. */
  readonly limit: number;
  readonly order: Order;
  readonly cursor?: string;
  /** Sees every event that was appended before the call, at twice the read cost. */
  readonly consistent?: boolean;
  /** Who asks; a cursor serves nobody else. */
  readonly reader?: string;
  /** For a reader who follows the log, oldest first: the last page has a cursor, too, from which to go on later. */
  readonly follow?: boolean;
}

export interface EventProof {
  readonly seq: number;
  /** The bytes that the tree commits to, as text. */
  readonly entry: string;
  /** Signed note of the smallest checkpoint that covers the event. */
  readonly checkpoint: string;
  readonly size: number;
  /** Base64, leaf side first (RFC 6962 § 2.1.1). */
  readonly inclusion: readonly string[];
}

export type ProofAnswer =
  | { readonly status: 'ok'; readonly proof: EventProof }
  | { readonly status: 'unknown' | 'unsealed' | 'expired' };

export interface TrailReader {
  /** @throws CursorError for a cursor of another question. */
  query(tenant: TenantId, filter: EventFilter, options: ReadOptions): Promise<EventPage>;
  get(tenant: TenantId, eventId: string): Promise<NumberedEvent | undefined>;
  prove(tenant: TenantId, eventId: string): Promise<ProofAnswer>;
  /** Signed notes, newest first. */
  checkpoints(tenant: TenantId, limit: number): Promise<readonly string[]>;
}

/** Segments that one page may read: bounds its time when few of many events are wanted. */
const MAX_SEGMENTS = 400;

export function createTrailReader({
  table,
  keyring,
}: {
  readonly table: Table;
  readonly keyring: Keyring;
}): TrailReader {
  const open = (tenant: TenantId, sealed: SealedEvent): Promise<OpenedEvent> =>
    openEvent(sealed, { keyring, tenant });

  async function locate(
    tenant: TenantId,
    eventId: string,
  ): Promise<{ seq: number; segment: Segment } | undefined> {
    const item = await table.get(eventIdKey(tenant, eventId), { consistent: true });
    if (typeof item?.seq !== 'number') return undefined;
    const segment = await loadSegmentOf(table, tenant, item.seq);
    return segment === undefined ? undefined : { seq: item.seq, segment };
  }

  return {
    async query(tenant, filter, options) {
      const { limit, order, cursor, consistent = false, reader, follow = false } = options;
      const question = { tenant, filter, order, ...(reader === undefined ? {} : { reader }) };
      const pastSeq = cursor === undefined ? undefined : await decodeCursor(cursor, question, keyring);
      const events: NumberedEvent[] = [];
      let segments = 0;
      let lastSeq = pastSeq;
      const source = findCandidates({
        table,
        keyring,
        tenant,
        filter,
        order,
        consistent,
        ...(pastSeq === undefined ? {} : { pastSeq }),
      });
      for await (const { segment, offsets } of source) {
        for (const offset of offsets) {
          if (events.length === limit)
            return { events, cursor: await encodeCursor(lastSeq!, question, keyring) };
          const body = segment.bodies[offset];
          lastSeq = segment.firstSeq + offset;
          if (body === undefined) continue;
          const event = await open(tenant, parseBody(body));
          if (isWanted(event, filter)) events.push({ seq: lastSeq, event });
        }
        segments += 1;
        if (segments === MAX_SEGMENTS)
          return { events, cursor: await encodeCursor(lastSeq!, question, keyring) };
      }
      if (!follow || order !== 'oldest') return { events };
      return { events, cursor: await encodeCursor(lastSeq ?? -1, question, keyring) };
    },

    async get(tenant, eventId) {
      const found = await locate(tenant, eventId);
      const body = found?.segment.bodies[found.seq - found.segment.firstSeq];
      return found === undefined || body === undefined
        ? undefined
        : { seq: found.seq, event: await open(tenant, parseBody(body)) };
    },

    async prove(tenant, eventId) {
      const found = await locate(tenant, eventId);
      if (found === undefined) return { status: 'unknown' };
      const { seq, segment } = found;
      const body = segment.bodies[seq - segment.firstSeq];
      if (body === undefined) return { status: 'expired' };
      const page = await table.query({
        pk: tenantPartition(tenant),
        from: `chk#${padded(seq + 1)}`,
        to: 'chk#~',
        limit: 1,
        consistent: true,
      });
      const item = page.items[0];
      if (typeof item?.note !== 'string') return { status: 'unsealed' };
      const size = Number(item.sk.slice(checkpointKey(tenant, 0).sk.indexOf('#') + 1));
      const inclusion = await proveInclusion(seq, size, createNodeReader({ table, tenant }));
      return {
        status: 'ok',
        proof: {
          seq,
          entry: Buffer.from(entryOf(parseBody(body))).toString(),
          checkpoint: item.note,
          size,
          inclusion: inclusion.map((hash) => Buffer.from(hash).toString('base64')),
        },
      };
    },

    async checkpoints(tenant, limit) {
      const page = await table.query({
        pk: tenantPartition(tenant),
        prefix: 'chk#',
        reverse: true,
        limit,
        consistent: true,
      });
      return page.items.map((item) => String(item.note));
    },
  };
}
