/** What rules and SLOs evaluate with in one process: one engine, one cache of pages, one way to record. */
import { CLOUD_ENV } from '@sluice/core/names';
import { withCollectLag } from '@sluice/delivery/metrics/collect-lag';
import { createDataReadiness } from '@sluice/delivery/rules/data-readiness';
import { createRecordedSeriesSender } from '@sluice/delivery/rules/recorded-series-sender';
import { createPageCache } from '@sluice/metrics/read/page-cache';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { DEFAULT_ROLLUP_SETTINGS } from '@sluice/metrics/rollup/rollup-settings';
import { createEngine } from '@sluice/promql/engine';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import { openMetricsParts } from './metrics-parts.ts';
import type { CloudProcess } from './process.ts';
import { openQueues } from './queues.ts';
import { openTables } from './tables.ts';

const CACHE_BYTES = 128 * 1024 * 1024;

type Tenant = Parameters<typeof createRollupSeriesReader>[0]['tenant'];

export type EvaluationParts = ReturnType<typeof openEvaluationParts>;

export function openEvaluationParts(process: CloudProcess) {
  const { clock } = process;
  const metrics = openMetricsParts(process);
  const queue = openQueues(process).queue(CLOUD_ENV.metricsQueue);
  const measured = withCollectLag(queue, { ...metrics, clock });
  const cache = createPageCache({ maxBytes: CACHE_BYTES });
  return {
    table: openTables(process).table(CLOUD_ENV.rulesTable),
    engine: createEngine({ clock, features: ALL_FEATURES, hasAdvice: true }),
    readerOf: (tenant: Tenant) =>
      createRollupSeriesReader({ ...metrics, settings: DEFAULT_ROLLUP_SETTINGS, clock, tenant, cache }),
    readinessOf: (tenant: Tenant, maxWaitMs: number) =>
      createDataReadiness({ ...metrics, tenant, queue: measured, maxWaitMs }),
    recorded: createRecordedSeriesSender(queue),
  };
}
