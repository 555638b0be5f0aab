/** SLOs as they were deployed, their ledgers kept over the metrics of the cloud. */
import { CLOUD_ENV } from '@sluice/core/names';
import { createDataReadiness } from '@sluice/delivery/rules/data-readiness';
import { createRecordedSeriesSender } from '@sluice/delivery/rules/recorded-series-sender';
import { createPageCache } from '@sluice/metrics/read/page-cache';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { DEFAULT_ROLLUP_SETTINGS } from '@sluice/metrics/rollup/rollup-settings';
import { createEngine } from '@sluice/promql/engine';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import { createSloSetWatch, type SloSetWatch } from '@sluice/rules/slo/slo-set';
import { createUpdateSlos } from '@sluice/rules/slo/update-slos';
import manifest from '../../package.json' with { type: 'json' };
import { openDeployedConfig } from './alerting-parts.ts';
import { openMetricsParts } from './metrics-parts.ts';
import type { CloudProcess } from './process.ts';
import { openQueues } from './queues.ts';
import { openTables } from './tables.ts';

const CACHE_BYTES = 64 * 1024 * 1024;

export function openDeployedSlos(process: Pick<CloudProcess, 'env' | 'logger'>): SloSetWatch {
  const slos = createSloSetWatch(openDeployedConfig(process), { logger: process.logger });
  slos.refresh();
  return slos;
}

/** Brings the ledgers up to date and records their series; to be called before the rules that read them. */
export function createCloudSloUpdate(process: CloudProcess): () => Promise<void> {
  const { clock } = process;
  const slos = openDeployedSlos(process);
  const metrics = openMetricsParts(process);
  const queue = openQueues(process).queue(CLOUD_ENV.metricsQueue);
  const cache = createPageCache({ maxBytes: CACHE_BYTES });
  return createUpdateSlos({
    ...process,
    slos,
    table: openTables(process).table(CLOUD_ENV.rulesTable),
    engine: createEngine({ clock, features: ALL_FEATURES, hasAdvice: true }),
    readerOf: (tenant) =>
      createRollupSeriesReader({ ...metrics, settings: DEFAULT_ROLLUP_SETTINGS, clock, tenant, cache }),
    readyThroughMs: (tenant, nowMs) =>
      createDataReadiness({ ...metrics, tenant, queue, maxWaitMs: slos.current().lagLimitMs })(nowMs),
    recorded: createRecordedSeriesSender(queue),
    version: manifest.version,
  });
}
