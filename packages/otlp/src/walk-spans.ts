export interface WalkedSpan {
  /** The request that is walked; offsets below point into it. */
  readonly bytes: Uint8Array;
  readonly traceIdHex: string;
  readonly spanIdHex: string;
  readonly parentSpanIdHex: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly statusCode: number;
}

export interface SpanVisitor {
  /** Once per ResourceSpans, before its spans. '' without a service.name. */
  resource(serviceName: string): void;
  /** The object is reused for the next span: copy what is kept. */
  span(span: WalkedSpan): void;
}

/** @throws OtlpFormatError on malformed bytes. */
export function walkSpans(_bytes: Uint8Array, _visitor: SpanVisitor): void {
  throw new Error('under construction');
}
