/**
 * What the answer of a telemetry backend means for the batch that was sent: one table for every protocol.
 * Status codes alone do not decide: servers hide "too large" behind 429 and 400, and limits that pass with
 * time behind 400 and 500, so each protocol may name texts that overrule the code.
 */
import type { PushResult } from '@sluice/core/ports/sink';

export type FailedPush = Exclude<PushResult, { readonly status: 'ok' }>;

export interface HttpAnswer {
  readonly status: number;
  /** The Retry-After header. */
  readonly retryAfter: string | null;
  /** What the body says, on one line and without secrets. */
  readonly message: string;
}

/** The first rule whose pattern is found in the message decides. */
export interface TextRule {
  readonly pattern: RegExp;
  readonly status: FailedPush['status'];
}

export interface VerdictOptions {
  /** For the reason, e.g. `tempo`. */
  readonly destination: string;
  readonly nowMs: number;
  readonly rules?: readonly TextRule[];
}

type Verdict = 'retryable' | 'misconfigured' | 'permanent' | 'too-large';

/**
 * RFC 9110 § 15 and OTLP spec § Failures: 429, 502, 503, 504 ask for a retry; the other 5xx and 408, 425
 * are faults that time can cure as well. What says that this is the wrong door, or the wrong key to it, is
 * a matter of the set-up and not of the batch.
 */
const VERDICT_BY_STATUS: ReadonlyMap<number, Verdict> = new Map<number, Verdict>([
  [401, 'misconfigured'],
  [402, 'misconfigured'],
  [403, 'misconfigured'],
  [404, 'misconfigured'],
  [405, 'misconfigured'],
  [407, 'misconfigured'],
  [410, 'misconfigured'],
  [415, 'misconfigured'],
  [421, 'misconfigured'],
  [426, 'misconfigured'],
  [501, 'misconfigured'],
  [505, 'misconfigured'],
  [511, 'misconfigured'],
  [408, 'retryable'],
  [409, 'retryable'],
  [425, 'retryable'],
  [429, 'retryable'],
  [413, 'too-large'],
]);

/** Longest wait that a server can ask for: a clock gone wrong must not park data for years. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;

/** Of any answer that is not a success. */
export function verdictOf(
  answer: HttpAnswer,
  { destination, nowMs, rules = [] }: VerdictOptions,
): FailedPush {
  const said = answer.message === '' ? '' : `: ${answer.message}`;
  const reason = `${destination} answered ${answer.status}${said}`;
  const rule = rules.find(({ pattern }) => pattern.test(answer.message));
  const verdict = rule?.status ?? VERDICT_BY_STATUS.get(answer.status) ?? verdictOfClass(answer.status);
  if (verdict === 'permanent' || verdict === 'too-large') return { status: verdict, reason };
  const retryAfterMs = parseRetryAfter(answer.retryAfter, nowMs);
  return {
    status: 'retryable',
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(verdict === 'misconfigured' ? { misconfigured: true } : {}),
  };
}

/** Redirects are not followed (a POST would become a GET, and the key would go elsewhere). */
function verdictOfClass(status: number): Verdict {
  if (status >= 500 || status < 300) return 'retryable';
  return status < 400 ? 'misconfigured' : 'permanent';
}

/** RFC 9110 § 10.2.3: seconds or an HTTP date; fractions are taken, as some proxies send them. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim();
  if (text === undefined || text === '') return undefined;
  const delayMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  if (Number.isNaN(delayMs)) return undefined;
  return Math.round(Math.min(MAX_RETRY_AFTER_MS, Math.max(0, delayMs)));
}
