/** The audit endpoint: `POST /v1/audit` takes an event or an array, `POST /v1/audit/bulk` one event a line. */
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import { HEADER } from '@sluice/core/names';
import { Hono } from 'hono';
import { type Refusal, refuse, refuseForNow } from '../refusal.ts';
import { type AuditDeps, type AuditOutcome, takeAudit } from './take-audit.ts';

export interface AuditAppDeps extends AuditDeps {
  readonly logger: Logger;
}

export function createAuditApp(deps: AuditAppDeps): Hono {
  const answer = async (request: Request, bulk: boolean): Promise<Response> => {
    if (request.method !== 'POST') {
      return toResponse(
        refuse(405, `${request.method} is not allowed here: audit events are sent with POST`, {
          allow: 'POST',
        }),
        deps.logger,
      );
    }
    const outcome = await takeAudit(request, deps, { bulk }).catch((error: unknown) => ({
      ...refuseForNow(503, 'the request could not be processed now: send it again', 2),
      cause: describeError(error),
    }));
    return toResponse(outcome, deps.logger);
  };
  const app = new Hono({ strict: false });
  app.all('/v1/audit', (c) => answer(c.req.raw, false));
  app.all('/v1/audit/bulk', (c) => answer(c.req.raw, true));
  return app;
}

/** 400 when there were events and none could be taken: a client that looks only at the status must not think otherwise. */
function toResponse(outcome: AuditOutcome, logger: Logger): Response {
  if (outcome.status === 'refused') return toRefusalResponse(outcome, logger);
  const { results } = outcome;
  const accepted = results.filter(({ status }) => status === 'accepted').length;
  const status = results.length > 0 && accepted === 0 ? 400 : 200;
  return Response.json(
    { accepted, rejected: results.length - accepted, results },
    { status, headers: { 'cache-control': 'no-store' } },
  );
}

function toRefusalResponse(
  { httpStatus, message, retryAfterSeconds, headers, cause }: Refusal,
  logger: Logger,
): Response {
  if (httpStatus >= 500)
    logger.warn(message, { status: httpStatus, ...(cause === undefined ? {} : { cause }) });
  return Response.json(
    { error: message },
    {
      status: httpStatus,
      headers: {
        ...headers,
        ...(retryAfterSeconds === undefined ? {} : { [HEADER.retryAfter]: String(retryAfterSeconds) }),
      },
    },
  );
}
