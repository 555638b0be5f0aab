/**
 * Validates an export request on the wire, in one pass and without decoding it: framing, UTF-8 and
 * nesting of everything, ids and values of every item. Items that no backend can take are cut out and
 * counted; a request that cannot be read, or that belongs to another endpoint, is refused whole.
 */
import type { Signal } from '@sluice/core/names';
import { SIGNALS } from '@sluice/core/names';
import { checkEnvelopes } from './check-envelopes.ts';
import { cutItems } from './cut-items.ts';
import { Findings, type Rejection } from './findings.ts';
import { OtlpFormatError } from './format-error.ts';

export type { Rejection };

export type Validation = ValidRequest | MalformedRequest | WrongSignal;

export interface ValidRequest {
  readonly status: 'ok';
  /** Accepted spans, log records or data points. */
  readonly items: number;
  /** The identical object if nothing was cut. */
  readonly bytes: Uint8Array;
  readonly rejected: number;
  readonly rejections: readonly Rejection[];
  readonly warnings: readonly string[];
  /** Times of the accepted items; absent when none has one. */
  readonly earliestMs?: number;
  readonly latestMs?: number;
}

export interface MalformedRequest {
  readonly status: 'malformed';
  readonly message: string;
  readonly offset: number;
}

export interface WrongSignal {
  readonly status: 'wrong-signal';
  readonly actual: Signal;
  /** Names the path that the request belongs to. */
  readonly message: string;
}

export interface ValidateOptions {
  /** Times far from this one are warned about. */
  readonly nowMs: number;
}

export function validateRequest(signal: Signal, bytes: Uint8Array, { nowMs }: ValidateOptions): Validation {
  const findings = walk(signal, bytes, nowMs);
  if (findings instanceof OtlpFormatError) {
    return (
      wrongSignal(signal, bytes) ?? {
        status: 'malformed',
        message: findings.message,
        offset: findings.offset ?? 0,
      }
    );
  }
  if (findings.items === 0 && (findings.rejected > 0 || findings.unknownItemFields > 0)) {
    const wrong = wrongSignal(signal, bytes);
    if (wrong !== undefined) return wrong;
  }
  const { items, rejected, cuts, earliestMs, latestMs } = findings;
  return {
    status: 'ok',
    items,
    bytes: cuts.length === 0 ? bytes : cutItems(bytes, cuts),
    rejected,
    rejections: findings.rejections(),
    warnings: findings.warnings(),
    ...(Number.isFinite(earliestMs) ? { earliestMs } : {}),
    ...(Number.isFinite(latestMs) ? { latestMs } : {}),
  };
}

function walk(signal: Signal, bytes: Uint8Array, nowMs: number): Findings | OtlpFormatError {
  // A Buffer would make every access of the walk polymorphic.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const findings = new Findings(signal, plain, nowMs);
  try {
    checkEnvelopes(findings);
    return findings;
  } catch (error) {
    if (!(error instanceof OtlpFormatError)) throw error;
    const { offset } = error;
    const place = `byte ${offset} of the protobuf body, in ${findings.where()}`;
    return new OtlpFormatError(`${error.message} (${place})`, offset === undefined ? {} : { offset });
  }
}

/**
 * The other signal that the bytes are a request of, if they are one beyond doubt: most items are sound,
 * they have times, which no other signal has in the same fields, and nothing in them is unknown.
 */
function wrongSignal(posted: Signal, bytes: Uint8Array): WrongSignal | undefined {
  for (const actual of SIGNALS) {
    if (actual === posted) continue;
    const findings = walk(actual, bytes, 0);
    if (findings instanceof OtlpFormatError) continue;
    const { items, rejected, unknownItemFields, latestMs } = findings;
    if (items <= rejected || unknownItemFields > 0 || !Number.isFinite(latestMs)) continue;
    return { status: 'wrong-signal', actual, message: wrongSignalMessage(posted, actual) };
  }
  return undefined;
}

export function wrongSignalMessage(posted: Signal, actual: Signal): string {
  return `this is a ${actual} request, sent to /v1/${posted}; send it to /v1/${actual}`;
}
