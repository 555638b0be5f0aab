/**
 * The log of each tenant: appends batches of events, each event with a client's id exactly once over any
 * delay. No transactions: a batch is one conditional put, and what follows from it (look-ups, tiles) is written behind
 * a watermark that every append repairs first. Any number of appenders may race; one of them wins each place.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import type { AuditEvent } from './event.ts';
import { indexItemsOf } from './index-items.ts';
import type { Keyring } from './keyring.ts';
import { EMPTY_FRONTIER, type Frontier } from './merkle-tree.ts';
import { entryOf, type SealedEvent, sealEvent } from './sealed-event.ts';
import {
  decodeSegment,
  encodeSegment,
  makeSegment,
  parseBody,
  SEGMENT_LIMITS,
  type Segment,
} from './segment.ts';
import {
  eventIdKey,
  padded,
  TENANTS_PARTITION,
  tenantKey,
  tenantPartition,
  watermarkKey,
} from './table-keys.ts';
import { tilesOf } from './tiles.ts';

/** What became of one event, in the order given. */
export type AppendResult =
  | { readonly status: 'appended' | 'repeated'; readonly id: string; readonly seq: number }
  /** The same client id with other content: the first one stands. */
  | { readonly status: 'conflict'; readonly id: string; readonly seq: number };

export interface AuditLog {
  /** Resolves when every event is in the log and can be looked up. @throws (retryable) when the table fails. */
  append(tenant: TenantId, events: readonly AuditEvent[]): Promise<readonly AppendResult[]>;
  /** The newest state that is in the table. */
  head(tenant: TenantId): Promise<Head>;
}

export interface Head {
  readonly frontier: Frontier;
  readonly recordedMs: number;
}

export interface AuditLogOptions {
  readonly table: Table;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly personalAttributes?: ReadonlySet<string>;
}

const EMPTY_HEAD: Head = { frontier: EMPTY_FRONTIER, recordedMs: 0 };
/** Losing this many places in a row means that something is wrong, not that there is competition. */
const MAX_RACES = 50;

export function createAuditLog(options: AuditLogOptions): AuditLog {
  const { table, keyring, clock } = options;
  /** May be out of date: the next put then fails. Its look-ups are complete. */
  const known = new Map<TenantId, Head>();

  async function loadHead(tenant: TenantId): Promise<Head> {
    const page = await table.query({
      pk: tenantPartition(tenant),
      prefix: 'seg#',
      reverse: true,
      limit: 1,
      consistent: true,
    });
    const item = page.items[0];
    if (item === undefined) return EMPTY_HEAD;
    const { frontier, recordedMs } = decodeSegment(item);
    return { frontier, recordedMs };
  }

  /** Loads the head and completes the look-ups of whoever died, or is still busy, before it. */
  async function catchUp(tenant: TenantId): Promise<Head> {
    const [head, mark] = await Promise.all([
      loadHead(tenant),
      table.get(watermarkKey(tenant), { consistent: true }),
    ]);
    const from = typeof mark?.size === 'number' ? mark.size : 0;
    if (from < head.frontier.size) {
      const query = {
        pk: tenantPartition(tenant),
        from: `seg#${padded(from)}`,
        to: `seg#${padded(head.frontier.size)}`,
        consistent: true,
      };
      for await (const item of queryAll(table, query)) await writeDerived(tenant, decodeSegment(item));
      await table.put({ ...watermarkKey(tenant), size: head.frontier.size });
    }
    return head;
  }

  async function writeDerived(tenant: TenantId, segment: Segment): Promise<void> {
    const events = segment.bodies.map((body) => (body === undefined ? undefined : parseBody(body)));
    const items: readonly Item[] = [
      ...(await indexItemsOf(tenant, { ...segment, events }, keyring)),
      ...(await tilesOf({ table, tenant }, segment)),
    ];
    await Promise.all(items.map((item) => table.put(item)));
  }

  /**
   * A read each, of events without a client's id as well: these very events may have been appended by somebody who died
   * before saying so, and a queue need not know that it delivers twice.
   */
  async function findRepeats(
    tenant: TenantId,
    events: readonly SealedEvent[],
  ): Promise<readonly (AppendResult | undefined)[]> {
    return Promise.all(
      events.map(async ({ id, same }) => {
        const item = await table.get(eventIdKey(tenant, id), { consistent: true });
        return item === undefined ? undefined : repeatOf(id, same, item);
      }),
    );
  }

  async function appendSegment(
    tenant: TenantId,
    events: readonly SealedEvent[],
  ): Promise<readonly AppendResult[]> {
    for (let race = 0; race < MAX_RACES; race++) {
      const before = known.get(tenant) ?? (await catchUp(tenant));
      const found = await findRepeats(tenant, events);
      const fresh = events.filter((_, i) => found[i] === undefined);
      if (fresh.length > 0) {
        const recordedMs = Math.max(before.recordedMs, clock.nowMs());
        const segment = makeSegment(before.frontier, fresh, recordedMs);
        known.delete(tenant);
        if (before.frontier.size === 0) await table.put({ ...tenantKey(tenant) });
        const put = await table.put(encodeSegment(tenant, segment), { condition: { kind: 'absent' } });
        if (put === 'conflict') continue;
        await writeDerived(tenant, segment);
        await table.put({ ...watermarkKey(tenant), size: segment.frontier.size });
        known.set(tenant, { frontier: segment.frontier, recordedMs });
      }
      let seq = before.frontier.size;
      return events.map((event, i) => found[i] ?? { status: 'appended', id: event.id, seq: seq++ });
    }
    throw new Error(`tenant ${tenant}: another appender won ${MAX_RACES} places in a row`);
  }

  return {
    head: loadHead,
    async append(tenant, events) {
      const sealed: SealedEvent[] = [];
      for (const event of events) sealed.push(await sealEvent(event, { ...options, tenant }));
      const results: AppendResult[] = [];
      for (const batch of packSegments(sealed)) results.push(...(await appendSegment(tenant, batch)));
      return results;
    },
  };
}

/** Every tenant that has a log, or is about to. */
export async function listTenants(table: Table): Promise<readonly TenantId[]> {
  const tenants: TenantId[] = [];
  for await (const { sk } of queryAll(table, { pk: TENANTS_PARTITION, consistent: true }))
    tenants.push(sk as TenantId);
  return tenants;
}

function repeatOf(id: string, same: string | undefined, item: Item): AppendResult {
  return { status: item.same === same ? 'repeated' : 'conflict', id, seq: Number(item.seq) };
}

/** In order, within the bounds of a segment, and never one id twice in the same batch. */
function* packSegments(events: readonly SealedEvent[]): Generator<readonly SealedEvent[]> {
  let batch: SealedEvent[] = [];
  let bytes = 0;
  let ids = new Set<string>();
  for (const event of events) {
    const length = entryOf(event).length;
    const full = batch.length >= SEGMENT_LIMITS.maxEvents || bytes + length > SEGMENT_LIMITS.maxBytes;
    if (batch.length > 0 && (full || ids.has(event.id))) {
      yield batch;
      batch = [];
      bytes = 0;
      ids = new Set();
    }
    batch.push(event);
    bytes += length;
    ids.add(event.id);
  }
  if (batch.length > 0) yield batch;
}
