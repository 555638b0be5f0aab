/** `POST /insights`, mounted at `/v1/logs`: Insights queries, answered in JSON, as CSV or as a table. */
import type { Clock } from '@sluice/core/ports/clock';
import { type Context, Hono } from 'hono';
import { querySignal } from '../loki/loki-handler.ts';
import { BadParameter } from '../loki/parameters.ts';
import type { QueryEnv } from '../query-env.ts';
import { InsightsBusy } from './insights-busy.ts';
import { InsightsError } from './insights-error.ts';
import { type InsightsFormat, parseInsightsRequest } from './insights-request.ts';
import type { InsightsResult, LogInsightsBackend } from './log-insights-backend.ts';
import { QueryTooLarge } from './query-too-large.ts';
import { renderCsv, renderTable } from './render.ts';

export function createInsightsRoutes(
  backend: LogInsightsBackend,
  { clock }: { readonly clock: Clock },
): Hono<QueryEnv> {
  const app = new Hono<QueryEnv>();
  app.post('/insights', async (c) => {
    const signal = querySignal(c);
    try {
      const { format = acceptedFormat(c), ...request } = parseInsightsRequest(
        await c.req.text(),
        clock.nowMs(),
      );
      return render(c, format, await backend.run(request, { tenant: c.get('tenant'), signal }));
    } catch (error) {
      if (c.req.raw.signal.aborted) return c.json({ error: 'the client went away' }, 499 as 400);
      return refuse(c, error);
    }
  });
  return app;
}

function acceptedFormat(c: Context): InsightsFormat {
  const accept = c.req.header('accept') ?? '';
  if (accept.includes('text/csv')) return 'csv';
  return accept.includes('text/plain') && !accept.includes('json') ? 'table' : 'json';
}

function render(c: Context, format: InsightsFormat, result: InsightsResult): Response {
  switch (format) {
    case 'csv':
      return c.body(renderCsv(result), 200, { 'content-type': 'text/csv; charset=utf-8' });
    case 'table':
      return c.text(renderTable(result));
    case 'json': {
      // As GetQueryResults answers, with the order of the columns beside it.
      const { columns, rows, statistics } = result;
      return c.json({ status: 'Complete', columns, results: rows, statistics });
    }
  }
}

function refuse(c: Context, error: unknown): Response {
  if (error instanceof InsightsError) {
    return c.json({ error: error.message, position: { line: error.line, column: error.column } }, 400);
  }
  if (error instanceof InsightsBusy) return c.json({ error: error.message }, 429);
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return c.json({ error: 'the query timed out: ask for less time, or fewer groups' }, 504);
  if (error instanceof BadParameter || error instanceof QueryTooLarge)
    return c.json({ error: error.message }, 400);
  throw error;
}
