/** What Grafana's Logs Drilldown asks beside queries: fields, labels and limits. Answers stand bare, as Loki's do. */
import type { LogReader } from '@sluice/backends/log-reader';
import type { Clock } from '@sluice/core/ports/clock';
import type { Hono } from 'hono';
import type { LogSelector } from '../logql/ast.ts';
import type { LogSource } from '../logql/log-query.ts';
import { LogqlError } from '../logql/logql-error.ts';
import { parseLogql } from '../logql/parse-logql.ts';
import { createStreamFilter, parseMatchers } from '../logql/parse-selector.ts';
import { MAX_SERIES } from '../logql/range-aggregation.ts';
import type { QueryEnv } from '../query-env.ts';
import { type DetectOptions, detectFields } from './detected-fields.ts';
import type { LokiContext, LokiHandler } from './loki-handler.ts';
import {
  MAX_LIMIT,
  type Parameters,
  readCount,
  readParameters,
  readRange,
  requireQuery,
} from './parameters.ts';

export interface DrilldownOptions {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly sourceOf: (c: LokiContext) => LogSource;
  readonly both: (path: string, handler: LokiHandler) => void;
}

const DEFAULT_FIELDS = 1000;
const DEFAULT_LINES = 1000;

export function addDrilldownRoutes(
  app: Hono<QueryEnv>,
  { reader, clock, sourceOf, both }: DrilldownOptions,
): void {
  const detect = async (c: LokiContext, parameters: Parameters) =>
    detectFields(requireSelector(parameters), sourceOf(c), readOptions(parameters, clock.nowMs()));

  both('/detected_fields', async (c) => {
    const parameters = await readParameters(c);
    const limit = readCount(parameters, 'limit', DEFAULT_FIELDS);
    const found = [...(await detect(c, parameters)).values()].slice(0, limit);
    const fields = found.map(({ values: _values, ...field }) => field);
    return c.json(fields.length === 0 ? {} : { fields, limit });
  });

  both('/detected_field/:name/values', async (c) => {
    const parameters = await readParameters(c);
    const limit = readCount(parameters, 'limit', DEFAULT_FIELDS);
    const values = (await detect(c, parameters)).get(c.req.param('name')!)?.values ?? [];
    return c.json(values.length === 0 ? {} : { values: values.slice(0, limit), limit });
  });

  both('/detected_labels', async (c) => {
    const parameters = await readParameters(c);
    const query = parameters.get('query') ?? '';
    const isWanted = query === '' ? () => true : createStreamFilter(parseMatchers(query));
    const values = new Map<string, Set<string>>();
    for (const { labels } of reader.streams(c.get('tenant'), readRange(parameters, clock.nowMs()))) {
      if (!isWanted(labels)) continue;
      for (const [name, value] of Object.entries(labels)) {
        values.set(name, (values.get(name) ?? new Set()).add(value));
      }
    }
    const detectedLabels = [...values].map(([label, { size }]) => ({ label, cardinality: size }));
    return c.json(detectedLabels.length === 0 ? {} : { detectedLabels });
  });

  // There are no learned patterns here, and the page that would show them is hidden by the limits.
  both('/patterns', async (c) => c.json({ status: 'success', data: [] }));
  app.get('/drilldown-limits', (c) =>
    c.json({
      limits: {
        discover_log_levels: true,
        discover_service_name: ['service'],
        log_level_fields: ['level'],
        max_entries_limit_per_query: MAX_LIMIT,
        max_query_series: MAX_SERIES,
        metric_aggregation_enabled: false,
        retention_period: '0s',
        volume_enabled: true,
        volume_max_series: MAX_LIMIT,
      },
      pattern_ingester_enabled: false,
      version: LOKI_VERSION,
    }),
  );
}

/** Of the API that is spoken, as Grafana asks for it to know what it may use. */
export const LOKI_VERSION = '3.0.0';

/** @throws LogqlError */
function requireSelector(parameters: Parameters): LogSelector {
  const expr = parseLogql(requireQuery(parameters.get('query')));
  if (expr.kind !== 'logs') throw new LogqlError('only log queries are supported');
  return expr;
}

function readOptions(parameters: Parameters, nowMs: number): DetectOptions {
  const lineLimit = Math.min(MAX_LIMIT, readCount(parameters, 'line_limit', DEFAULT_LINES));
  return { ...readRange(parameters, nowMs), lineLimit };
}
