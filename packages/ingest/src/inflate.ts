/**
 * Undoes Content-Encoding without ever holding more than the limit: a bomb stops at the limit. Keeps the
 * client's own gzip bytes when they are exactly what a strict reader further on would take too.
 */

import * as zlib from 'node:zlib';
import { promisify } from '@sluice/core/promisify';
import type { ContentCoding } from './content-coding.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface InflatedBody {
  readonly status: 'ok';
  readonly bytes: Uint8Array;
  /** The body as it came, if it is gzip members from its first byte to its last. */
  readonly gzip?: Uint8Array;
}

export interface InflateOptions {
  readonly coding: ContentCoding;
  readonly maxBytes: number;
}

/** From this many compressed bytes on the thread pool does the work: below, handing it over costs more than it saves. */
const THREAD_POOL_FROM_BYTES = 64 * 1024;
/** Deflate cannot expand further (zlib technical details: 1032:1): bounds the first buffer for a lying size. */
const MAX_DEFLATE_RATIO = 1032;
/** RFC 9659 § 3: the largest window of the zstd content coding is 8 MiB. */
const ZSTD_WINDOW_LOG_MAX = 23;
/** A stream of empty frames is legal; each costs a call, so that their number needs a limit. */
const MAX_ZSTD_FRAMES = 256;
/** Of output: each costs an allocation and, in the thread pool, a turn of the event loop. */
const CHUNK_BYTES = { min: 16 * 1024, unknown: 128 * 1024, max: 1024 * 1024 } as const;

interface Step {
  readonly bytes: Uint8Array;
  /** How much of the input it took. */
  readonly consumed: number;
}

export async function inflateBody(
  body: Uint8Array,
  { coding, maxBytes }: InflateOptions,
): Promise<InflatedBody | Refusal> {
  try {
    if (coding === 'identity') {
      return body.length > maxBytes ? tooLarge(maxBytes) : { status: 'ok', bytes: body };
    }
    if (coding === 'gzip') {
      const { bytes, consumed } = await gunzip(body, maxBytes);
      // zlib skips zero padding behind the last member; stricter readers refuse it.
      return { status: 'ok', bytes, ...(consumed === body.length ? { gzip: body } : {}) };
    }
    const bytes = coding === 'zstd' ? await unzstd(body, maxBytes) : await undeflate(body, maxBytes);
    return { status: 'ok', bytes };
  } catch (error) {
    if (isTooLarge(error)) return tooLarge(maxBytes);
    const why = error instanceof Error ? error.message : String(error);
    return refuse(400, `the body is not valid ${coding} (${why}), as content-encoding says it is`);
  }
}

/** Makes zlib answer, beside the bytes, how much of the input it took. */
const INFO = { info: true } as const;

const gunzipAsync = withInfo(promisify(zlib.gunzip));
const inflateAsync = withInfo(promisify(zlib.inflate));
const inflateRawAsync = withInfo(promisify(zlib.inflateRaw));
const unzstdAsync = withInfo(promisify(zlib.zstdDecompress));

function gunzip(body: Uint8Array, maxBytes: number): Promise<Step> | Step {
  const options = { maxOutputLength: maxBytes, chunkSize: firstBuffer(gzipSizeHint(body), body, maxBytes) };
  return body.length < THREAD_POOL_FROM_BYTES
    ? syncStep(zlib.gunzipSync(body, { ...options, ...INFO }))
    : gunzipAsync(body, options);
}

/** `deflate` is zlib by RFC 9110 § 8.4.1.2, and raw deflate by a widespread mistake: both are taken. */
async function undeflate(body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const options = { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES.unknown };
  const attempt = async (inflate: typeof inflateAsync): Promise<Uint8Array> => {
    const { bytes, consumed } = await inflate(body, options);
    if (consumed !== body.length) throw new Error(`${body.length - consumed} bytes follow its end`);
    return bytes;
  };
  const looksLikeZlib = body.length > 1 && (body[0]! & 0x0f) === 8 && ((body[0]! << 8) | body[1]!) % 31 === 0;
  if (!looksLikeZlib) return attempt(inflateRawAsync);
  try {
    return await attempt(inflateAsync);
  } catch (error) {
    if (isTooLarge(error)) throw error;
    return attempt(inflateRawAsync).catch(() => Promise.reject(error));
  }
}

/** Node inflates one frame a call; a body may hold several (RFC 8878 § 3.1). */
async function unzstd(body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const frames: Uint8Array[] = [];
  let total = 0;
  let offset = 0;
  do {
    if (frames.length === MAX_ZSTD_FRAMES) throw new Error(`more than ${MAX_ZSTD_FRAMES} frames`);
    const { bytes, consumed } = await unzstdAsync(offset === 0 ? body : body.subarray(offset), {
      maxOutputLength: Math.max(1, maxBytes - total),
      chunkSize: CHUNK_BYTES.unknown,
      params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
    });
    frames.push(bytes);
    total += bytes.length;
    offset += consumed;
    if (total > maxBytes) throw Object.assign(new Error('too large'), { code: TOO_LARGE });
  } while (offset < body.length);
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames, total);
}

/** ISIZE, the last four bytes of a gzip member: its inflated size, if it is the only one and does not lie. */
function gzipSizeHint(body: Uint8Array): number {
  if (body.length < 18) return 0;
  return Buffer.from(body.buffer, body.byteOffset, body.length).readUInt32LE(body.length - 4);
}

function firstBuffer(hint: number, body: Uint8Array, maxBytes: number): number {
  const likely = Math.min(hint, body.length * MAX_DEFLATE_RATIO, maxBytes, CHUNK_BYTES.max);
  // One byte to spare: a buffer that is exactly full makes zlib allocate another.
  return Math.max(CHUNK_BYTES.min, likely + 1);
}

interface WithInfo {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function syncStep(result: unknown): Step {
  const { buffer, engine } = result as WithInfo;
  return { bytes: buffer, consumed: engine.bytesWritten };
}

interface InflateCallOptions {
  readonly maxOutputLength: number;
  readonly chunkSize?: number;
  readonly params?: Record<number, number>;
}

type Promised = (body: Uint8Array, options: InflateCallOptions) => Promise<unknown>;

function withInfo(promised: Promised): (body: Uint8Array, options: InflateCallOptions) => Promise<Step> {
  return async (body, options) => syncStep(await promised(body, { ...options, ...INFO }));
}

const TOO_LARGE = 'ERR_BUFFER_TOO_LARGE';

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === TOO_LARGE;
}

function tooLarge(maxBytes: number): Refusal {
  return refuse(413, `the body inflates to more than ${maxBytes} bytes: send smaller batches`);
}
