/**
 * Where the candidates for a question come from: the look-ups of its actors, targets or types, whichever is
 * likely the narrowest, or else the segments one after the other. Candidates come in the order of the log.
 */
import type { TenantId } from '@sluice/core/ids';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import { EVENT_LIMITS } from '../event.ts';
import type { Keyring } from '../keyring.ts';
import { decodeSegment, type Segment } from '../segment.ts';
import {
  type IndexKind,
  indexPartition,
  padded,
  postingPrefix,
  segmentKey,
  tenantPartition,
} from '../table-keys.ts';
import type { Order } from './cursor.ts';
import type { EventFilter } from './event-filter.ts';

export interface SourceOptions {
  readonly table: Table;
  readonly keyring: Keyring;
  readonly tenant: TenantId;
  readonly filter: EventFilter;
  readonly order: Order;
  /** Only events after (oldest first) or before (newest first) this one. */
  readonly pastSeq?: number;
  readonly consistent: boolean;
}

/** A segment and the places in it that may hold a wanted event, in order. */
export interface Candidates {
  readonly segment: Segment;
  readonly offsets: readonly number[];
}

/** Of one actor, type or target at a time: a page of events seldom needs more, and a busy actor has millions. */
const POSTINGS_PAGE = 100;

/** Bounds on the time of recording that follow from bounds on the time of the event. */
interface RecordedRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export async function* findCandidates(options: SourceOptions): AsyncGenerator<Candidates> {
  const { order, pastSeq } = options;
  const isPast = (seq: number): boolean =>
    pastSeq === undefined || (order === 'newest' ? seq < pastSeq : seq > pastSeq);
  const refs = await chooseRefs(options);
  const source = refs === undefined ? scanSegments(options) : mergePostings(options, refs);
  for await (const { segment, offsets } of source) {
    const ordered = [...offsets].sort((a, b) => (order === 'newest' ? b - a : a - b));
    const left = ordered.filter((offset) => isPast(segment.firstSeq + offset));
    if (left.length > 0) yield { segment, offsets: left };
  }
}

/** The segment that holds an event. */
export async function loadSegmentOf(
  table: Table,
  tenant: TenantId,
  seq: number,
): Promise<Segment | undefined> {
  const page = await table.query({
    pk: tenantPartition(tenant),
    from: 'seg#',
    to: segmentKey(tenant, seq).sk,
    reverse: true,
    limit: 1,
    consistent: true,
  });
  const item = page.items[0];
  if (item === undefined) return undefined;
  const segment = decodeSegment(item);
  return seq < segment.frontier.size ? segment : undefined;
}

interface Ref {
  readonly kind: IndexKind;
  readonly ref: string;
}

async function chooseRefs({ filter, keyring, tenant }: SourceOptions): Promise<readonly Ref[] | undefined> {
  const toRefs = (kind: IndexKind, values: readonly string[], prefix: string): Promise<readonly Ref[]> =>
    Promise.all(
      [...new Set(values)].map(async (value) => ({
        kind,
        ref: await keyring.pseudonym(tenant, `${prefix}${value}`),
      })),
    );
  if (filter.actors !== undefined) return toRefs('a', filter.actors, '');
  if (filter.targets !== undefined) return toRefs('g', filter.targets, 'target\n');
  if (filter.types !== undefined) return toRefs('t', filter.types, 'type\n');
  return undefined;
}

function recordedRange({ fromMs = 0, toMs = Number.MAX_SAFE_INTEGER }: EventFilter): RecordedRange {
  return {
    fromMs: Math.max(0, fromMs - EVENT_LIMITS.futureWindowMs),
    toMs: Math.min(Number.MAX_SAFE_INTEGER, toMs + EVENT_LIMITS.pastWindowMs),
  };
}

async function* scanSegments({
  table,
  tenant,
  filter,
  order,
  pastSeq,
  consistent,
}: SourceOptions): AsyncGenerator<Candidates> {
  const range = recordedRange(filter);
  const all = { from: 'seg#', to: 'seg#~' };
  const start = order === 'oldest' ? await firstRecordedSince(table, tenant, range.fromMs) : 0;
  const bounds =
    order === 'newest'
      ? { ...all, to: pastSeq === undefined ? all.to : segmentKey(tenant, pastSeq).sk }
      : { ...all, from: await segmentStart(table, tenant, Math.max(start, pastSeq ?? 0)) };
  const query = { pk: tenantPartition(tenant), ...bounds, reverse: order === 'newest', consistent, limit: 8 };
  for await (const item of queryAll(table, query)) {
    const segment = decodeSegment(item);
    if (order === 'newest' ? segment.recordedMs < range.fromMs : segment.recordedMs > range.toMs) return;
    yield { segment, offsets: segment.bodies.map((_, offset) => offset) };
  }
}

/** Postings of several values as one stream in the order of the log; a segment comes once. */
async function* mergePostings(options: SourceOptions, refs: readonly Ref[]): AsyncGenerator<Candidates> {
  const { table, tenant, filter, order, consistent } = options;
  const range = recordedRange(filter);
  const streams = refs.map(({ kind, ref }) => {
    const prefix = postingPrefix(kind, ref);
    return queryAll(table, {
      pk: indexPartition(tenant, ref[0]!),
      from: `${prefix}${padded(range.fromMs)}`,
      to: `${prefix}${padded(range.toMs)}~`,
      reverse: order === 'newest',
      consistent,
      limit: POSTINGS_PAGE,
    });
  });
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  for (;;) {
    const open = heads.filter((head) => head.done !== true).map((head) => firstSeqOf(head.value as Item));
    if (open.length === 0) return;
    const next = order === 'newest' ? Math.max(...open) : Math.min(...open);
    const offsets = new Set<number>();
    for (const [i, head] of heads.entries()) {
      if (head.done === true || firstSeqOf(head.value) !== next) continue;
      for (const offset of head.value.offsets as Uint8Array) offsets.add(offset);
      heads[i] = await streams[i]!.next();
    }
    if (isBeforeCursor(next, options)) continue;
    const item = await table.get(segmentKey(tenant, next), { consistent });
    if (item !== undefined) yield { segment: decodeSegment(item), offsets: [...offsets] };
  }
}

/** Spares reading segments that lie wholly on the done side of a cursor. */
function isBeforeCursor(firstSeq: number, { order, pastSeq }: SourceOptions): boolean {
  return pastSeq !== undefined && (order === 'newest' ? firstSeq >= pastSeq : firstSeq + 127 < pastSeq);
}

function firstSeqOf({ sk }: Item): number {
  return Number(sk.slice(sk.lastIndexOf('#') + 1));
}

async function segmentStart(table: Table, tenant: TenantId, seq: number): Promise<string> {
  const segment = await loadSegmentOf(table, tenant, seq);
  return segment === undefined ? segmentKey(tenant, seq).sk : segmentKey(tenant, segment.firstSeq).sk;
}

/** First sequence of the oldest segment recorded at or after a time, by bisection over the log. */
async function firstRecordedSince(table: Table, tenant: TenantId, recordedMs: number): Promise<number> {
  const pk = tenantPartition(tenant);
  const last = (await table.query({ pk, prefix: 'seg#', reverse: true, limit: 1 })).items[0];
  let low = 0;
  let high = last === undefined ? 0 : decodeSegment(last).frontier.size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const segment = await loadSegmentOf(table, tenant, middle);
    if (segment === undefined) return low;
    if (segment.recordedMs < recordedMs) low = segment.frontier.size;
    else high = segment.firstSeq;
  }
  return low;
}
