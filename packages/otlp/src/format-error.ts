/** The one error that reading malformed OTLP throws, whether protobuf (with an offset) or JSON (with a path). */
import { PermanentError } from '@sluice/core/errors';
import type { Signal } from '@sluice/core/names';

export interface FormatErrorPlace {
  /** Byte of the protobuf message at which reading stopped. */
  readonly offset?: number;
  /** JSON path of the value at fault, for example `$.resourceSpans[0].scopeSpans[0].spans[3].traceId`. */
  readonly path?: string;
  /** Set when the request is sound but belongs to another signal's endpoint. */
  readonly actual?: Signal;
}

export class OtlpFormatError extends PermanentError {
  readonly offset: number | undefined;
  readonly path: string | undefined;
  readonly actual: Signal | undefined;

  constructor(message: string, { offset, path, actual }: FormatErrorPlace = {}, options?: ErrorOptions) {
    super(message, options);
    this.offset = offset;
    this.path = path;
    this.actual = actual;
  }
}
