/** An app as the handler of a Function URL or an HTTP API, within what Lambda lets through. */
import { CLOUD_ENV } from '@sluice/core/names';
import { readList } from '@sluice/core/settings';
import { createOriginCheck } from '@sluice/ingest/origin-check';
import type { LambdaContext } from '@sluice/platform/aws/event-source';
import { Hono } from 'hono';
import { handle, type LambdaEvent } from 'hono/aws-lambda';
import type { CloudProcess } from './process.ts';
import { httpInvocation } from './self-traces.ts';

interface HttpResult {
  readonly statusCode: number;
  readonly body: string;
  readonly [name: string]: unknown;
}

/** Of a response, as Lambda counts it: base64 where it is binary (Lambda quotas § Invocation payload). */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 - 100_000;

const AROUND_CDN = 'this address is not for clients: use the one that the deployment printed';

export interface HttpDoorOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly process: Pick<CloudProcess, 'report' | 'logger' | 'env' | 'tracer'>;
  /** Before the answer goes out: afterwards the environment is frozen. */
  readonly flush?: () => Promise<void>;
}

export function toHttpHandler({ fetch, process, flush }: HttpDoorOptions) {
  const isFromCdn = createOriginCheck(readList(process.env, CLOUD_ENV.originDigests));
  const app = new Hono().all('*', (c) =>
    isFromCdn(c.req.raw.headers) ? fetch(c.req.raw) : c.json({ error: AROUND_CDN }, 403),
  );
  const answer = handle(app);
  return async (event: LambdaEvent, context?: Partial<LambdaContext>): Promise<HttpResult> => {
    const result = await process.tracer.run(httpInvocation(event, context), async (span) => {
      const answered = (await answer(event)) as HttpResult;
      const { statusCode } = answered;
      span.set({ 'http.response.status_code': statusCode });
      if (statusCode >= 500) {
        span.set({ 'error.type': String(statusCode) });
        span.fail(`answered ${statusCode}`);
      }
      return answered;
    });
    // The answer stands, whatever becomes of the counting.
    await Promise.allSettled([flush?.(), process.tracer.flush(), process.report()]);
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
