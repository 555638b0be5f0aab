/**
 * What Tempo's answers mean. Its distributor hides limits of very different kinds behind 429, 400 and
 * (up to 2.x, whose OTLP receiver knew no better) 500, so its texts decide before the status does.
 */
import type { PushResult } from '@sluice/core/ports/sink';
import { decodeExportResponse, decodeStatus } from '@sluice/otlp/responses';
import { type TextRule, verdictOf } from '../http-verdict.ts';
import type { RawAnswer } from '../push-http.ts';
import { redact } from '../redact.ts';

export interface TempoVerdictOptions {
  /** Name of the sink, for reasons. */
  readonly name: string;
  /** Spans that were sent. */
  readonly items: number;
  readonly nowMs: number;
  readonly secrets: readonly string[];
}

/**
 * - `batch size … exceeds ingestion limit` (RATE_LIMITED) and gRPC's `larger than max` come as 429, but the
 *   same batch can never pass.
 * - TRACE_TOO_LARGE: one trace has outgrown `max_bytes_per_trace`. Sent in smaller pieces, the other
 *   traces of the batch get through and only that one is refused.
 * - LIVE_TRACES_EXCEEDED and RATE_LIMITED pass with time, whatever the status.
 */
const TEMPO_RULES: readonly TextRule[] = [
  { pattern: /batch size \(\d+ bytes\) exceeds ingestion limit/i, status: 'too-large' },
  { pattern: /larger than max \(\d+ vs\.? \d+\)/i, status: 'too-large' },
  { pattern: /request body too large|body exceeds|payload too large|entity too large/i, status: 'too-large' },
  { pattern: /TRACE_TOO_LARGE|max size of trace/i, status: 'too-large' },
  { pattern: /LIVE_TRACES_EXCEEDED|max live traces/i, status: 'retryable' },
  { pattern: /RATE_LIMITED|rate limit/i, status: 'retryable' },
];

export function tempoVerdict(answer: RawAnswer, options: TempoVerdictOptions): PushResult {
  const { name, nowMs, secrets } = options;
  if (answer.status >= 200 && answer.status < 300) return successVerdict(answer, options);
  const message = redact(messageOf(answer), secrets);
  return verdictOf(
    { status: answer.status, retryAfter: answer.retryAfter, message },
    { destination: name, nowMs, rules: TEMPO_RULES },
  );
}

/**
 * OTLP spec § Partial Success: a client must not send the batch again. Where every span was rejected
 * nothing was taken, so the batch is as refused as by a 400; otherwise the rejected are reported.
 */
function successVerdict(answer: RawAnswer, { name, items, secrets }: TempoVerdictOptions): PushResult {
  const partial = readPartialSuccess(answer);
  if (partial === undefined) {
    return {
      status: 'retryable',
      misconfigured: true,
      reason: `${name} answered ${answer.status} with ${redact(answer.contentType) || 'something'} that is no OTLP response: is this the address of an OTLP endpoint?`,
    };
  }
  const { rejected } = partial;
  const message = redact(partial.message, secrets);
  if (rejected === 0)
    return message === '' ? { status: 'ok' } : { status: 'ok', warning: `${name}: ${message}` };
  const reason = `${name} rejected ${rejected} of ${items} spans${message === '' ? '' : `: ${message}`}`;
  return rejected >= items ? { status: 'permanent', reason } : { status: 'ok', warning: reason };
}

/** All that small receivers say in place of an OTLP response. */
const PLAIN_SUCCESS = /^\s*(ok|success|accepted)?[.!]?\s*$/i;

/** An empty body is an empty protobuf message: full success. `undefined` for a page meant for people. */
function readPartialSuccess(answer: RawAnswer): { rejected: number; message: string } | undefined {
  if (answer.body.length === 0) return { rejected: 0, message: '' };
  let encoding = encodingOf(answer.contentType);
  if (encoding === undefined) {
    const text = Buffer.from(answer.body).toString();
    if (PLAIN_SUCCESS.test(text)) return { rejected: 0, message: '' };
    if (!text.startsWith('{')) return undefined;
    encoding = 'json';
  }
  try {
    return decodeExportResponse('traces', encoding, answer.body);
  } catch {
    return undefined;
  }
}

/** A google.rpc.Status in the encoding that the answer names, or the text of a proxy or of Tempo's own checks. */
function messageOf({ contentType, body }: RawAnswer): string {
  const encoding = encodingOf(contentType);
  const text = Buffer.from(body).toString();
  if (encoding === undefined) return text;
  try {
    return decodeStatus(encoding, body).message || text;
  } catch {
    return text;
  }
}

function encodingOf(contentType: string): 'protobuf' | 'json' | undefined {
  if (/^application\/(x-)?protobuf/i.test(contentType)) return 'protobuf';
  return /^application\/json/i.test(contentType) ? 'json' : undefined;
}
