/** How Loki's routes answer errors, and how long a query may take. */
import type { Context } from 'hono';
import { LogqlError } from '../logql/logql-error.ts';
import type { QueryEnv } from '../query-env.ts';
import { BadParameter } from './parameters.ts';

export type LokiContext = Context<QueryEnv>;
export type LokiHandler = (c: LokiContext) => Promise<Response>;

/** Loki's default query_timeout. */
export const QUERY_TIMEOUT_MS = 60_000;

/** Aborts when the client has gone, or has waited long enough. */
export function querySignal(c: LokiContext, timeoutMs = QUERY_TIMEOUT_MS): AbortSignal {
  return AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(timeoutMs)]);
}

/** Errors of a query are text, as Loki's are. */
export async function answerLoki(c: LokiContext, handler: LokiHandler): Promise<Response> {
  try {
    return await handler(c);
  } catch (error) {
    if (error instanceof LogqlError || error instanceof BadParameter || error instanceof RangeError) {
      return c.text(error.message, 400);
    }
    if (c.req.raw.signal.aborted) return c.text('the client went away', 499 as 400);
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      return c.text('the query timed out: ask for less time, or name more labels', 504);
    }
    throw error;
  }
}
