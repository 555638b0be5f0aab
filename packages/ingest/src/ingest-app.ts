/**
 * The OTLP/HTTP endpoint: `POST /v1/traces`, `/v1/logs` and `/v1/metrics`. Routes, methods, CORS and request
 * ids are here; what happens to a request is in export-request.ts.
 */
import { randomUUID } from 'node:crypto';
import { describeError, PermanentError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import { HEADER, SIGNALS, type Signal } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Queue } from '@sluice/core/ports/queue';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { KeyVerifier } from '@sluice/platform/keys/key-verifier';
import type { RateLimiter } from '@sluice/platform/limits/rate-limiter';
import { Hono } from 'hono';
import { answerExport, answerRefusal } from './answer.ts';
import { type CorsOptions, createCors } from './cors.ts';
import { type ExportOutcome, takeExport } from './export-request.ts';
import { type IngestLimits, toIngestLimits } from './ingest-limits.ts';
import { parseMediaType } from './media-type.ts';
import { BODY_TIMEOUT_MS } from './read-body.ts';
import type { RequestRedactor } from './redaction/redact-request.ts';
import { type Refusal, refuse, refuseForNow } from './refusal.ts';
import { createRequestMetrics } from './request-metrics.ts';

export interface IngestDeps {
  readonly queues: Readonly<Record<Signal, Queue>>;
  /** Absent: no key is asked for and every request is of the default tenant. */
  readonly keys?: KeyVerifier;
  /** With `keys`: whether a request without one is refused. Default true. */
  readonly keyRequired?: boolean;
  readonly limiter?: Pick<RateLimiter, 'check' | 'refund'>;
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
  /** Default: 4 MiB on the wire, 64 MiB inflated. */
  readonly limits?: IngestLimits;
  /** From the headers to the end of the body; default 30 s. */
  readonly bodyTimeoutMs?: number;
  /** Default: no origin is allowed. */
  readonly cors?: CorsOptions;
  /** Default: nothing is redacted. */
  readonly redact?: RequestRedactor;
  readonly createRequestId?: () => string;
  /** For durations. */
  readonly monotonicMs?: () => number;
}

const ALLOW = 'POST, OPTIONS';
/** What a client may name its request: it is answered and logged, so that nothing else gets in. */
const REQUEST_ID_PATTERN = /^[\w.:/+=@-]{1,128}$/;

export function createIngestApp(deps: IngestDeps): Hono {
  const { logger, clock, limits = toIngestLimits(), keys, keyRequired = true, limiter } = deps;
  const {
    bodyTimeoutMs = BODY_TIMEOUT_MS,
    createRequestId = randomUUID,
    monotonicMs = () => performance.now(),
  } = deps;
  const metrics = createRequestMetrics(deps.selfMetrics);
  const cors = createCors(deps.cors ?? { origins: [] });

  /** Runs `take` and turns whatever comes of it into the one answer. */
  const answer = async (
    request: Request,
    signal: Signal | undefined,
    take: () => Promise<ExportOutcome> | ExportOutcome,
  ): Promise<Response> => {
    const startedAt = monotonicMs();
    const given = request.headers.get(HEADER.requestId) ?? '';
    const requestId = REQUEST_ID_PATTERN.test(given) ? given : createRequestId();
    const outcome = await settle(take);
    if (outcome.status === 'refused') logRefusal(logger, outcome, { requestId, signal: signal ?? 'none' });
    const encoding = parseMediaType(request.headers.get('content-type')) ?? 'json';
    const response =
      outcome.status === 'refused'
        ? answerRefusal(outcome, encoding, request.method)
        : answerExport(signal!, encoding, outcome.partial);
    for (const [name, value] of Object.entries(cors.actual(request.headers)))
      response.headers.set(name, value);
    response.headers.set(HEADER.requestId, requestId);
    const seconds = (monotonicMs() - startedAt) / 1000;
    metrics.request({ signal: signal ?? 'none', status: response.status }, seconds);
    return response;
  };

  const app = new Hono();
  for (const signal of SIGNALS) {
    const exportDeps = {
      signal,
      queue: deps.queues[signal],
      keys: { required: keyRequired, ...(keys === undefined ? {} : { verifier: keys }) },
      ...(limiter === undefined ? {} : { limiter }),
      deadline: { clock, timeoutMs: bodyTimeoutMs },
      limits: limits[signal],
      metrics,
      ...(deps.redact === undefined ? {} : { redact: deps.redact }),
      nowMs: () => clock.nowMs(),
    };
    const route = (request: Request): Promise<Response> | Response => {
      if (request.method === 'OPTIONS') return answerOptions(cors.preflight(request.headers));
      return answer(request, signal, () =>
        request.method === 'POST' ? takeExport(request, exportDeps) : refuseMethod(request.method),
      );
    };
    app.all(`/v1/${signal}`, (context) => route(context.req.raw));
    app.all(`/v1/${signal}/`, (context) => route(context.req.raw));
  }
  app.notFound((context) => answer(context.req.raw, undefined, () => refusePath(context.req.path)));
  return app;
}

/** No throw gets out: one that a retry may cure is answered 503, so that the client keeps its data. */
async function settle(take: () => Promise<ExportOutcome> | ExportOutcome): Promise<ExportOutcome> {
  try {
    return await take();
  } catch (error) {
    const cause = describeError(error);
    return error instanceof PermanentError
      ? { ...refuse(500, 'the request cannot be processed'), cause }
      : { ...refuseForNow(503, 'the request could not be processed now: send it again', 2), cause };
  }
}

function answerOptions(preflight: Readonly<Record<string, string>> | undefined): Response {
  return new Response(null, { status: 204, headers: { allow: ALLOW, ...preflight } });
}

function refuseMethod(method: string): Refusal {
  return refuse(405, `${method} is not allowed here: OTLP data is sent with POST`, { allow: ALLOW });
}

function refusePath(path: string): Refusal {
  const meant = SIGNALS.find((signal) => path.toLowerCase().includes(signal.slice(0, -1)));
  const paths = meant === undefined ? '/v1/traces, /v1/logs or /v1/metrics' : `/v1/${meant}`;
  return refuse(404, `nothing is served at ${JSON.stringify(path.slice(0, 100))}: POST to ${paths}`);
}

/** What clients do wrong is counted and answered, not logged; what went wrong here is logged. */
function logRefusal(
  logger: Logger,
  { httpStatus, message, cause }: Refusal,
  fields: Readonly<Record<string, string>>,
): void {
  const line = { ...fields, status: httpStatus, ...(cause === undefined ? {} : { cause }) };
  if (httpStatus >= 500) logger.warn(message, line);
  else logger.debug(message, line);
}
