/** Nanosecond times as two 32-bit halves → seconds, nanoseconds and RFC 3339 text, without a bigint per record. */
import { appendBytes, type ByteBuffer, reserve } from './byte-buffer.ts';

export interface Instant {
  seconds: number;
  nanos: number;
}

const encoder = new TextEncoder();

/** Exact: the quotient is estimated in floating point, the remainder computed modulo 2^32 and corrected. */
export function splitNanos(into: Instant, low: number, high: number): void {
  let seconds = Math.floor((high * 4_294_967_296 + low) / 1e9);
  let nanos = (low - Math.imul(seconds | 0, 1_000_000_000)) | 0;
  if (nanos < 0) {
    seconds -= 1;
    nanos += 1_000_000_000;
  } else if (nanos >= 1_000_000_000) {
    seconds += 1;
    nanos -= 1_000_000_000;
  }
  into.seconds = seconds;
  into.nanos = nanos;
}

let cachedSeconds = -1;
let cachedText = new Uint8Array(0);

/** `2026-01-02T03:04:05.678Z`: 24 bytes; milliseconds, as CloudWatch Logs has them. */
export function appendTimestamp(out: ByteBuffer, { seconds, nanos }: Instant): void {
  if (seconds !== cachedSeconds) {
    cachedText = encoder.encode(new Date(seconds * 1000).toISOString().slice(0, 20));
    cachedSeconds = seconds;
  }
  appendBytes(out, cachedText);
  reserve(out, 4);
  const { bytes } = out;
  const ms = Math.floor(nanos / 1_000_000);
  bytes[out.length++] = 0x30 + Math.floor(ms / 100);
  bytes[out.length++] = 0x30 + (Math.floor(ms / 10) % 10);
  bytes[out.length++] = 0x30 + (ms % 10);
  bytes[out.length++] = 0x5a;
}
