/**
 * Proves a tenant's log against itself, its checkpoints and the copies of them outside the table: every stored
 * item is computed again from the events, so that no edit, deletion, reordering, truncation or rollback goes unseen.
 */
import type { TenantId } from '@sluice/core/ids';
import { DamagedItemError, type Item, type Table } from '@sluice/core/ports/table';
import type { NoteVerifier } from '../checkpoint.ts';
import { type IndexedSegment, indexItemsOf } from '../index-items.ts';
import { KeyError, type Keyring } from '../keyring.ts';
import {
  appendLeaves,
  EMPTY_FRONTIER,
  equalHashes,
  type Frontier,
  hashLeaf,
  rootOf,
} from '../merkle-tree.ts';
import type { SealedEvent } from '../sealed-event.ts';
import { decodeSegment, isCanonicalSegment, parseBody, type Segment } from '../segment.ts';
import { tenantPartition, watermarkKey } from '../table-keys.ts';
import { createCheckpointClaims } from './checkpoint-claims.ts';
import type { Finding, Report } from './finding.ts';
import { createIndexComparison } from './index-comparison.ts';
import { readPartition } from './read-partition.ts';
import { createSelfRecords } from './self-records.ts';
import { createTileComparison } from './tile-comparison.ts';

export interface Verification {
  /** Nothing was found. */
  readonly ok: boolean;
  readonly size: number;
  readonly root: Uint8Array;
  /** Size at the newest true checkpoint; events after it are not sealed yet. */
  readonly sealedSize: number;
  /** Events whose body retention has removed. */
  readonly expired: number;
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  readonly table: Table;
  readonly keyring: Keyring;
  readonly keys: readonly NoteVerifier[];
  /** Notes kept outside the table. */
  readonly outsideNotes?: readonly string[];
  /** Waited for after each segment, so that a long verification leaves time to others. */
  readonly onProgress?: (eventsDone: number) => Promise<void> | void;
  /** Of a log that grows meanwhile: the end of a segment, past which nothing is judged but whether it is there. */
  readonly size?: number;
  /** False checks the events, the tree, the keys and the checkpoints, and leaves the look-ups out. */
  readonly lookUps?: boolean;
}

/** @throws when the table cannot be read; what it holds never makes it throw. */
export async function verifyLog(tenant: TenantId, options: VerifyOptions): Promise<Verification> {
  const { table, keyring, keys, outsideNotes = [], onProgress, lookUps = true } = options;
  const { size = Number.POSITIVE_INFINITY } = options;
  const findings: Finding[] = [];
  const report: Report = (kind, where, what) => void findings.push({ kind, where, what });
  const claims = createCheckpointClaims(tenant, keys, report);
  const records = createSelfRecords(tenant, keyring, report);
  const tiles = createTileComparison(report);
  const index = createIndexComparison(report);
  let frontier: Frontier = EMPTY_FRONTIER;
  let recordedMs = 0;
  let expired = 0;
  let mark: Item | undefined;
  let canLookUp = lookUps;
  /** Of what came to the log while it was read. */
  let grownTo = 0;

  async function visitSegment(item: Item): Promise<void> {
    let segment: Segment;
    if (frontier.size >= size) {
      if (typeof item.size === 'number') grownTo = Math.max(grownTo, item.size);
      return;
    }
    try {
      segment = decodeSegment(item);
      if (!isCanonicalSegment(item, tenant, segment))
        report('mutated', item.sk, 'holds more, or other, than its events imply');
    } catch (error) {
      return report('mutated', item.sk, (error as Error).message);
    }
    const gap = segment.firstSeq - frontier.size;
    if (gap > 0) report('missing', String(frontier.size), `${gap} events are gone`);
    if (gap < 0) return report('extra', item.sk, `overlaps the segment that ends at ${frontier.size}`);
    if (segment.recordedMs < recordedMs)
      report('mutated', item.sk, 'was recorded before the segment that precedes it');
    const after = gap === 0 ? appendLeaves(frontier, segment.leafHashes, tiles.addSubtree) : segment.frontier;
    if (!isSameFrontier(after, segment.frontier))
      report('mutated', item.sk, 'its tree does not continue the one before');
    frontier = after;
    recordedMs = segment.recordedMs;
    const events = readEvents(segment, report);
    expired += segment.stubs.length;
    await expectLookUps({ ...segment, events });
    for (const event of events) if (event !== undefined) records.addEvent(event);
    for (const leafHash of segment.leafHashes) tiles.addLeaf(leafHash);
    records.addSegment(segment);
    claims.check(frontier);
    grownTo = frontier.size;
    await onProgress?.(frontier.size);
  }

  async function expectLookUps(segment: IndexedSegment): Promise<void> {
    if (!canLookUp) return;
    try {
      for (const derived of await indexItemsOf(tenant, segment, keyring)) index.expect(derived);
    } catch (error) {
      if (!(error instanceof KeyError || error instanceof DamagedItemError)) throw error;
      canLookUp = false;
      report('mutated', 'key#index.0', `the look-ups cannot be checked: ${error.message}`);
    }
  }

  /** The partition comes in the order chk, hold, key, mark, seg, tile. */
  async function visit(item: Item): Promise<void> {
    if (item.sk.startsWith('chk#')) claims.addItem(item);
    else if (item.sk.startsWith('hold#')) records.addHoldItem(item);
    else if (item.sk.startsWith('key#')) records.addKeyItem(item);
    else if (item.sk === watermarkKey(tenant).sk) mark = item;
    else if (item.sk.startsWith('seg#')) await visitSegment(item);
    else if (item.sk.startsWith('tile#')) tiles.addItem(item, grownTo);
    else report('extra', item.sk, 'no item of this name belongs to a log');
  }

  outsideNotes.forEach((note, i) => void claims.addOutsideNote(note, `outside note ${i + 1}`));
  for await (const item of readPartition(table, tenantPartition(tenant), report)) await visit(item);
  tiles.finish();
  await records.finish();
  const sealedSize = claims.finish(frontier.size, grownTo);
  if (typeof mark?.size === 'number' && mark.size > Math.max(frontier.size, grownTo)) {
    report(
      'missing',
      watermarkKey(tenant).sk,
      `${mark.size} events were recorded, and only ${frontier.size} are left: the log was cut or rolled back`,
    );
  } else if (frontier.size > 0 && !isMark(mark, frontier.size, grownTo)) {
    report(
      'mutated',
      watermarkKey(tenant).sk,
      `does not say that the look-ups of ${frontier.size} events are complete; the next append mends it`,
    );
  }
  if (canLookUp) {
    const { missing, extra } = await index.compare(table, tenant, frontier.size);
    for (const where of extra) report('extra', where, 'the log implies no such look-up');
    if (missing > 0)
      report(
        'missing',
        'look-ups',
        `${missing} look-ups that the log implies are not stored as they should be`,
      );
  }
  return {
    ok: findings.length === 0,
    size: frontier.size,
    root: rootOf(frontier),
    sealedSize,
    expired,
    findings,
  };
}

/** `undefined` for an event that is gone, or that is not the one of its leaf. */
function readEvents(
  { bodies, leafHashes, firstSeq, recordedMs, stubs }: Segment,
  report: Report,
): readonly (SealedEvent | undefined)[] {
  const recorded = new Date(recordedMs).toISOString();
  const expired = new Set(stubs.map(({ offset }) => offset));
  return bodies.map((body, i) => {
    const seq = String(firstSeq + i);
    if (body === undefined || expired.has(i)) {
      if (body !== undefined || !expired.has(i))
        report('missing', seq, 'the event is gone without a trace of its expiry');
      return undefined;
    }
    if (!equalHashes(hashLeaf(body), leafHashes[i]!)) {
      report('mutated', seq, 'the event is not the one that the tree holds');
      return undefined;
    }
    const event = parseBody(body);
    if (event.recorded !== recorded) report('mutated', seq, 'its segment says another time than the event');
    return event;
  });
}

/** The look-ups are complete up to here, or further if the log has grown meanwhile. */
function isMark(mark: Item | undefined, size: number, grownTo: number): boolean {
  return (
    typeof mark?.size === 'number' &&
    mark.size >= size &&
    mark.size <= grownTo &&
    Object.keys(mark).length === 3
  );
}

/** Hash by hash: two that are the same have one root. */
function isSameFrontier(a: Frontier, b: Frontier): boolean {
  return a.size === b.size && a.hashes.every((hash, i) => equalHashes(hash, b.hashes[i]!));
}
