/** Loki's HTTP API over a log reader, mounted at `/loki/api/v1`: what Grafana's data source and logcli call. */
import type { LogReader } from '@sluice/backends/log-reader';
import type { Clock } from '@sluice/core/ports/clock';
import { type Context, Hono } from 'hono';
import { createQueryStats, type LogSource, runLogQuery } from '../logql/log-query.ts';
import { LogqlError } from '../logql/logql-error.ts';
import { evaluateMetric } from '../logql/metric-query.ts';
import { parseLogql } from '../logql/parse-logql.ts';
import { createStreamFilter, parseMatchers } from '../logql/parse-selector.ts';
import type { QueryEnv } from '../query-env.ts';
import {
  BadParameter,
  parseTimeNs,
  readDirection,
  readLimit,
  readParameters,
  readRange,
  readStepMs,
  requireQuery,
} from './parameters.ts';
import { CATEGORIZE_LABELS, renderMatrix, renderStreams, renderVector, success } from './render.ts';
import { readVolumes, sumIndex } from './volume.ts';

export interface LokiRoutesOptions {
  readonly clock: Clock;
}

type QueryContext = Context<QueryEnv>;
type Handler = (c: QueryContext) => Promise<Response>;

export function createLokiRoutes(reader: LogReader, { clock }: LokiRoutesOptions): Hono<QueryEnv> {
  const app = new Hono<QueryEnv>();
  const sourceOf = (c: QueryContext): LogSource => ({
    reader,
    tenant: c.get('tenant'),
    signal: c.req.raw.signal,
  });
  const both = (path: string, handler: Handler): void => {
    app.on(['GET', 'POST'], path, (c) => answer(c, handler));
  };

  both('/query_range', async (c) => {
    const parameters = await readParameters(c);
    const range = readRange(parameters, clock.nowMs());
    const expr = parseLogql(requireQuery(parameters.get('query')));
    const stats = createQueryStats();
    const startedMs = clock.nowMs();
    const options = (): { stats: typeof stats; elapsedMs: number } => ({
      stats,
      elapsedMs: clock.nowMs() - startedMs,
    });
    if (expr.kind === 'logs') {
      const results = await runLogQuery(expr, sourceOf(c), {
        ...range,
        limit: readLimit(parameters),
        direction: readDirection(parameters),
        stats,
      });
      return c.json(renderStreams(results, { isCategorized: isCategorized(c), ...options() }) as object);
    }
    const timesMs = stepTimes(range, readStepMs(parameters, range));
    const result = await evaluateMetric(expr, { source: sourceOf(c), stats, timesMs });
    return c.json(renderMatrix(result, timesMs, options()) as object);
  });

  both('/query', async (c) => {
    const parameters = await readParameters(c);
    const time = parameters.get('time');
    const nowMs = clock.nowMs();
    const timeNs = time === undefined || time === '' ? BigInt(nowMs) * 1_000_000n : parseTimeNs('time', time);
    const expr = parseLogql(requireQuery(parameters.get('query')));
    const stats = createQueryStats();
    if (expr.kind === 'logs') {
      // Loki's own words; Grafana shows them.
      throw new BadParameter(
        'log queries are not supported as an instant query type, please change your query to a range query type',
      );
    }
    const timeMs = Number(timeNs) / 1e6;
    const result = await evaluateMetric(expr, { source: sourceOf(c), stats, timesMs: [timeMs] });
    return c.json(renderVector(result, timeMs, { stats, elapsedMs: clock.nowMs() - nowMs }) as object);
  });

  const labels: Handler = async (c) => {
    const parameters = await readParameters(c);
    const names = new Set<string>();
    for (const stream of streamsOf(c, parameters.get('query') ?? '', readRange(parameters, clock.nowMs()))) {
      for (const name of Object.keys(stream)) names.add(name);
    }
    return c.json(success([...names].sort()) as object);
  };
  both('/labels', labels);
  both('/label', labels);

  both('/label/:name/values', async (c) => {
    const parameters = await readParameters(c);
    const values = new Set<string>();
    for (const stream of streamsOf(c, parameters.get('query') ?? '', readRange(parameters, clock.nowMs()))) {
      const value = stream[c.req.param('name')!];
      if (value !== undefined) values.add(value);
    }
    return c.json(success([...values].sort()) as object);
  });

  both('/series', async (c) => {
    const parameters = await readParameters(c);
    const range = readRange(parameters, clock.nowMs());
    const selectors = [...parameters.all('match[]'), ...parameters.all('match')];
    if (selectors.length === 0) throw new BadParameter('0 matcher groups supplied');
    const filters = selectors.map((selector) => createStreamFilter(parseMatchers(selector)));
    const series = streamsOf(c, '', range).filter((stream) => filters.some((isWanted) => isWanted(stream)));
    return c.json(success(series) as object);
  });

  both('/index/stats', async (c) => {
    const parameters = await readParameters(c);
    const isWanted = createStreamFilter(parseMatchers(requireQuery(parameters.get('query'))));
    return c.json(
      sumIndex(reader.chunks({ tenant: c.get('tenant'), isWanted, ...readRange(parameters, clock.nowMs()) })),
    );
  });

  both('/index/volume', async (c) => {
    const parameters = await readParameters(c);
    const range = readRange(parameters, clock.nowMs());
    const timeMs = Number(range.endNs / 1_000_000n);
    const result = readVolumes(reader, parameters, {
      tenant: c.get('tenant'),
      range,
      timesMs: [timeMs],
      stepMs: undefined,
    });
    return c.json(
      renderVector({ isScalar: false, series: result }, timeMs, {
        stats: createQueryStats(),
        elapsedMs: 0,
      }) as object,
    );
  });

  both('/index/volume_range', async (c) => {
    const parameters = await readParameters(c);
    const range = readRange(parameters, clock.nowMs());
    const stepMs = readStepMs(parameters, range);
    const timesMs = stepTimes(range, stepMs);
    const result = readVolumes(reader, parameters, { tenant: c.get('tenant'), range, timesMs, stepMs });
    return c.json(
      renderMatrix({ isScalar: false, series: result }, timesMs, {
        stats: createQueryStats(),
        elapsedMs: 0,
      }) as object,
    );
  });

  both('/format_query', async (c) => {
    const query = requireQuery((await readParameters(c)).get('query'));
    parseLogql(query);
    return c.json(success(query.trim()) as object);
  });
  app.get('/status/buildinfo', (c) =>
    c.json({ version: '3.0.0', revision: 'sluice', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
  );
  // Asked by Grafana's drill-down; there are no learned patterns here.
  both('/patterns', async (c) => c.json(success([]) as object));

  const streamsOf = (
    c: QueryContext,
    query: string,
    range: { startNs: bigint; endNs: bigint },
  ): readonly Readonly<Record<string, string>>[] => {
    const isWanted = query === '' || query === '{}' ? () => true : createStreamFilter(parseMatchers(query));
    return reader
      .streams(c.get('tenant'), range)
      .map(({ labels: own }) => own)
      .filter(isWanted);
  };
  return app;
}

/** Errors of a query are text, as Loki's are. */
async function answer(c: QueryContext, handler: Handler): Promise<Response> {
  try {
    return await handler(c);
  } catch (error) {
    if (error instanceof LogqlError || error instanceof BadParameter || error instanceof RangeError) {
      return c.text(error.message, 400);
    }
    if (c.req.raw.signal.aborted) return c.text('the client went away', 499 as 400);
    throw error;
  }
}

function isCategorized(c: QueryContext): boolean {
  return (c.req.header('x-loki-response-encoding-flags') ?? '')
    .split(',')
    .some((flag) => flag.trim() === CATEGORIZE_LABELS);
}

function stepTimes(
  { startNs, endNs }: { readonly startNs: bigint; readonly endNs: bigint },
  stepMs: number,
): readonly number[] {
  const startMs = Number(startNs / 1_000_000n);
  const endMs = Number(endNs / 1_000_000n);
  return Array.from({ length: Math.floor((endMs - startMs) / stepMs) + 1 }, (_, i) => startMs + i * stepMs);
}
