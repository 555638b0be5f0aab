/**
 * Posts one request as the OTLP/HTTP specification asks of a client: 429, 502, 503, 504 and network
 * faults are tried again, after `Retry-After` or with back-off and jitter; nothing else is.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { parseRetryAfter } from '@sluice/backends/http-verdict';
import { backoffMs } from '@sluice/core/backoff';
import { describeError, UsageError } from '@sluice/core/errors';
import { ENV, HEADER, type Signal } from '@sluice/core/names';
import { decodeExportResponse, decodeStatus, type Encoding } from '@sluice/otlp/responses';
import type { Io } from '../io.ts';

export interface Destination {
  /** Without a trailing slash. */
  readonly url: string;
  readonly key?: string;
  /** How long one request is tried again, from its first failure. */
  readonly retryForMs: number;
}

export type PostOutcome =
  | {
      readonly status: 'accepted';
      readonly rejected: number;
      readonly message: string;
      readonly retries: number;
    }
  | {
      readonly status: 'refused';
      readonly httpStatus: number;
      readonly reason: string;
      readonly retries: number;
    }
  | { readonly status: 'gave-up'; readonly reason: string; readonly retries: number };

type PostIo = Pick<Io, 'fetch' | 'clock' | 'random' | 'signal'>;

const TIMEOUT_MS = 30_000;
const RETRYABLE = new Set([429, 502, 503, 504]);
const BACKOFF = { baseMs: 500, capMs: 15_000 } as const;
/** A server that asks for more is not waited for longer than this at a time. */
const MAX_RETRY_AFTER_MS = 60_000;
const CONTENT_TYPE: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

const compress = promisify(gzip);

export interface PostableRequest {
  readonly signal: Signal;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
}

/** @throws UsageError when nothing that is sent can succeed: no server there, key refused, no such path. */
export type Post = (request: PostableRequest) => Promise<PostOutcome>;

export function createPost(destination: Destination, io: PostIo): Post {
  // A server that answered before and is gone now is starting again, so it is waited for.
  const contact = { answered: false };
  return (request) => postRequest(request, { ...destination, contact }, io);
}

interface Contacted extends Destination {
  readonly contact: { answered: boolean };
}

async function postRequest(
  request: PostableRequest,
  destination: Contacted,
  io: PostIo,
): Promise<PostOutcome> {
  const body = await compress(request.bytes);
  const startMs = io.clock.nowMs();
  for (let retries = 0; ; retries++) {
    const answer = await postOnce({ ...request, body }, destination, io);
    if (answer.status !== 'retryable') return { ...answer, retries };
    const { retryAfterMs, reason } = answer;
    const waitMs = retryAfterMs ?? backoffMs(retries + 1, { ...BACKOFF, random: io.random });
    if (io.signal.aborted) return { status: 'gave-up', reason: 'interrupted', retries };
    if (io.clock.nowMs() + waitMs - startMs > destination.retryForMs) {
      return { status: 'gave-up', reason: `${reason}; gave up after ${retries + 1} tries`, retries };
    }
    await io.clock.sleep(waitMs, io.signal);
  }
}

type Answer =
  | { readonly status: 'accepted'; readonly rejected: number; readonly message: string }
  | { readonly status: 'refused'; readonly httpStatus: number; readonly reason: string }
  | { readonly status: 'retryable'; readonly reason: string; readonly retryAfterMs?: number };

async function postOnce(
  {
    signal,
    encoding,
    body,
  }: { readonly signal: Signal; readonly encoding: Encoding; readonly body: Uint8Array<ArrayBuffer> },
  { url, key, contact }: Contacted,
  io: PostIo,
): Promise<Answer> {
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await io.fetch(`${url}/v1/${signal}`, {
      method: 'POST',
      headers: {
        'content-type': CONTENT_TYPE[encoding],
        'content-encoding': 'gzip',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body,
      signal: AbortSignal.any([io.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    bytes = new Uint8Array(await response.arrayBuffer());
    contact.answered = true;
  } catch (error) {
    if (!contact.answered && codeOf(error) === 'ECONNREFUSED') {
      throw new UsageError(
        `nothing listens at ${url}: start the pipeline with "npm start", or set ${ENV.url}`,
        { cause: error },
      );
    }
    if (['ENOTFOUND', 'EAI_AGAIN'].includes(codeOf(error) ?? '')) {
      throw new UsageError(`the host of ${url} is not known: check ${ENV.url}`, { cause: error });
    }
    return { status: 'retryable', reason: describeError(error) };
  }
  return toAnswer(response, { bytes, signal, url, nowMs: io.clock.nowMs() });
}

interface AnswerContext {
  readonly bytes: Uint8Array;
  readonly signal: Signal;
  readonly url: string;
  readonly nowMs: number;
}

function toAnswer(response: Response, { bytes, signal, url, nowMs }: AnswerContext): Answer {
  const { status, headers } = response;
  const encoding: Encoding = /json/i.test(headers.get('content-type') ?? '') ? 'json' : 'protobuf';
  if (status === 200) {
    try {
      return { status: 'accepted', ...decodeExportResponse(signal, encoding, bytes) };
    } catch {
      return {
        status: 'accepted',
        rejected: 0,
        message: 'the answer is not an OTLP response: is this an OTLP endpoint?',
      };
    }
  }
  const reason = reasonOf(status, encoding, bytes);
  if (status === 401 || status === 403) {
    throw new UsageError(
      `${url} refuses the key: ${reason}; put a key with the scope ingest:write into ${ENV.key}`,
    );
  }
  if (status === 404 || status === 405) {
    throw new UsageError(`${url}/v1/${signal} is no OTLP endpoint: ${reason}; check ${ENV.url}`);
  }
  if (!RETRYABLE.has(status)) return { status: 'refused', httpStatus: status, reason };
  const askedMs = parseRetryAfter(headers.get(HEADER.retryAfter), nowMs);
  return {
    status: 'retryable',
    reason,
    ...(askedMs === undefined ? {} : { retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, askedMs) }),
  };
}

function reasonOf(status: number, encoding: Encoding, bytes: Uint8Array): string {
  try {
    const { message } = decodeStatus(encoding, bytes);
    if (message !== '') return `HTTP ${status}: ${message}`;
  } catch {
    // Not every server between here and there speaks OTLP: its text is shown instead.
  }
  const text = Buffer.from(bytes.subarray(0, 200)).toString('utf8').trim();
  return text === '' ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
}

function codeOf(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const inner = current instanceof AggregateError ? current.errors[0] : current;
    const code: unknown = Reflect.get(inner, 'code');
    if (typeof code === 'string') return code;
  }
  return undefined;
}
