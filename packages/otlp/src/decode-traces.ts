import type { ResourceSpans } from './model.ts';
/** @throws OtlpFormatError on malformed bytes. */
export function decodeTraces(_bytes: Uint8Array): readonly ResourceSpans[] {
  throw new Error('under construction');
}
