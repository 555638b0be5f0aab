/**
 * What a body that cannot be read seems to be instead: the commonest mistakes are a header that says something
 * else than the body is. Looks at refused bodies only.
 */
import type { Signal } from '@sluice/core/names';
import type { Encoding } from '@sluice/otlp/responses';
import { validateRequest } from '@sluice/otlp/validate';

export interface RefusedBody {
  readonly signal: Signal;
  /** As it was read: the coding that its header names is undone. */
  readonly bytes: Uint8Array;
  /** That the content type names. */
  readonly encoding: Encoding;
}

/** First bytes of the codings that are taken (RFC 1952 § 2.3.1, RFC 8878 § 3.1.1). */
const MAGIC = { gzip: [0x1f, 0x8b], zstd: [0x28, 0xb5, 0x2f, 0xfd] } as const;

/** A sentence with the remedy, or ''. */
export function hintOf({ signal, bytes, encoding }: RefusedBody): string {
  for (const [coding, magic] of Object.entries(MAGIC)) {
    if (magic.every((byte, i) => bytes[i] === byte)) {
      return `the body looks like ${coding}: send "content-encoding: ${coding}", and compress once`;
    }
  }
  if (encoding === 'protobuf') {
    return looksLikeJson(bytes) ? 'the body looks like JSON: send "content-type: application/json"' : '';
  }
  const asProtobuf = validateRequest(signal, bytes, { nowMs: 0 });
  return asProtobuf.status === 'ok' && asProtobuf.items > 0
    ? 'the body is OTLP in protobuf: send "content-type: application/x-protobuf"'
    : '';
}

function looksLikeJson(bytes: Uint8Array): boolean {
  const ends = Buffer.concat([bytes.subarray(0, 100), bytes.subarray(-100)])
    .toString()
    .trim();
  return ends.startsWith('{') && ends.endsWith('}');
}
