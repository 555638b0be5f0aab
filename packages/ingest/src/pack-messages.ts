/**
 * Validated bytes into gzipped parts that each fit into one queue message. What came as gzip and fits
 * travels on as it came; everything else is gzipped at level 1, the cheapest that still shrinks well.
 */

import * as zlib from 'node:zlib';
import type { Signal } from '@sluice/core/names';
import { promisify } from '@sluice/core/promisify';
import { splitRequest } from '@sluice/otlp/split-request';

export interface PackedPart {
  /** Inflated. */
  readonly bytes: Uint8Array;
  readonly gzip: Uint8Array;
  readonly items: number;
}

export interface Packed {
  readonly parts: readonly PackedPart[];
  /** Single items that no message can hold. */
  readonly oversized: number;
}

export interface PackOptions {
  readonly items: number;
  /** The client's own compression of exactly these bytes. */
  readonly gzip?: Uint8Array;
  readonly maxGzipBytes?: number;
}

/** In base64 with its attributes it stays under the 1 MiB of an SQS message (SQS quotas: message size). */
export const MAX_GZIP_BYTES = 740 * 1024;
/** From this many bytes on the thread pool does the work: below, handing it over costs more than it saves. */
const THREAD_POOL_FROM_BYTES = 128 * 1024;
/** Parts of one request do not compress alike: aim below the limit, so that few need a second cut. */
const SPLIT_MARGIN = 0.85;

const gzipAsync = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip);

export async function packMessages(
  signal: Signal,
  bytes: Uint8Array,
  { items, gzip, maxGzipBytes = MAX_GZIP_BYTES }: PackOptions,
): Promise<Packed> {
  const parts: PackedPart[] = [];
  let oversized = 0;
  const pack = async (part: PackedPart): Promise<void> => {
    if (part.gzip.length <= maxGzipBytes) {
      parts.push(part);
      return;
    }
    const target = Math.floor((part.bytes.length * maxGzipBytes * SPLIT_MARGIN) / part.gzip.length);
    const pieces = part.items > 1 ? splitRequest(signal, part.bytes, target) : [];
    if (pieces.length < 2) {
      oversized += part.items;
      return;
    }
    for (const piece of pieces) await pack({ ...piece, gzip: await compress(piece.bytes) });
  };
  // Where to cut follows from the bytes alone, so that a resend in another compression gives the same parts.
  const whole = gzip === undefined || gzip.length > maxGzipBytes ? await compress(bytes) : gzip;
  await pack({ bytes, items, gzip: whole });
  return { parts, oversized };
}

async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  const options = { level: 1 };
  return bytes.length < THREAD_POOL_FROM_BYTES ? zlib.gzipSync(bytes, options) : gzipAsync(bytes, options);
}
