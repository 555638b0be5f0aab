import type { Signal } from '@sluice/core/names';

export type Encoding = 'protobuf' | 'json';

export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

export interface Status {
  readonly code: number;
  readonly message: string;
  readonly retryDelayMs?: number;
}

/** Codes of google.rpc.Code. */
export const STATUS_CODE = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

export function encodeExportResponse(
  _signal: Signal,
  _encoding: Encoding,
  _partial: PartialSuccess,
): Uint8Array {
  throw new Error('under construction');
}
export function encodeStatus(_encoding: Encoding, _status: Status): Uint8Array {
  throw new Error('under construction');
}
export function decodeExportResponse(
  _signal: Signal,
  _encoding: Encoding,
  _bytes: Uint8Array,
): PartialSuccess {
  throw new Error('under construction');
}
export function decodeStatus(_encoding: Encoding, _bytes: Uint8Array): Status {
  throw new Error('under construction');
}
