/**
 * The look-ups that follow from a segment and nothing else: which of its events have an actor, a type or a
 * target, and where each event with a client's id is. Written after the segment, again and again to the same
 * items if need be, so a crash between the two is mended by the next batch.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Item } from '@sluice/core/ports/table';
import type { Keyring } from './keyring.ts';
import type { SealedEvent } from './sealed-event.ts';
import type { Stub } from './segment.ts';
import { eventIdKey, type IndexKind, postingKey } from './table-keys.ts';

export interface IndexedSegment {
  readonly firstSeq: number;
  readonly recordedMs: number;
  /** `undefined` where the body is gone: then only its id can still be looked up. */
  readonly events: readonly (SealedEvent | undefined)[];
  readonly stubs: readonly Stub[];
}

export async function indexItemsOf(
  tenant: TenantId,
  segment: IndexedSegment,
  keyring: Keyring,
): Promise<readonly Item[]> {
  const { firstSeq, recordedMs, events, stubs } = segment;
  const pseudonym = await keyring.pseudonymizer(tenant);
  const postings = new Map<string, { kind: IndexKind; ref: string; offsets: number[] }>();
  const post = (kind: IndexKind, ref: string, offset: number): void => {
    const key = `${kind}${ref}`;
    const posting = postings.get(key) ?? { kind, ref, offsets: [] };
    if (posting.offsets.at(-1) !== offset) posting.offsets.push(offset);
    postings.set(key, posting);
  };
  const ids: Item[] = stubs.map((stub) => idItem(tenant, firstSeq + stub.offset, stub));
  for (const [offset, event] of events.entries()) {
    if (event === undefined) continue;
    if (event.actorRef !== undefined) post('a', event.actorRef, offset);
    post('t', pseudonym(`type\n${event.type}`), offset);
    for (const { id } of event.targets) post('g', pseudonym(`target\n${id}`), offset);
    ids.push(idItem(tenant, firstSeq + offset, event));
  }
  return [
    ...ids,
    ...[...postings.values()].map(({ kind, ref, offsets }) => ({
      ...postingKey(tenant, kind, { ref, recordedMs, firstSeq }),
      offsets: Uint8Array.from(offsets),
    })),
  ];
}

function idItem(tenant: TenantId, seq: number, { id, same }: Pick<Stub, 'id' | 'same'>): Item {
  return { ...eventIdKey(tenant, id), seq, ...(same === undefined ? {} : { same }) };
}
