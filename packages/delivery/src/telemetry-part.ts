/** A queue message's payload as sinks take it: gzip as it came, inflated at most once and only when asked. */
import { createHash } from 'node:crypto';
import type { Envelope } from '@sluice/core/envelope';
import { PermanentError } from '@sluice/core/errors';
import { deflateGzip, inflateGzip } from '@sluice/core/gzip';
import type { MessageId } from '@sluice/core/ids';
import type { TelemetryPart } from '@sluice/core/ports/sink';

/** Above every limit that ingest can be set to: only a damaged or hostile message inflates to more. */
const MAX_INFLATED_BYTES = 512 * 1024 * 1024;

export function toTelemetryPart(envelope: Envelope): TelemetryPart {
  let inflated: Promise<Uint8Array> | undefined;
  return {
    messageId: envelope.id,
    items: envelope.items,
    receivedAtMs: envelope.receivedAtMs,
    gzip: envelope.gzip,
    raw() {
      inflated ??= inflateOrRefuse(envelope.gzip);
      return inflated;
    },
  };
}

/**
 * One piece of a message that is too large for a destination. Its id is made of the message's id, the
 * piece's place and its bytes, so that a redelivery that is split alike is recognised piece by piece.
 */
export async function toPiece(
  whole: Envelope,
  { bytes, items, index }: { readonly bytes: Uint8Array; readonly items: number; readonly index: number },
): Promise<Envelope> {
  const id = createHash('sha256').update(`${whole.id}\n${index}\n`).update(bytes).digest('hex') as MessageId;
  return { ...whole, id, items, gzip: await deflateGzip(bytes) };
}

/**
 * Inflated size without inflating: the ISIZE field that ends a gzip member (RFC 1952 § 2.3.1). It is the
 * last member's only and the sender's word, so it may guide packing but decide nothing.
 */
export function estimateRawBytes(bytes: Uint8Array): number {
  if (bytes.length < 18) return bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4);
  return Math.max(bytes.length, view.getUint32(0, true));
}

async function inflateOrRefuse(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflateGzip(bytes, { maxBytes: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new PermanentError('the payload is not whole gzip data', { cause });
  }
}
