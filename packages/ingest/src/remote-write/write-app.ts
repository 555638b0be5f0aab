/** `POST /api/v1/write`: where Prometheus servers and agents push to. */
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import { HEADER } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { Hono } from 'hono';
import { type Refusal, refuse, refuseForNow } from '../refusal.ts';
import { createRequestMetrics } from '../request-metrics.ts';
import { createFamilyMemory } from './family-memory.ts';
import { takeWrite, type WriteDeps, type WriteOutcome } from './take-write.ts';

export interface WriteAppDeps extends Omit<WriteDeps, 'families' | 'metrics'> {
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

const PATH = '/api/v1/write';

export function createWriteApp({ selfMetrics, logger, ...rest }: WriteAppDeps): Hono {
  const metrics = createRequestMetrics(selfMetrics);
  const deps: WriteDeps = { ...rest, metrics, families: createFamilyMemory() };
  const app = new Hono({ strict: false });
  app.all(PATH, async (c) => {
    const request = c.req.raw;
    const startedMs = rest.nowMs();
    const outcome: WriteOutcome =
      request.method === 'POST'
        ? await takeWrite(request, deps).catch((error: unknown) => ({
            ...refuseForNow(503, 'the request could not be processed now: send it again', 2),
            cause: describeError(error),
          }))
        : refuse(405, `${request.method} is not allowed here: samples are sent with POST`, { allow: 'POST' });
    const response = outcome.status === 'ok' ? toAnswer(outcome) : toRefusal(outcome, logger);
    const labels = { signal: 'metrics', status: response.status };
    metrics.request(labels, (rest.nowMs() - startedMs) / 1000);
    return response;
  });
  return app;
}

/** Whether a request to the ingest port is for this app. */
export function isRemoteWrite({ url }: Pick<Request, 'url'>): boolean {
  return new URL(url).pathname.replace(/\/$/, '') === PATH;
}

/**
 * 400 when something was left out, although the rest is stored: senders then log it and go on, as the
 * specification wants of partial writes.
 */
function toAnswer({ version, samples, refused }: Extract<WriteOutcome, { status: 'ok' }>): Response {
  const headers: Record<string, string> =
    version === '1.0'
      ? {}
      : {
          [HEADER.samplesWritten]: String(samples),
          [HEADER.histogramsWritten]: '0',
          [HEADER.exemplarsWritten]: '0',
        };
  if (refused === '') return new Response(null, { status: 204, headers });
  const text = `${samples} samples are stored; left out for good: ${refused}\n`;
  return new Response(text, {
    status: 400,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
  });
}

function toRefusal(
  { httpStatus, message, retryAfterSeconds, headers, cause }: Refusal,
  logger: Logger,
): Response {
  if (httpStatus >= 500)
    logger.warn(message, { status: httpStatus, ...(cause === undefined ? {} : { cause }) });
  return new Response(`${message}\n`, {
    status: httpStatus,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...headers,
      ...(retryAfterSeconds === undefined ? {} : { [HEADER.retryAfter]: String(retryAfterSeconds) }),
    },
  });
}
