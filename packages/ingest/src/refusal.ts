/**
 * Why a whole request is not taken, as data: every stage of the way answers either its result or one of
 * these, and one place turns it into a response. One table maps HTTP statuses to the codes of google.rpc.
 */
import { STATUS_CODE } from '@sluice/otlp/responses';

export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 429 | 500 | 503;

export interface Refusal {
  readonly status: 'refused';
  readonly httpStatus: RefusalStatus;
  /** Names the place, the value and the remedy; never a secret. */
  readonly message: string;
  /** Whole seconds; set for 429 and 503 only. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the pipeline's own log only. */
  readonly cause?: string;
}

/** Longer waits make SDKs drop the batch: their exporters give up after 10 s (OTel SDK, OTEL_EXPORTER_OTLP_TIMEOUT). */
const RETRY_AFTER_SECONDS = { min: 1, max: 5 } as const;

/** OTLP clients look at the HTTP status alone; the code is for people and gateways (OTLP spec § Failures). */
export const RPC_CODE: Readonly<Record<RefusalStatus, number>> = {
  400: STATUS_CODE.invalidArgument,
  401: STATUS_CODE.unauthenticated,
  403: STATUS_CODE.permissionDenied,
  404: STATUS_CODE.notFound,
  405: STATUS_CODE.unimplemented,
  408: STATUS_CODE.deadlineExceeded,
  413: STATUS_CODE.invalidArgument,
  415: STATUS_CODE.invalidArgument,
  429: STATUS_CODE.resourceExhausted,
  500: STATUS_CODE.internal,
  503: STATUS_CODE.unavailable,
};

/** A fault that no retry of the same request can cure. */
export function refuse(
  httpStatus: Exclude<RefusalStatus, 429 | 503>,
  message: string,
  headers?: Readonly<Record<string, string>>,
): Refusal {
  return { status: 'refused', httpStatus, message, ...(headers === undefined ? {} : { headers }) };
}

/** A fault that time cures: the client keeps the batch and sends it again. */
export function refuseForNow(httpStatus: 429 | 503, message: string, afterSeconds: number): Refusal {
  const { min, max } = RETRY_AFTER_SECONDS;
  const whole = Number.isFinite(afterSeconds) ? Math.ceil(afterSeconds) : max;
  return {
    status: 'refused',
    httpStatus,
    message,
    retryAfterSeconds: Math.min(max, Math.max(min, whole)),
  };
}
