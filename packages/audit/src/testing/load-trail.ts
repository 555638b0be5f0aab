/**
 * Fills a table with the trail of many events, faster than appending them: only the events of one actor are real, the others
 * have their size, their place and their look-ups by actor. For measuring questions, never for verification.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Item, Table } from '@sluice/core/ports/table';
import type { AuditEvent } from '../event.ts';
import type { Keyring } from '../keyring.ts';
import { HASH_BYTES } from '../merkle-tree.ts';
import { entryOf, sealEvent } from '../sealed-event.ts';
import { encodeSegment } from '../segment.ts';
import { postingKey } from '../table-keys.ts';

export interface LoadOptions {
  readonly table: Table;
  readonly keyring: Keyring;
  readonly events: number;
  /** Events in one segment; every segment holds one of the real ones. */
  readonly segmentEvents: number;
  /** Bytes of an event that is not real. */
  readonly eventBytes: number;
  readonly startMs: number;
  /** A real event, from its time. */
  readonly make: (timeMs: number) => AuditEvent;
}

/** Between two segments. */
const STEP_MS = 1000;
/** Items that are written at once. */
const CHUNK = 5000;

export async function loadTrail(tenant: TenantId, options: LoadOptions): Promise<void> {
  const { table, keyring, events, segmentEvents, eventBytes, startMs, make } = options;
  const pseudonym = await keyring.pseudonymizer(tenant);
  const filler = Buffer.alloc(eventBytes, 'x');
  const leafHashes = Array.from({ length: segmentEvents }, () => new Uint8Array(HASH_BYTES));
  let items: Item[] = [];
  const flush = async (): Promise<void> => {
    await Promise.all(items.map((item) => table.put(item)));
    items = [];
  };
  for (let firstSeq = 0; firstSeq < events; firstSeq += segmentEvents) {
    const recordedMs = startMs + (firstSeq / segmentEvents) * STEP_MS;
    const sealed = await sealEvent(make(recordedMs), { keyring, tenant });
    const place = (firstSeq / segmentEvents) % segmentEvents;
    const bodies = Array.from({ length: segmentEvents }, () => filler).with(
      place,
      Buffer.from(entryOf(sealed)),
    );
    const size = firstSeq + segmentEvents;
    const hashes = Array.from({ length: bitsOf(size) }, () => leafHashes[0]!);
    const segment = { firstSeq, recordedMs, bodies, leafHashes, frontier: { size, hashes }, stubs: [] };
    items.push(encodeSegment(tenant, segment));
    for (let offset = 0; offset < segmentEvents; offset++) {
      const ref = offset === place ? sealed.actorRef! : pseudonym(`other ${offset}`);
      items.push({
        ...postingKey(tenant, 'a', { ref, recordedMs, firstSeq }),
        offsets: Uint8Array.of(offset),
      });
    }
    if (items.length >= CHUNK) await flush();
  }
  await flush();
}

function bitsOf(value: number): number {
  return value.toString(2).replaceAll('0', '').length;
}
