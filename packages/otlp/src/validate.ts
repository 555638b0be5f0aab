import type { Signal } from '@sluice/core/names';

export interface Rejection {
  /** Kebab-case label. */
  readonly reason: string;
  readonly count: number;
  /** Where and why, of the first case. */
  readonly example: string;
}

export type Validation =
  | {
      readonly status: 'ok';
      /** Accepted spans, log records or data points. */
      readonly items: number;
      /** The identical object if nothing was cut. */
      readonly bytes: Uint8Array;
      readonly rejected: number;
      readonly rejections: readonly Rejection[];
      readonly warnings: readonly string[];
      readonly earliestMs?: number;
      readonly latestMs?: number;
    }
  | { readonly status: 'malformed'; readonly message: string; readonly offset: number }
  | { readonly status: 'wrong-signal'; readonly actual: Signal; readonly message: string };

export function validateRequest(
  _signal: Signal,
  _bytes: Uint8Array,
  _options: { readonly nowMs: number },
): Validation {
  throw new Error('under construction');
}
