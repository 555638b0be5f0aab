import type { Signal } from '@sluice/core/names';

/** @throws OtlpFormatError on malformed bytes. */
export function encodeJsonRequest(_signal: Signal, _bytes: Uint8Array): string {
  throw new Error('under construction');
}
