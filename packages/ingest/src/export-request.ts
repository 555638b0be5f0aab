/**
 * The way of one OTLP export request: key, content type, coding, limits, JSON, validation, quota, parts,
 * queue. Every step answers its result or a refusal; 200 is answered only when all that was not rejected
 * by name is on the queue.
 */
import { HEADER, type Signal } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import { OtlpFormatError } from '@sluice/otlp/format-error';
import { convertJsonRequest } from '@sluice/otlp/json-request';
import type { Encoding, PartialSuccess } from '@sluice/otlp/responses';
import { type Validation, validateRequest } from '@sluice/otlp/validate';
import type { RateLimiter } from '@sluice/platform/limits/rate-limiter';
import { authenticate, type Caller, type KeyPolicy } from './authenticate.ts';
import { hintOf, type RefusedBody } from './body-hint.ts';
import { ACCEPTED_CODINGS, parseContentCoding } from './content-coding.ts';
import { enqueueParts } from './enqueue.ts';
import { inflateBody } from './inflate.ts';
import type { BodyLimits } from './ingest-limits.ts';
import { parseMediaType } from './media-type.ts';
import { type Packed, packMessages } from './pack-messages.ts';
import { ITEM_NOUN, toPartialMessage } from './partial-message.ts';
import { type BodyDeadline, readBody } from './read-body.ts';
import type { RequestRedactor } from './redaction/redact-request.ts';
import { type Refusal, refuse, refuseForNow } from './refusal.ts';
import type { RequestMetrics } from './request-metrics.ts';

export interface ExportDeps {
  readonly signal: Signal;
  readonly queue: Queue;
  readonly keys: KeyPolicy;
  readonly limiter?: Pick<RateLimiter, 'check' | 'refund'>;
  readonly deadline: BodyDeadline;
  readonly limits: BodyLimits;
  readonly metrics: RequestMetrics;
  readonly redact?: RequestRedactor;
  readonly nowMs: () => number;
}

export type ExportOutcome = { readonly status: 'ok'; readonly partial: PartialSuccess } | Refusal;

type Valid = Extract<Validation, { status: 'ok' }>;

/** What is left to do once the request is known to be sound. */
interface SoundRequest {
  readonly caller: Caller;
  readonly valid: Valid;
  readonly gzip?: Uint8Array;
}

export async function takeExport(request: Request, deps: ExportDeps): Promise<ExportOutcome> {
  const { signal, limits, metrics } = deps;
  const caller = await authenticate(request.headers, deps.keys);
  if (caller.status === 'refused') return caller;

  const type = request.headers.get('content-type');
  const encoding = parseMediaType(type);
  if (encoding === undefined) return refuseMediaType(type);
  const coding = parseContentCoding(request.headers.get('content-encoding'));
  if (coding === undefined) return refuseCoding(request.headers.get('content-encoding') ?? '');

  const read = await readBody(request, limits.maxWireBytes, deps.deadline);
  if (read.status === 'refused') return read;
  metrics.bytes(signal, read.body.length);
  const inflated = await inflateBody(read.body, { coding, maxBytes: limits.maxInflatedBytes });
  if (inflated.status === 'refused') return inflated;

  const checked = validate(inflated.bytes, encoding, deps);
  if (checked.status === 'refused') return checked;
  const valid =
    deps.redact === undefined ? checked : { ...checked, bytes: deps.redact(signal, checked.bytes) };
  const untouched = valid.bytes === inflated.bytes && inflated.gzip !== undefined;
  return queueSound({ caller, valid, ...(untouched ? { gzip: inflated.gzip } : {}) }, deps);
}

function validate(
  body: Uint8Array,
  encoding: Encoding,
  { signal, nowMs }: Pick<ExportDeps, 'signal' | 'nowMs'>,
): Valid | Refusal {
  let warnings: readonly string[] = [];
  let unknownPlace: string | undefined;
  let bytes = body;
  if (encoding === 'json') {
    try {
      ({ bytes, warnings, unknownPlace } = convertJsonRequest(signal, body));
    } catch (error) {
      if (error instanceof OtlpFormatError) return refuseBody(error.message, { signal, bytes, encoding });
      throw error;
    }
  }
  const validation = validateRequest(signal, bytes, { nowMs: nowMs() });
  if (validation.status === 'malformed') return refuseBody(validation.message, { signal, bytes, encoding });
  if (validation.status !== 'ok') return refuse(400, validation.message);
  if (unknownPlace !== undefined && validation.items + validation.rejected === 0) {
    const noun = ITEM_NOUN[signal];
    warnings = [`no ${noun} was found; ${unknownPlace} is not known to OTLP and is passed over`, ...warnings];
  }
  return warnings.length === 0
    ? validation
    : { ...validation, warnings: [...warnings, ...validation.warnings] };
}

async function queueSound({ caller, valid, gzip }: SoundRequest, deps: ExportDeps): Promise<ExportOutcome> {
  const { signal, metrics, queue } = deps;
  const { tenant, key } = caller;
  const { items, bytes } = valid;
  const rejections = [...valid.rejections];
  if (items > 0) {
    const limit = key === undefined ? undefined : deps.limiter?.check(key, items);
    if (limit?.status === 'limited') {
      metrics.rejected(signal, tenant, [{ reason: 'rate-limited', count: items }]);
      return refuseForNow(429, limit.reason, limit.retryAfterSeconds);
    }
    const packed = await packMessages(signal, bytes, { items, ...(gzip === undefined ? {} : { gzip }) });
    const sent = await enqueueParts(queue, packed.parts, { signal, tenant, receivedAtMs: deps.nowMs() });
    if (sent.status === 'retryable') {
      if (key !== undefined) deps.limiter?.refund(key, items);
      const message = `the ${signal} queue cannot take the request now: send it again, nothing counts twice`;
      return { ...refuseForNow(503, message, 2), cause: sent.reason };
    }
    rejections.push(...unsendable(signal, packed, sent));
    metrics.accepted(signal, tenant, sent.queued);
  }
  metrics.rejected(signal, tenant, rejections);
  if (valid.warnings.length > 0) metrics.warned(signal, valid.warnings.length);
  const rejected = rejections.reduce((sum, { count }) => sum + count, 0);
  const message = toPartialMessage(signal, rejections, valid.warnings);
  return { status: 'ok', partial: { rejected, message } };
}

/** Items that are sound OTLP, but that no queue message can hold. */
function unsendable(
  signal: Signal,
  { oversized }: Packed,
  { refused, reason }: { readonly refused: number; readonly reason?: string },
): Valid['rejections'] {
  const large = `a single ${ITEM_NOUN[signal]} is larger than a queue message of 1 MiB can hold`;
  return [
    ...(oversized === 0 ? [] : [{ reason: 'item-too-large', count: oversized, example: large }]),
    ...(refused === 0
      ? []
      : [{ reason: 'queue-refused', count: refused, example: reason ?? 'no reason given' }]),
  ];
}

function refuseMediaType(type: string | null): Refusal {
  const what = type === null ? 'content-type is missing' : `content-type ${quote(type)} is not taken`;
  return refuse(415, `${what}: use application/x-protobuf or application/json (in UTF-8)`);
}

function refuseCoding(coding: string): Refusal {
  const message = `content-encoding ${quote(coding)} is not taken: use one of ${ACCEPTED_CODINGS}`;
  return refuse(415, message, { [HEADER.acceptEncoding]: ACCEPTED_CODINGS });
}

function refuseBody(message: string, body: RefusedBody): Refusal {
  const hint = hintOf(body);
  return refuse(400, hint === '' ? message : `${message}; ${hint}`);
}

function quote(value: string): string {
  return JSON.stringify(value.slice(0, 100));
}
