/**
 * An export that proves itself: JSON lines that, with the public key alone, show that nothing in them was
 * changed, left out or put in. What the filter leaves out, and what has expired, is there as leaf hashes.
 *
 *     {"kind":"manifest", "format":"sluice-audit-export/1", "tenant", "createdAt", "filter", "size", "keys"}
 *     {"kind":"event", "seq", "entry", "event"}         the bytes that the tree holds, and what they say when opened
 *     {"kind":"leaves", "from", "hashes"}               a run of events that are not part of the export
 *     {"kind":"checkpoint", "note"}
 *     {"kind":"end", "events", "sha256"}                of every line before
 */
import { createHash } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import { queryAll, type Table } from '@sluice/core/ports/table';
import { encodeVerifierKey, type NoteVerifier } from '../checkpoint.ts';
import type { Keyring } from '../keyring.ts';
import { type EventFilter, isWanted } from '../read/event-filter.ts';
import { openEvent } from '../sealed-event.ts';
import { decodeSegment, parseBody } from '../segment.ts';
import { checkpointKey, tenantPartition } from '../table-keys.ts';

export interface ExportOptions {
  readonly table: Table;
  readonly keyring: Keyring;
  readonly filter: EventFilter;
  readonly keys: readonly NoteVerifier[];
  readonly nowMs: number;
}

export const EXPORT_FORMAT = 'sluice-audit-export/1';
/** Leaf hashes in one line: keeps lines below a megabyte. */
const LEAVES_PER_LINE = 10_000;

/** Lines with their line feed, one after the other, in the order of the log. */
export async function* exportBundle(
  tenant: TenantId,
  { table, keyring, filter, keys, nowMs }: ExportOptions,
): AsyncGenerator<string> {
  const sha256 = createHash('sha256');
  const line = (value: object): string => {
    const text = `${JSON.stringify(value)}\n`;
    sha256.update(text);
    return text;
  };
  const pk = tenantPartition(tenant);
  // What is appended or sealed while the lines are written is no part of them.
  const last = await table.query({ pk, prefix: 'seg#', reverse: true, limit: 1, consistent: true });
  const size = last.items[0] === undefined ? 0 : decodeSegment(last.items[0]).frontier.size;
  yield line({
    kind: 'manifest',
    format: EXPORT_FORMAT,
    tenant,
    createdAt: new Date(nowMs).toISOString(),
    filter,
    size,
    keys: keys.map(encodeVerifierKey),
  });

  let events = 0;
  let run: { from: number; hashes: Uint8Array[] } | undefined;
  const closeRun = function* (): Generator<string> {
    if (run !== undefined)
      yield line({ kind: 'leaves', from: run.from, hashes: Buffer.concat(run.hashes).toString('base64') });
    run = undefined;
  };
  for await (const item of queryAll(table, { pk, from: 'seg#', to: 'seg#~', limit: 8, consistent: true })) {
    const { firstSeq, bodies, leafHashes } = decodeSegment(item);
    if (firstSeq >= size) break;
    for (const [offset, body] of bodies.entries()) {
      const seq = firstSeq + offset;
      const sealed = body === undefined ? undefined : parseBody(body);
      const event = sealed === undefined ? undefined : await openEvent(sealed, { keyring, tenant });
      if (event !== undefined && isWanted(event, filter)) {
        yield* closeRun();
        yield line({ kind: 'event', seq, entry: Buffer.from(body!).toString(), event });
        events += 1;
        continue;
      }
      run ??= { from: seq, hashes: [] };
      run.hashes.push(leafHashes[offset]!);
      if (run.hashes.length === LEAVES_PER_LINE) yield* closeRun();
    }
  }
  yield* closeRun();
  const sealed = { pk, from: 'chk#', to: checkpointKey(tenant, size).sk, consistent: true };
  for await (const item of queryAll(table, sealed)) yield line({ kind: 'checkpoint', note: item.note });
  yield `${JSON.stringify({ kind: 'end', events, sha256: sha256.digest('hex') })}\n`;
}
