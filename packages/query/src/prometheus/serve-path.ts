/**
 * One path of Prometheus' API: the methods that Prometheus takes there, and every fault of a request in the
 * API's envelope. `OPTIONS` is answered 204 and `HEAD` refused, as Prometheus does.
 */
import type { Context, Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { answerError, answerFault } from './api-answer.ts';
import { type Parameters, readParameters } from './parameters.ts';

export interface PathOptions {
  /** Whether a form may be posted in place of a query string. */
  readonly takesForms: boolean;
  readonly handle: (parameters: Parameters, c: Context<QueryEnv>) => Promise<Response> | Response;
}

export function servePath(app: Hono<QueryEnv>, path: string, { takesForms, handle }: PathOptions): void {
  app.all(path, async (c) => {
    const { method } = c.req;
    if (method === 'OPTIONS') return new Response(null, { status: 204 });
    if (method !== 'GET' && !(takesForms && method === 'POST')) return refuseMethod(method, takesForms);
    try {
      return await handle(await readParameters(c), c);
    } catch (error) {
      const refusal = answerError(error);
      if (refusal) return refusal;
      throw error;
    }
  });
}

function refuseMethod(method: string, takesForms: boolean): Response {
  const allow = takesForms ? 'GET, OPTIONS, POST' : 'GET, OPTIONS';
  return answerFault(405, 'bad_data', `${method} is not allowed here; ${allow} are`, { allow });
}
