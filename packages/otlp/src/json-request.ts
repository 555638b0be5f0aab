import type { Signal } from '@sluice/core/names';

export interface ConvertedRequest {
  /** The request in protobuf. */
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
}

/** @throws OtlpFormatError with a JSON path; `actual` is set when the body belongs to another signal. */
export function convertJsonRequest(_signal: Signal, _json: Uint8Array): ConvertedRequest {
  throw new Error('under construction');
}
