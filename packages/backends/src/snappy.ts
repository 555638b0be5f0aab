/** Snappy block format, as Loki's push API and Prometheus remote write take it. */
import { snappyCompressor, snappyUncompressor } from 'hysnappy';

let compress: ((input: Uint8Array) => Uint8Array) | undefined;
let uncompress: ((input: Uint8Array, outputLength: number) => Uint8Array) | undefined;

/** One WebAssembly instance serves all calls: they are synchronous, and a new one costs half a millisecond. */
export function encodeSnappy(bytes: Uint8Array): Uint8Array {
  compress ??= snappyCompressor();
  return compress(bytes);
}

/**
 * @param maxBytes refuses what announces to be larger
 * @throws RangeError on a damaged or too large block
 */
export function decodeSnappy(bytes: Uint8Array, maxBytes: number): Uint8Array {
  let length = 0;
  let scale = 1;
  let at = 0;
  for (; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) throw new RangeError('snappy block ends within its length');
    length += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) break;
  }
  if (at === 5 || length > maxBytes) throw new RangeError(`snappy block is larger than ${maxBytes} bytes`);
  uncompress ??= snappyUncompressor();
  try {
    return uncompress(bytes, length);
  } catch (cause) {
    throw new RangeError('snappy block is damaged', { cause });
  }
}
