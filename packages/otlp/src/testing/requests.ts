export interface RequestShape {
  /** Spans, log records or data points in all. */
  readonly items?: number;
  readonly services?: number;
  readonly seed?: number;
  /** Time of the newest item. */
  readonly nowMs?: number;
}

export function makeTraceRequest(_shape: RequestShape & { readonly spans?: number }): Uint8Array {
  throw new Error('under construction');
}
export function makeLogRequest(_shape: RequestShape & { readonly records?: number }): Uint8Array {
  throw new Error('under construction');
}
export function makeMetricRequest(_shape: RequestShape & { readonly points?: number }): Uint8Array {
  throw new Error('under construction');
}
