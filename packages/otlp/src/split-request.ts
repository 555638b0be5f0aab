import type { Signal } from '@sluice/core/names';

export interface RequestPart {
  readonly bytes: Uint8Array;
  readonly items: number;
}

export function splitRequest(_signal: Signal, _bytes: Uint8Array, _maxBytes: number): readonly RequestPart[] {
  throw new Error('under construction');
}
