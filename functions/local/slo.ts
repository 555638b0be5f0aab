/**
 * SLOs of local mode: the specs of the configuration folder, read again when they change; the job that keeps
 * their ledgers over the local metrics and records their series; and the API of budgets.
 */
import { TABLE } from '@sluice/core/names';
import { createDataReadiness } from '@sluice/delivery/rules/data-readiness';
import { createRecordedSeriesSender } from '@sluice/delivery/rules/recorded-series-sender';
import { createPageCache } from '@sluice/metrics/read/page-cache';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { findConfigDir, openConfigFolder } from '@sluice/platform/embedded/config-folder';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createEngine } from '@sluice/promql/engine';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import type { ReadApi } from '@sluice/query/query-app';
import { createSloRoutes } from '@sluice/query/slo/slo-routes';
import { createSloSetWatch } from '@sluice/rules/slo/slo-set';
import { createUpdateSlos } from '@sluice/rules/slo/update-slos';
import manifest from '../../package.json' with { type: 'json' };
import type { LocalRulesOptions } from './rules.ts';

const LOOK_EVERY_MS = 1_000;
const CACHE_BYTES = 32 * 1024 * 1024;

export function openSlos(options: LocalRulesOptions): { readonly api: ReadApi } {
  const { storage, settings, metrics, scheduler, clock, selfMetrics, logger } = options;
  const { queue } = storage.queues.metrics;
  const table = createEmbeddedTable({ database: storage.database, name: TABLE.rules, clock });
  const dir = findConfigDir(settings.configDir);
  const slos = createSloSetWatch(dir === undefined ? undefined : openConfigFolder(dir), { logger });
  slos.refresh();
  const cache = createPageCache({ maxBytes: CACHE_BYTES });
  const update = createUpdateSlos({
    slos,
    table,
    clock,
    engine: createEngine({ clock, features: ALL_FEATURES, hasAdvice: true }),
    readerOf: (tenant) =>
      createRollupSeriesReader({ ...metrics, settings: metrics.rollups, clock, tenant, cache }),
    readyThroughMs: (tenant, nowMs) =>
      createDataReadiness({ ...metrics, tenant, queue, maxWaitMs: slos.current().lagLimitMs })(nowMs),
    recorded: createRecordedSeriesSender(queue),
    version: manifest.version,
    selfMetrics,
    logger,
  });
  scheduler.register({ name: 'update-slos', intervalMs: LOOK_EVERY_MS, run: update });
  return { api: { path: '/api/v1', routes: createSloRoutes({ slos: () => slos.current(), table, clock }) } };
}
