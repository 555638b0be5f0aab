/** An app as the handler of a Function URL or an HTTP API, within what Lambda lets through. */

import { Hono } from 'hono';
import { handle, type LambdaEvent } from 'hono/aws-lambda';
import type { CloudProcess } from './process.ts';

interface HttpResult {
  readonly statusCode: number;
  readonly body: string;
  readonly [name: string]: unknown;
}

/** Of a response, as Lambda counts it: base64 where it is binary (Lambda quotas § Invocation payload). */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 - 100_000;

export interface HttpDoorOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly process: Pick<CloudProcess, 'report' | 'logger'>;
  /** Before the answer goes out: afterwards the environment is frozen. */
  readonly flush?: () => Promise<void>;
}

export function toHttpHandler({ fetch, process, flush }: HttpDoorOptions) {
  const app = new Hono().all('*', (c) => fetch(c.req.raw));
  const answer = handle(app);
  return async (event: LambdaEvent): Promise<HttpResult> => {
    const result = (await answer(event)) as HttpResult;
    // The answer stands, whatever becomes of the counting.
    await Promise.allSettled([flush?.(), process.report()]);
    if (Buffer.byteLength(result.body ?? '') <= MAX_RESPONSE_BYTES) return result;
    process.logger.warn('an answer is larger than Lambda lets through', { bytes: result.body.length });
    const body = JSON.stringify({
      status: 'error',
      errorType: 'too_large',
      error: 'the answer is larger than 6 MB: ask for less time, or fewer series',
    });
    return {
      statusCode: 422,
      headers: { 'content-type': 'application/json' },
      body,
      isBase64Encoded: false,
    };
  };
}
