/** The ways to read logs in local mode: Loki's API with its live tail, Insights, and what surrounds a line. */
import type { LogReader } from '@sluice/backends/log-reader';
import type { Logger } from '@sluice/core/logger';
import type { Clock } from '@sluice/core/ports/clock';
import { createEmbeddedInsights } from '@sluice/query/insights/embedded-insights';
import { createInsightsRoutes } from '@sluice/query/insights/insights-routes';
import { createLiveTails } from '@sluice/query/loki/live-tail';
import { createLogsRoutes } from '@sluice/query/loki/logs-routes';
import { createLokiRoutes } from '@sluice/query/loki/loki-routes';
import type { QueryAppOptions, ReadApi } from '@sluice/query/query-app';
import { createTailSocket, type TailSocket } from './tail-socket.ts';

export interface ReadLogsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authorize: QueryAppOptions['authorize'];
  /** Web origins whose pages may open a live tail. */
  readonly origins: readonly string[];
}

export interface LogApis {
  readonly apis: readonly ReadApi[];
  readonly tailSocket: TailSocket;
}

export function readLogs(reader: LogReader, { clock, ...options }: ReadLogsOptions): LogApis {
  const tails = createLiveTails({ reader, clock });
  return {
    apis: [
      { path: '/loki/api/v1', routes: createLokiRoutes(reader, { clock }) },
      {
        path: '/v1/logs',
        routes: createInsightsRoutes(createEmbeddedInsights(reader, { clock }), { clock }).route(
          '/',
          createLogsRoutes({ reader, tails, clock }),
        ),
      },
    ],
    tailSocket: createTailSocket({ ...options, tails, clock }),
  };
}
