/**
 * Retention: bodies of old events are removed, their leaf hashes stay, so the tree and every checkpoint remain
 * provable. Each removal is recorded in the log before it is done.
 */
import type { TenantId } from '@sluice/core/ids';
import { type Item, queryAll } from '@sluice/core/ports/table';
import { indexItemsOf } from '../index-items.ts';
import { digestOf, makeLogRecord, RECORD_TYPE } from '../log-records.ts';
import type { SealedEvent } from '../sealed-event.ts';
import { decodeSegment, encodeSegment, encodeStubs, parseBody, type Segment, type Stub } from '../segment.ts';
import { tenantPartition } from '../table-keys.ts';
import { type HoldDeps, isHeld, listHolds, type Operator } from './holds.ts';

export interface ExpireOptions extends HoldDeps, Operator {
  readonly retentionMs: number;
  /** Segments rewritten in one run; the rest waits for the next. */
  readonly maxSegments?: number;
}

export interface Expiry {
  readonly expired: number;
  readonly held: number;
}

/** Records that the verifier needs for ever. */
const KEPT: ReadonlySet<string> = new Set([
  RECORD_TYPE.expired,
  RECORD_TYPE.subjectErased,
  RECORD_TYPE.holdPlaced,
  RECORD_TYPE.holdReleased,
]);

/** Removes what is older than the retention. May be killed anywhere and run again. */
export async function expireEvents(tenant: TenantId, options: ExpireOptions): Promise<Expiry> {
  const { table, nowMs, retentionMs, maxSegments = 1000 } = options;
  const holds = await listHolds(table, tenant);
  let rewritten = 0;
  let expired = 0;
  let held = 0;
  for await (const item of queryAll(table, {
    pk: tenantPartition(tenant),
    from: 'seg#',
    to: 'seg#~',
    limit: 8,
    consistent: true,
  })) {
    const segment = decodeSegment(item);
    if (segment.recordedMs > nowMs - retentionMs || rewritten === maxSegments) break;
    const events = segment.bodies.map((body) => (body === undefined ? undefined : parseBody(body)));
    const old = events.flatMap((event, offset) =>
      event === undefined || KEPT.has(event.type) ? [] : [{ event, offset }],
    );
    const gone = old.filter(({ event }) => !isHeld(event, holds));
    held += old.length - gone.length;
    if (gone.length === 0) continue;
    await expireFrom(
      tenant,
      { segment, events, gone: new Set(gone.map(({ offset }) => offset)), root: String(item.root) },
      options,
    );
    rewritten += 1;
    expired += gone.length;
  }
  return { expired, held };
}

interface Rewrite {
  readonly segment: Segment;
  readonly events: readonly (SealedEvent | undefined)[];
  readonly gone: ReadonlySet<number>;
  readonly root: string;
}

async function expireFrom(
  tenant: TenantId,
  { segment, events, gone, root }: Rewrite,
  { table, log, keyring, nowMs, actorId }: ExpireOptions,
): Promise<void> {
  const fresh = [...gone].map((offset): Stub => {
    const { id, same } = events[offset]!;
    return { offset, id, ...(same === undefined ? {} : { same }) };
  });
  const stubs = [...segment.stubs, ...fresh].sort((a, b) => a.offset - b.offset);
  const left = events.map((event, offset) => (gone.has(offset) ? undefined : event));
  const attributes = {
    first_seq: segment.firstSeq,
    count: fresh.length,
    digest: digestOf(encodeStubs(stubs)),
  };
  await log.append(tenant, [makeLogRecord(RECORD_TYPE.expired, { tenant, nowMs, actorId, attributes })]);

  const before = await indexItemsOf(tenant, { ...segment, events }, keyring);
  const after = await indexItemsOf(tenant, { ...segment, events: left, stubs }, keyring);
  const kept = new Set(after.map(keyText));
  await Promise.all(before.filter((item) => !kept.has(keyText(item))).map((item) => table.delete(item)));
  await Promise.all(after.map((item) => table.put(item)));

  const bodies = segment.bodies.map((body, offset) => (gone.has(offset) ? undefined : body));
  const rewritten = encodeSegment(tenant, { ...segment, bodies, stubs });
  await table.put(rewritten, { condition: { kind: 'equals', attribute: 'root', value: root } });
}

function keyText({ pk, sk }: Item): string {
  return `${pk} ${sk}`;
}
