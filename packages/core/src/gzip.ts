/**
 * Gzip off the main thread, with one output buffer of the right size. Node's default grows the output by
 * 16 KiB at a time, which costs three times the inflating itself for a batch of spans.
 */

import { gunzip, gzip } from 'node:zlib';
import { promisify } from './promisify.ts';

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify(gzip);

const MIN_CHUNK_BYTES = 16_384;
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;
/** Compressed telemetry is a tenth of itself or less; a wrong guess costs one more buffer. */
const EXPECTED_RATIO = 6;
const TRAILER_SIZE_BYTES = 4;

/** @throws the zlib error (code `Z_…`, or `ERR_BUFFER_TOO_LARGE` above `maxBytes`). All members are read. */
export function inflateGzip(
  bytes: Uint8Array,
  { maxBytes }: { readonly maxBytes?: number } = {},
): Promise<Uint8Array> {
  const limit = maxBytes === undefined ? {} : { maxOutputLength: maxBytes };
  return gunzipAsync(bytes, { chunkSize: clampChunk(sizeInTrailer(bytes) + 1), ...limit });
}

/** Level 1: a third more bytes than level 6 for a third of its time. */
export function deflateGzip(bytes: Uint8Array): Promise<Uint8Array> {
  return gzipAsync(bytes, { level: 1, chunkSize: clampChunk(bytes.length / EXPECTED_RATIO) });
}

/** The inflated size as a gzip member ends with it (RFC 1952 § 2.3.1): a hint, since anyone can write it. */
function sizeInTrailer(bytes: Uint8Array): number {
  if (bytes.length < TRAILER_SIZE_BYTES) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4, true);
}

function clampChunk(size: number): number {
  return Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, Math.ceil(size)));
}
