/** Prometheus' API over the metrics of local mode: one reader and one catalog a tenant, one cache for all. */
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import { createMetricsCatalog } from '@sluice/metrics/read/metrics-catalog';
import { createPageCache } from '@sluice/metrics/read/page-cache';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { createEvaluationWorkers } from '@sluice/promql/offload/evaluation-workers';
import { createPrometheusRoutes, type PrometheusStore } from '@sluice/query/prometheus/prometheus-routes';
import type { ReadApi } from '@sluice/query/query-app';
import type { LocalMetrics } from './metrics.ts';

const CACHE_BYTES = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** Queries share the process with ingest: less than a server of their own would take. */
const LIMITS = { maxSamples: 20_000_000, timeoutMs: 30_000 };

export function readMetrics(
  { table, snapshots, rollups: settings }: Pick<LocalMetrics, 'table' | 'snapshots' | 'rollups'>,
  clock: Clock,
): ReadApi {
  const cache = createPageCache({ maxBytes: CACHE_BYTES });
  const stores = new Map<TenantId, PrometheusStore>();
  /** Tenants come from keys, so there are no more of them than somebody made. */
  const storeOf = (tenant: TenantId): PrometheusStore => {
    let store = stores.get(tenant);
    if (store === undefined) {
      const options = { table, snapshots, settings, clock, tenant, cache };
      store = { reader: createRollupSeriesReader(options), catalog: createMetricsCatalog(options) };
      stores.set(tenant, store);
    }
    return store;
  };
  // What takes long goes to a thread of its own: ingest goes on meanwhile.
  const engine = { ...LIMITS, offload: createEvaluationWorkers({ maxWorkers: 2 }).offload };
  const keptDays = Math.max(...settings.tiers.map(({ keepMs }) => keepMs)) / DAY_MS;
  return {
    path: '/api/v1',
    routes: createPrometheusRoutes({ storeOf, clock, engine, retention: `${Math.round(keptDays)}d` }),
  };
}
