import type { ResourceMetrics } from './model.ts';
/** @throws OtlpFormatError on malformed bytes. */
export function decodeMetrics(_bytes: Uint8Array): readonly ResourceMetrics[] {
  throw new Error('under construction');
}
