/**
 * The way of one audit request: key, limits, JSON, each event by itself, quota, queue. Nothing valid is lost
 * with something invalid: the answer says for each event, in order, what became of it.
 */
import { encodeAuditMessages } from '@sluice/audit/audit-message';
import type { Json } from '@sluice/audit/canonical-json';
import type { AuditEvent } from '@sluice/audit/event';
import { parseAuditEvent, parseExactJson } from '@sluice/audit/parse-event';
import { findRepeatedNames, type RepeatedName } from '@sluice/audit/repeated-names';
import { describeError } from '@sluice/core/errors';
import type { Queue } from '@sluice/core/ports/queue';
import { SCOPE } from '@sluice/platform/keys/api-key';
import type { RateLimiter } from '@sluice/platform/limits/rate-limiter';
import { authenticate, type Caller, type KeyPolicy } from '../authenticate.ts';
import { parseContentCoding } from '../content-coding.ts';
import { inflateBody } from '../inflate.ts';
import type { BodyLimits } from '../ingest-limits.ts';
import { readBody } from '../read-body.ts';
import { type Refusal, refuse, refuseForNow } from '../refusal.ts';
import type { TenantGate } from './tenant-gate.ts';

export interface AuditDeps {
  /** FIFO, one group per tenant. */
  readonly queue: Queue;
  readonly keys: KeyPolicy;
  readonly limiter?: Pick<RateLimiter, 'check'>;
  readonly gate?: TenantGate;
  readonly limits: BodyLimits;
  readonly nowMs: () => number;
}

/** `accepted` events are on the queue; one that repeats an earlier id will be found to when it is recorded. */
export type EventAnswer =
  | { readonly status: 'accepted'; readonly id: string }
  | { readonly status: 'rejected'; readonly path: string; readonly reason: string };

export type AuditOutcome = { readonly status: 'ok'; readonly results: readonly EventAnswer[] } | Refusal;

/** Events in one request. */
const MAX_EVENTS = 1000;
const IDEMPOTENCY_KEY = 'idempotency-key';
const KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

/** One JSON event, or an array of them; with `bulk`, one event a line. */
export async function takeAudit(
  request: Request,
  deps: AuditDeps,
  { bulk }: { readonly bulk: boolean },
): Promise<AuditOutcome> {
  const caller = await authenticate(request.headers, deps.keys, SCOPE.auditWrite);
  if (caller.status === 'refused') return caller;
  if (caller.key === undefined && isUnaskedPage(request.headers)) {
    return refuse(415, 'pages send audit events as application/json, or application/x-ndjson in bulk');
  }
  const idempotencyKey = request.headers.get(IDEMPOTENCY_KEY) ?? undefined;
  if (idempotencyKey !== undefined && !KEY_PATTERN.test(idempotencyKey)) {
    return refuse(400, 'Idempotency-Key is not 1 to 255 printable ASCII characters');
  }
  const coding = parseContentCoding(request.headers.get('content-encoding'));
  if (coding === undefined)
    return refuse(415, 'content-encoding is not taken: use gzip, zstd, deflate or none');
  const read = await readBody(request, deps.limits.maxWireBytes);
  if (read.status === 'refused') return read;
  const inflated = await inflateBody(read.body, { coding, maxBytes: deps.limits.maxInflatedBytes });
  if (inflated.status === 'refused') return inflated;
  const inputs = bulk ? splitLines(inflated.bytes) : splitArray(inflated.bytes);
  if (!Array.isArray(inputs)) return inputs as Refusal;
  if (inputs.length > MAX_EVENTS)
    return refuse(
      413,
      `${inputs.length} events in one request; at most ${MAX_EVENTS} are taken: send several`,
    );
  return queueEvents(inputs, { caller, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }, deps);
}

/**
 * Browsers let any page post plain text anywhere without asking (Fetch § CORS-safelisted request-header): where no
 * key is needed, events would be forged. For other types they ask first, and only pages of known origins may.
 */
function isUnaskedPage(headers: Headers): boolean {
  return (
    headers.has('origin') &&
    !/^application\/(x-ndjson|([\w.-]+\+)?json)\b/i.test(headers.get('content-type') ?? '')
  );
}

/** The event, or the reason why its text is none. */
type Input = { readonly value: Json } | { readonly path?: string; readonly reason: string };

interface From {
  readonly caller: Caller;
  readonly idempotencyKey?: string;
}

async function queueEvents(
  inputs: readonly Input[],
  { caller, idempotencyKey }: From,
  deps: AuditDeps,
): Promise<AuditOutcome> {
  const { tenant, key } = caller;
  const nowMs = deps.nowMs();
  const events: AuditEvent[] = [];
  const results = inputs.map((input, i): EventAnswer => {
    if ('reason' in input) return { status: 'rejected', path: '$', ...input };
    const own =
      idempotencyKey === undefined
        ? {}
        : { idempotencyKey: inputs.length === 1 ? idempotencyKey : `${idempotencyKey}#${i}` };
    const parsed = parseAuditEvent(input.value, { tenant, nowMs, ...own });
    if (parsed.status === 'rejected') return parsed;
    events.push(parsed.event);
    return { status: 'accepted', id: parsed.event.id };
  });
  if (events.length === 0) return { status: 'ok', results };
  const limit = key === undefined ? undefined : deps.limiter?.check(key, events.length);
  if (limit?.status === 'limited') return refuseForNow(429, limit.reason, limit.retryAfterSeconds);
  const messages = encodeAuditMessages({ tenant, events });
  const entry = deps.gate?.enter(tenant, messages.length);
  if (entry?.status === 'limited') return refuseForNow(429, entry.reason, entry.retryAfterSeconds);
  const later = refuseForNow(
    503,
    'the audit queue cannot take the request now: send it again; events with an id count once',
    2,
  );
  try {
    const outcomes = await deps.queue.send(messages);
    const failed = outcomes.find(({ status }) => status !== 'ok');
    if (failed !== undefined && failed.status !== 'ok') return { ...later, cause: failed.reason };
  } catch (error) {
    return { ...later, cause: describeError(error) };
  }
  return { status: 'ok', results };
}

function splitArray(bytes: Uint8Array): readonly Input[] | Refusal {
  const text = toText(bytes);
  if (text === undefined) return refuse(400, 'the body is not UTF-8');
  if (text.trim() === '')
    return refuse(400, 'the body is empty: send one audit event as a JSON object, or an array of them');
  try {
    const value = parseExactJson(text);
    const repeated = findRepeatedNames(text);
    const inputs: readonly Json[] = Array.isArray(value) ? value : [value];
    return inputs.map((entry, i) =>
      toInput(
        entry,
        repeated.find(({ index = 0 }) => index === i),
      ),
    );
  } catch (error) {
    const hint = /^\s*\{[^\n]*\}\s*\n\s*\{/.test(text) ? ' (one event a line goes to /v1/audit/bulk)' : '';
    return refuse(400, `the body is not JSON: ${(error as Error).message}${hint}`);
  }
}

function toInput(value: Json, repeated: RepeatedName | undefined): Input {
  if (repeated === undefined) return { value };
  return { path: repeated.path, reason: 'the name is there twice: readers differ in which one counts' };
}

/** A line that is no JSON is one event that is rejected; the others stand. */
function splitLines(bytes: Uint8Array): readonly Input[] | Refusal {
  const text = toText(bytes);
  if (text === undefined) return refuse(400, 'the body is not UTF-8');
  return text.split('\n').flatMap((line, i): readonly Input[] => {
    if (line.trim() === '') return [];
    try {
      return [toInput(parseExactJson(line), findRepeatedNames(line)[0])];
    } catch (error) {
      return [{ reason: `line ${i + 1} is not JSON: ${(error as Error).message}` }];
    }
  });
}

function toText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
