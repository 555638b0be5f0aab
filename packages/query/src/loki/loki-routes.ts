/** Loki's HTTP API over a log reader, mounted at `/loki/api/v1`: what Grafana's data source and logcli call. */
import type { LogReader } from '@sluice/backends/log-reader';
import type { Clock } from '@sluice/core/ports/clock';
import { Hono } from 'hono';
import { createQueryStats, type LogSource, runLogQuery } from '../logql/log-query.ts';
import { evaluateMetric } from '../logql/metric-query.ts';
import { parseLogql } from '../logql/parse-logql.ts';
import { createStreamFilter, parseMatchers } from '../logql/parse-selector.ts';
import type { QueryEnv } from '../query-env.ts';
import { addDrilldownRoutes, LOKI_VERSION } from './drilldown-routes.ts';
import { answerLoki, type LokiContext, type LokiHandler, querySignal } from './loki-handler.ts';
import {
  BadParameter,
  parseTimeNs,
  rangeUpTo,
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
  /** Longer queries are answered 504. */
  readonly queryTimeoutMs?: number;
}

export function createLokiRoutes(
  reader: LogReader,
  { clock, queryTimeoutMs }: LokiRoutesOptions,
): Hono<QueryEnv> {
  const app = new Hono<QueryEnv>();
  const sourceOf = (c: LokiContext): LogSource => ({
    reader,
    tenant: c.get('tenant'),
    signal: querySignal(c, queryTimeoutMs),
  });
  const both = (path: string, handler: LokiHandler): void => {
    app.on(['GET', 'POST'], path, (c) => answerLoki(c, handler));
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
      // Loki looked back before 3.2 and refuses since; who asks this way wants the lines up to a time.
      const results = await runLogQuery(expr, sourceOf(c), {
        ...rangeUpTo(timeNs),
        limit: readLimit(parameters),
        direction: readDirection(parameters),
        stats,
      });
      const elapsedMs = clock.nowMs() - nowMs;
      return c.json(renderStreams(results, { isCategorized: isCategorized(c), stats, elapsedMs }) as object);
    }
    const timeMs = Number(timeNs) / 1e6;
    const result = await evaluateMetric(expr, { source: sourceOf(c), stats, timesMs: [timeMs] });
    return c.json(renderVector(result, timeMs, { stats, elapsedMs: clock.nowMs() - nowMs }) as object);
  });

  const labels: LokiHandler = async (c) => {
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
    c.json({
      version: LOKI_VERSION,
      revision: 'sluice',
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    }),
  );
  app.get('/tail', (c) =>
    c.text('a tail is opened by WebSocket; as server-sent events it is at /v1/logs/tail', 400),
  );
  addDrilldownRoutes(app, { reader, clock, sourceOf, both });

  const streamsOf = (
    c: LokiContext,
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

function isCategorized(c: LokiContext): boolean {
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
