/**
 * A segment: the immutable item that holds one batch of events with their leaf hashes and the tree after
 * them. Putting it where the next sequence number points, if nothing is there, is the compare-and-swap on the log.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Item } from '@sluice/core/ports/table';
import { appendLeaves, type Frontier, HASH_BYTES, hashLeaf, rootOf } from './merkle-tree.ts';
import { entryOf, type SealedEvent } from './sealed-event.ts';
import { segmentKey } from './table-keys.ts';

/** Bounds of one segment: small enough to read whole for one event, and well below a table item's limit. */
export const SEGMENT_LIMITS = { maxEvents: 128, maxBytes: 300_000 } as const;

export interface Segment {
  readonly firstSeq: number;
  readonly recordedMs: number;
  /** Canonical JSON of each sealed event; `undefined` where retention has removed the body. */
  readonly bodies: readonly (Uint8Array | undefined)[];
  readonly leafHashes: readonly Uint8Array[];
  /** The tree after the last event of this segment. */
  readonly frontier: Frontier;
  /** Of the events whose body is gone, in order. */
  readonly stubs: readonly Stub[];
}

/** What stays of an expired event: enough to recognise a repeat of it. */
export interface Stub {
  readonly offset: number;
  readonly id: string;
  readonly same?: string;
}

/** Of every segment; `stubs` only where something has expired. */
const ATTRIBUTES = ['recordedMs', 'size', 'lengths', 'bodies', 'leaves', 'frontier', 'root'];

/** What a damaged item is. Its text says which item, and how it is damaged. */
export class SegmentError extends Error {
  override readonly name = 'SegmentError';
}

export function makeSegment(before: Frontier, events: readonly SealedEvent[], recordedMs: number): Segment {
  const recorded = new Date(recordedMs).toISOString();
  const bodies = events.map((event) => entryOf({ ...event, recorded }));
  const leafHashes = bodies.map(hashLeaf);
  return {
    firstSeq: before.size,
    recordedMs,
    bodies,
    leafHashes,
    frontier: appendLeaves(before, leafHashes),
    stubs: [],
  };
}

export function encodeSegment(tenant: TenantId, segment: Segment): Item {
  const { firstSeq, recordedMs, bodies, leafHashes, frontier, stubs } = segment;
  const lengths = Buffer.alloc(bodies.length * 4);
  bodies.forEach((body, i) => {
    lengths.writeUInt32LE(body?.length ?? 0, i * 4);
  });
  return {
    ...segmentKey(tenant, firstSeq),
    recordedMs,
    size: frontier.size,
    lengths,
    bodies: Buffer.concat(bodies.filter((body) => body !== undefined)),
    leaves: Buffer.concat(leafHashes),
    frontier: Buffer.concat(frontier.hashes),
    root: Buffer.from(rootOf(frontier)).toString('hex'),
    ...(stubs.length === 0 ? {} : { stubs: encodeStubs(stubs) }),
  };
}

/** @throws SegmentError when the item is not a well-formed segment; whether it is a true one is the verifier's question. */
export function decodeSegment(item: Item): Segment {
  const fail = (what: string): never => {
    throw new SegmentError(`${item.sk}: ${what}`);
  };
  const bytes = (name: string): Uint8Array => {
    const value = item[name];
    return value instanceof Uint8Array ? value : fail(`attribute ${name} is not binary`);
  };
  const integer = (name: string): number => {
    const value = item[name];
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : fail(`attribute ${name} is not a count`);
  };
  const firstSeq = Number(item.sk.slice('seg#'.length));
  const size = integer('size');
  const count = size - firstSeq;
  const leaves = bytes('leaves');
  const lengths = bytes('lengths');
  const frontier = bytes('frontier');
  if (count < 1 || leaves.length !== count * HASH_BYTES || lengths.length !== count * 4)
    fail(`holds no ${count} leaf hashes and lengths`);
  if (frontier.length !== bitCount(size) * HASH_BYTES)
    fail(`the frontier has not one hash for each set bit of ${size}`);
  const root = rootOf({ size, hashes: chunk(frontier) });
  if (Buffer.from(root).toString('hex') !== item.root) fail('the root is not that of the frontier');
  return {
    firstSeq,
    recordedMs: integer('recordedMs'),
    bodies: sliceBodies(bytes('bodies'), lengths) ?? fail('the bodies do not fill their lengths'),
    leafHashes: chunk(leaves),
    frontier: { size, hashes: chunk(frontier) },
    stubs: decodeStubs(item.stubs) ?? fail('the stubs of expired events cannot be read'),
  };
}

/** Whether an item holds what its decoded segment says and nothing else, in the one form in which it is written. */
export function isCanonicalSegment(
  { pk, sk, stubs, ...item }: Item,
  tenant: TenantId,
  segment: Segment,
): boolean {
  const key = segmentKey(tenant, segment.firstSeq);
  return (
    pk === key.pk &&
    sk === key.sk &&
    Object.keys(item).length === ATTRIBUTES.length &&
    ATTRIBUTES.every((name) => name in item) &&
    stubs === (segment.stubs.length === 0 ? undefined : encodeStubs(segment.stubs))
  );
}

/** The sealed event of a body. @throws SegmentError */
export function parseBody(body: Uint8Array): SealedEvent {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString()) as SealedEvent;
  } catch (cause) {
    throw new SegmentError('a body is not JSON', { cause });
  }
}

/** One text for one list of stubs: the record of their expiry holds its hash. */
export function encodeStubs(stubs: readonly Stub[]): string {
  return stubs.map(({ offset, id, same = '' }) => `${offset} ${id} ${same}`).join('\n');
}

function decodeStubs(text: unknown): readonly Stub[] | undefined {
  if (text === undefined) return [];
  const lines =
    typeof text === 'string'
      ? text.split('\n').map((line) => /^(\d+) (ev_[0-9a-f]{40}) ([0-9a-f]*)$/.exec(line))
      : [];
  if (lines.length === 0 || lines.includes(null)) return undefined;
  return lines.map((match) => ({
    offset: Number(match![1]),
    id: match![2]!,
    ...(match![3] === '' ? {} : { same: match![3]! }),
  }));
}

function sliceBodies(all: Uint8Array, lengths: Uint8Array): readonly (Uint8Array | undefined)[] | undefined {
  const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.length);
  const bodies: (Uint8Array | undefined)[] = [];
  let offset = 0;
  for (let i = 0; i < lengths.length; i += 4) {
    const length = view.getUint32(i, true);
    bodies.push(length === 0 ? undefined : all.subarray(offset, offset + length));
    offset += length;
  }
  return offset === all.length ? bodies : undefined;
}

function chunk(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** Set bits of a whole number up to 2^53. */
function bitCount(value: number): number {
  let bits = 0;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}
