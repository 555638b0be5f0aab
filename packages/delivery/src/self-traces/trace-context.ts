/** Where a span hangs: the `traceparent` of requests and messages (W3C Trace Context § traceparent). */
import { randomBytes } from 'node:crypto';

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const SAMPLED = '01';
/** Of the random part of an id: as many bits as a number holds exactly (W3C Trace Context Level 2 § random trace id). */
const RANDOM_DIGITS = 13;
const RANDOM_RANGE = 16 ** RANDOM_DIGITS;

/** `undefined` when there is none, or one that the specification has ignored. */
export function parseTraceparent(text: string | null | undefined): TraceContext | undefined {
  const match = FORM.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [, version, traceId, spanId, rest] = match as unknown as [string, string, string, string, string?];
  const isKnown = version !== 'ff' && (version !== '00' || rest === undefined);
  return isKnown && /[^0]/.test(traceId) && /[^0]/.test(spanId) ? { traceId, spanId } : undefined;
}

/** Only spans that are sampled are told to others. */
export function toTraceparent({ traceId, spanId }: TraceContext): string {
  return `00-${traceId}-${spanId}-${SAMPLED}`;
}

/** A new span: of the trace of its parent, or of one of its own. */
export function createContext(parent: TraceContext | undefined): TraceContext {
  return {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
  };
}

/**
 * Whether a trace is one of the share that is kept: decided by its id alone, so that every function along its way
 * decides the same (OTel specification § Probability sampling: the rejection threshold).
 */
export function isSampled({ traceId }: Pick<TraceContext, 'traceId'>, ratio: number): boolean {
  const random = Number.parseInt(traceId.slice(-RANDOM_DIGITS - 1, -1), 16) / RANDOM_RANGE;
  return random >= 1 - ratio;
}
