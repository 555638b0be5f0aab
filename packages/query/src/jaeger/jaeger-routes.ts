/**
 * Jaeger's query API over a trace reader, to be mounted at `/jaeger/api`: with `<base>/jaeger` as its URL,
 * Grafana's Jaeger data source and Jaeger UI work unchanged.
 */
import type { TraceReader } from '@sluice/backends/trace-reader';
import type { TenantId } from '@sluice/core/ids';
import { type Clock, systemClock } from '@sluice/core/ports/clock';
import { type Context, Hono } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import type { JaegerAnswer, JaegerError } from './jaeger-model.ts';
import { ParameterError } from './parameter-error.ts';
import {
  parseDependencyRange,
  parseOptionalRange,
  parseTraceId,
  parseTraceSearch,
} from './parse-trace-query.ts';
import { SPAN_KIND_NAMES } from './to-jaeger-tags.ts';
import { toJaegerTrace } from './to-jaeger-trace.ts';

export interface JaegerRoutesOptions {
  readonly clock?: Pick<Clock, 'nowMs'>;
}

const NOT_FOUND = 'trace not found';

export function createJaegerRoutes(
  reader: TraceReader,
  { clock = systemClock }: JaegerRoutesOptions = {},
): Hono<QueryEnv> {
  const app = new Hono<QueryEnv>({ strict: false });

  app.get('/services', async (c) => c.json(listAnswer(await reader.services(c.get('tenant')))));

  app.get('/services/:service/operations', async (c) => {
    const operations = await reader.operations(c.get('tenant'), c.req.param('service'));
    return c.json(listAnswer([...new Set(operations.map(({ name }) => name))]));
  });

  app.get('/operations', async (c) => {
    const service = c.req.query('service') ?? '';
    if (service === '') throw new ParameterError("parameter 'service' is required");
    const spanKind = c.req.query('spanKind') ?? '';
    const operations = (await reader.operations(c.get('tenant'), service))
      .map(({ name, kind }) => ({ name, spanKind: SPAN_KIND_NAMES[kind] ?? '' }))
      .filter((operation) => spanKind === '' || operation.spanKind === spanKind);
    return c.json(listAnswer(operations));
  });

  app.get('/traces', async (c) => {
    const tenant = c.get('tenant');
    const search = parseTraceSearch(parametersOf(c), clock.nowMs());
    if (search.kind === 'ids') return c.json(await readAll(tenant, search.traceIds));
    const traces = await reader.search(tenant, search.query);
    return c.json(answer(traces.map(toJaegerTrace)));
  });

  app.get('/traces/:traceId', async (c) => {
    const traceId = parseTraceId(c.req.param('traceId'));
    const trace = await reader.trace(c.get('tenant'), traceId, parseOptionalRange(parametersOf(c)));
    if (trace === undefined) return c.json(refusal(404, NOT_FOUND), 404);
    return c.json(answer([toJaegerTrace(trace)]));
  });

  app.get('/dependencies', async (c) => {
    const range = parseDependencyRange(parametersOf(c), clock.nowMs());
    const service = c.req.query('service') ?? '';
    const links = await reader.dependencies(c.get('tenant'), range);
    return c.json(
      answer(links.filter(({ parent, child }) => service === '' || parent === service || child === service)),
    );
  });

  app.all('*', (c) => c.json(refusal(404, `there is no ${c.req.path} in this API`), 404));

  app.onError((error, c) => {
    if (error instanceof ParameterError) return c.json(refusal(400, error.message), 400);
    throw error;
  });

  return app;

  async function readAll(tenant: TenantId, traceIds: readonly string[]): Promise<JaegerAnswer> {
    const found = await Promise.all(traceIds.map((traceId) => reader.trace(tenant, traceId)));
    const missing = traceIds.filter((_, index) => found[index] === undefined);
    const errors = missing.map((traceID) => ({ msg: NOT_FOUND, traceID }));
    const traces = found.filter((trace) => trace !== undefined).map(toJaegerTrace);
    return answer(traces, { errors });
  }
}

function parametersOf(c: Context<QueryEnv>): URLSearchParams {
  return new URL(c.req.url).searchParams;
}

function answer(
  data: unknown,
  { total = 0, errors = [] }: { readonly total?: number; readonly errors?: readonly JaegerError[] } = {},
): JaegerAnswer {
  return { data, total, limit: 0, offset: 0, errors: errors.length === 0 ? null : errors };
}

function listAnswer(data: readonly unknown[]): JaegerAnswer {
  return answer(data, { total: data.length });
}

function refusal(code: number, msg: string): JaegerAnswer {
  return answer(null, { errors: [{ code, msg }] });
}
