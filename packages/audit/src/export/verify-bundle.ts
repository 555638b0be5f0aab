/** Checks an export offline, with nothing but the public key that its reader trusts. */
import { createHash } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import type { NoteVerifier } from '../checkpoint.ts';
import { appendLeaves, EMPTY_FRONTIER, type Frontier, HASH_BYTES, hashLeaf } from '../merkle-tree.ts';
import type { SealedEvent } from '../sealed-event.ts';
import { createCheckpointClaims } from '../verify/checkpoint-claims.ts';
import type { Finding, Report } from '../verify/finding.ts';
import { EXPORT_FORMAT } from './export-bundle.ts';

export interface BundleVerification {
  readonly ok: boolean;
  readonly tenant: string;
  /** Events and bare leaf hashes together. */
  readonly size: number;
  readonly sealedSize: number;
  /** Events whose content is in the bundle. */
  readonly events: number;
  readonly findings: readonly Finding[];
}

interface Line {
  readonly kind?: string;
  readonly [name: string]: unknown;
}

/** Fields that the opened event repeats from the entry, where they are not encrypted. */
const OPEN_FIELDS = [
  'id',
  'time',
  'received',
  'recorded',
  'type',
  'category',
  'level',
  'action',
  'result',
  'targets',
  'severity',
  'trackingId',
];

/** Never throws for what the lines hold. */
export async function verifyBundle(
  lines: AsyncIterable<string> | Iterable<string>,
  keys: readonly NoteVerifier[],
): Promise<BundleVerification> {
  const findings: Finding[] = [];
  const report: Report = (kind, where, what) => void findings.push({ kind, where, what });
  const sha256 = createHash('sha256');
  const notes: string[] = [];
  const frontiers: Frontier[] = [];
  let frontier: Frontier = EMPTY_FRONTIER;
  let tenant = '';
  let events = 0;
  let number = 0;
  let ended = false;

  const isNext = (seq: unknown, where: string): boolean => {
    if (seq === frontier.size) return true;
    if (typeof seq === 'number' && seq > frontier.size)
      report('missing', where, `events ${frontier.size} to ${seq - 1} are not in the bundle`);
    else report('extra', where, `event ${String(seq)} comes again, or out of its place`);
    return false;
  };
  const visitEvent = ({ seq, entry, event }: Line, where: string): void => {
    if (!isNext(seq, where) || typeof entry !== 'string') return;
    if (!isOpenedFrom(entry, event))
      report('mutated', where, 'the opened event says something else than the bytes that the tree holds');
    frontier = appendLeaves(frontier, [hashLeaf(Buffer.from(entry))]);
    frontiers.push(frontier);
    events += 1;
  };
  const visitLeaves = ({ from, hashes }: Line, where: string): void => {
    const bytes = Buffer.from(String(hashes), 'base64');
    if (!isNext(from, where) || bytes.length % HASH_BYTES !== 0) return;
    for (let i = 0; i < bytes.length; i += HASH_BYTES) {
      frontier = appendLeaves(frontier, [bytes.subarray(i, i + HASH_BYTES)]);
      frontiers.push(frontier);
    }
  };
  const visitEnd = (line: Line, where: string, digest: string): void => {
    ended = true;
    if (line.events !== events)
      report('missing', where, `${String(line.events)} events were exported, ${events} are here`);
    if (line.sha256 !== digest) report('mutated', where, 'the lines are not the ones that were exported');
  };

  for await (const text of lines) {
    number += 1;
    const where = `line ${number}`;
    if (text.trim() === '') continue;
    const digest = sha256.copy().digest('hex');
    sha256.update(text.endsWith('\n') ? text : `${text}\n`);
    const line = parseLine(text);
    if (line === undefined || ended)
      report(
        ended ? 'extra' : 'mutated',
        where,
        ended ? 'comes after the end' : 'is not a line of an export',
      );
    else if (line.kind === 'manifest' && line.format === EXPORT_FORMAT) tenant = String(line.tenant);
    else if (line.kind === 'event') visitEvent(line, where);
    else if (line.kind === 'leaves') visitLeaves(line, where);
    else if (line.kind === 'checkpoint') notes.push(String(line.note));
    else if (line.kind === 'end') visitEnd(line, where, digest);
    else report('mutated', where, 'is not a line of an export');
  }
  if (!ended) report('missing', `line ${number + 1}`, 'the bundle was cut off');

  const claims = createCheckpointClaims(tenant as TenantId, keys, report);
  notes.forEach((note, i) => {
    claims.addClaim(note, `checkpoint ${i + 1}`);
  });
  for (const state of frontiers) claims.check(state);
  const sealedSize = claims.finish(frontier.size);
  if (frontier.size > 0 && sealedSize === 0)
    report('missing', 'checkpoints', 'no checkpoint in the bundle vouches for its events');
  return { ok: findings.length === 0, tenant, size: frontier.size, sealedSize, events, findings };
}

function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}

/** The personal part cannot be checked without its key; the rest has to be the same. */
function isOpenedFrom(entry: string, event: unknown): boolean {
  const sealed = parseLine(entry) as unknown as SealedEvent | undefined;
  const opened = event as Record<string, unknown> | undefined;
  if (sealed === undefined || typeof opened !== 'object' || opened === null) return false;
  return OPEN_FIELDS.every(
    (name) =>
      JSON.stringify(opened[name]) === JSON.stringify((sealed as unknown as Record<string, unknown>)[name]),
  );
}
