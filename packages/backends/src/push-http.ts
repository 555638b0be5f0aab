/**
 * One POST to a backend, with everything that goes wrong below HTTP (time-outs, resets, unknown hosts, an
 * endless body) turned into a verdict, so that a sink only has to judge answers.
 */

import { describeError } from '@sluice/core/errors';
import { HEADER } from '@sluice/core/names';
import type { PushResult } from '@sluice/core/ports/sink';
import { type Destination, toPushUrl } from './destination.ts';
import { redact } from './redact.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpPostOptions {
  /** For reasons, e.g. `tempo`. */
  readonly name: string;
  readonly destination: Destination;
  /** Appended to the destination's URL, where that does not end with it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
}

export type HttpPostOutcome =
  | { readonly kind: 'answer'; readonly answer: RawAnswer; readonly headers: Headers }
  | { readonly kind: 'failed'; readonly result: PushResult & { readonly status: 'retryable' } };

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | null;
  /** At most MAX_ANSWER_BYTES of it. */
  readonly body: Uint8Array;
}

export type HttpPost = (
  body: Uint8Array,
  options: { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> },
) => Promise<HttpPostOutcome>;

/** Answers are short; more than this is a page meant for people. */
const MAX_ANSWER_BYTES = 65_536;

export function createHttpPost({
  name,
  destination,
  path,
  headers,
  fetch,
  timeoutMs,
}: HttpPostOptions): HttpPost {
  const url = toPushUrl(destination.url, path);
  const authorization =
    destination.authorization === undefined ? {} : { authorization: destination.authorization };

  return async (body, { signal, headers: extra = {} }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        // A Uint8Array over a SharedArrayBuffer cannot be sent; ours never is.
        body: body as Uint8Array<ArrayBuffer>,
        headers: { ...headers, ...authorization, ...extra },
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      });
      const answer = {
        status: response.status,
        contentType: response.headers.get('content-type') ?? '',
        retryAfter: response.headers.get(HEADER.retryAfter),
        body: await readUpTo(response, MAX_ANSWER_BYTES),
      };
      return { kind: 'answer', answer, headers: response.headers };
    } catch (error) {
      return {
        kind: 'failed',
        result: { status: 'retryable', reason: `${name}: ${whatFailed(error)}` },
      };
    }

    function whatFailed(error: unknown): string {
      if (signal.aborted) return 'stopped before the answer came';
      if (timeout.aborted) return `no answer within ${timeoutMs} ms`;
      return redact(describeError(error), destination.secrets);
    }
  };
}

async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
