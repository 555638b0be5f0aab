/** One OTLP export request as it was found in a file. */
import type { Signal } from '@sluice/core/names';
import type { Encoding } from '@sluice/otlp/responses';

export interface RequestDocument {
  /** As written, without compression. */
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
  /** Line number in a file of many requests. */
  readonly line?: number;
}

/** A document of which we know what it is, and what it holds by our own judgement. */
export interface PreparedRequest {
  readonly document: RequestDocument;
  readonly signal: Signal;
  /** Spans, log records or data points, good and bad; 0 when the document is malformed. */
  readonly items: number;
  /** The same request in protobuf, as far as it can be read. */
  readonly protobuf?: Uint8Array;
  readonly verdict: LocalVerdict;
}

export type LocalVerdict =
  | {
      readonly status: 'ok';
      readonly rejected: number;
      readonly reasons: readonly string[];
      readonly warnings: readonly string[];
    }
  | { readonly status: 'malformed'; readonly reason: string };
