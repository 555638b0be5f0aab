/**
 * The bodies of OTLP answers: export responses with their partial success, and google.rpc.Status with an
 * optional RetryInfo, in protobuf and in JSON.
 */
import type { Signal } from '@sluice/core/names';
import { OtlpFormatError } from './format-error.ts';
import { ProtoReader } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';

export type Encoding = 'protobuf' | 'json';

export interface PartialSuccess {
  readonly rejected: number;
  /** The reason of the rejections, or with none a warning. '' for neither. */
  readonly message: string;
}

export interface Status {
  /** One of STATUS_CODE. */
  readonly code: number;
  readonly message: string;
  /** How long the sender is asked to wait. */
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

const REJECTED_NAMES = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
} as const satisfies Record<Signal, string>;

const RETRY_INFO_TYPE = 'type.googleapis.com/google.rpc.RetryInfo';

/** An answer of full success has no partial success at all (OTLP spec § Full Success). */
export function encodeExportResponse(
  signal: Signal,
  encoding: Encoding,
  { rejected, message }: PartialSuccess,
): Uint8Array {
  const full = rejected === 0 && message === '';
  if (encoding === 'json') {
    if (full) return toBytes({});
    return toBytes({
      partialSuccess: {
        ...(rejected === 0 ? {} : { [REJECTED_NAMES[signal]]: String(rejected) }),
        ...(message === '' ? {} : { errorMessage: message.toWellFormed() }),
      },
    });
  }
  const writer = new ProtoWriter(message.length + 32);
  if (!full) {
    const partial = writer.begin(1);
    if (rejected !== 0) writer.uint(1, rejected);
    if (message !== '') writer.string(2, message);
    writer.end(partial);
  }
  return writer.finish();
}

/** @throws OtlpFormatError when the body is not an export response in that encoding. */
export function decodeExportResponse(signal: Signal, encoding: Encoding, bytes: Uint8Array): PartialSuccess {
  if (encoding === 'json') {
    const partial = member(fromBytes(bytes), 'partialSuccess');
    return {
      rejected: toNumber(member(partial, REJECTED_NAMES[signal])),
      message: toText(member(partial, 'errorMessage')),
    };
  }
  const reader = new ProtoReader(bytes);
  let rejected = 0;
  let message = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== ((1 << 3) | 2)) {
      reader.skip(tag, 0b10);
      continue;
    }
    const outer = reader.enter();
    for (let inner = reader.tag(); inner !== 0; inner = reader.tag()) {
      if (inner === 1 << 3) rejected = Number(reader.int64());
      else if (inner === ((2 << 3) | 2)) message = reader.string();
      else reader.skip(inner, 0b110);
    }
    reader.leave(outer);
  }
  return { rejected, message };
}

export function encodeStatus(encoding: Encoding, { code, message, retryDelayMs }: Status): Uint8Array {
  if (encoding === 'json') {
    const details =
      retryDelayMs === undefined
        ? {}
        : { details: [{ '@type': RETRY_INFO_TYPE, retryDelay: `${retryDelayMs / 1000}s` }] };
    return toBytes({ code, message: message.toWellFormed(), ...details });
  }
  const writer = new ProtoWriter(message.length + 96);
  if (code !== 0) writer.uint(1, code);
  if (message !== '') writer.string(2, message);
  if (retryDelayMs !== undefined) {
    const any = writer.begin(3);
    writer.string(1, RETRY_INFO_TYPE);
    const retryInfo = writer.begin(2);
    const duration = writer.begin(1);
    writer.uint(1, Math.floor(retryDelayMs / 1000));
    writer.uint(2, Math.round((retryDelayMs % 1000) * 1e6));
    writer.end(duration);
    writer.end(retryInfo);
    writer.end(any);
  }
  return writer.finish();
}

/** @throws OtlpFormatError when the body is not a google.rpc.Status in that encoding. */
export function decodeStatus(encoding: Encoding, bytes: Uint8Array): Status {
  if (encoding === 'json') {
    const status = fromBytes(bytes);
    const details = member(status, 'details');
    const retryInfo = (Array.isArray(details) ? details : []).find(
      (detail) => member(detail, '@type') === RETRY_INFO_TYPE,
    );
    const seconds = Number.parseFloat(toText(member(retryInfo, 'retryDelay')));
    return {
      code: toNumber(member(status, 'code')),
      message: toText(member(status, 'message')),
      ...(Number.isFinite(seconds) ? { retryDelayMs: Math.round(seconds * 1000) } : {}),
    };
  }
  const reader = new ProtoReader(bytes);
  const status: { code: number; message: string; retryDelayMs?: number } = { code: 0, message: '' };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 1 << 3) status.code = reader.int32();
    else if (tag === ((2 << 3) | 2)) status.message = reader.string();
    else if (tag === ((3 << 3) | 2)) {
      const delayMs = decodeRetryDelay(reader);
      if (delayMs !== undefined) status.retryDelayMs = delayMs;
    } else reader.skip(tag, 0b1110);
  }
  return status;
}

/** The delay in a google.protobuf.Any, if a RetryInfo is what it holds. */
function decodeRetryDelay(reader: ProtoReader): number | undefined {
  const outer = reader.enter();
  let type = '';
  let value: Uint8Array = new Uint8Array();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) type = reader.string();
    else if (tag === ((2 << 3) | 2)) value = reader.byteString();
    else reader.skip(tag, 0b110);
  }
  reader.leave(outer);
  if (type !== RETRY_INFO_TYPE) return undefined;
  const retryInfo = new ProtoReader(value);
  let delayMs: number | undefined;
  for (let tag = retryInfo.tag(); tag !== 0; tag = retryInfo.tag()) {
    if (tag !== ((1 << 3) | 2)) {
      retryInfo.skip(tag, 0b10);
      continue;
    }
    delayMs = 0;
    const end = retryInfo.enter();
    for (let inner = retryInfo.tag(); inner !== 0; inner = retryInfo.tag()) {
      if (inner === 1 << 3) delayMs += Number(retryInfo.int64()) * 1000;
      else if (inner === 2 << 3) delayMs += retryInfo.int32() / 1e6;
      else retryInfo.skip(inner, 0b110);
    }
    retryInfo.leave(end);
  }
  return delayMs;
}

function toBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function fromBytes(bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw new OtlpFormatError('the answer is not JSON', { path: '$' }, { cause });
  }
  throw new OtlpFormatError('the answer is not a JSON object', { path: '$' });
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function toNumber(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
