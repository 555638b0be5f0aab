/**
 * Rules of local mode: the files of the configuration folder, read again when they change; the job that
 * evaluates them over the local metrics and posts their alerts; and Prometheus' API of rules and alerts.
 */
import { openAlertingState } from '@sluice/alerting/notify/alerting-state';
import type { LocalSettings } from '@sluice/core/local-settings';
import type { Logger } from '@sluice/core/logger';
import { TABLE } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Scheduler } from '@sluice/core/ports/scheduler';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { createDataReadiness } from '@sluice/delivery/rules/data-readiness';
import { createEvaluateRules } from '@sluice/delivery/rules/evaluate-rules';
import { createMimirEngines } from '@sluice/delivery/rules/mimir-engine';
import { createRecordedSeriesSender } from '@sluice/delivery/rules/recorded-series-sender';
import { reportAlerts } from '@sluice/delivery/rules/report-alerts';
import { createRuleSetWatch } from '@sluice/delivery/rules/rule-set';
import { createPageCache } from '@sluice/metrics/read/page-cache';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { findConfigDir, openConfigFolder } from '@sluice/platform/embedded/config-folder';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createEngine } from '@sluice/promql/engine';
import { createEvaluationWorkers } from '@sluice/promql/offload/evaluation-workers';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import type { ReadApi } from '@sluice/query/query-app';
import { createRulesRoutes } from '@sluice/query/rules/rules-routes';
import { createBurnAlertSource } from '@sluice/rules/slo/slo-set';
import type { LocalMetrics } from './metrics.ts';
import type { Storage } from './open-storage.ts';

export interface LocalRulesOptions {
  readonly storage: Storage;
  readonly settings: LocalSettings;
  readonly metrics: Pick<LocalMetrics, 'table' | 'snapshots' | 'settings' | 'rollups'>;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

export interface LocalRules {
  readonly api: ReadApi;
  /** What links of alerts start with, unless a setting says otherwise. */
  setApiUrl(url: string): void;
}

const LOOK_EVERY_MS = 1_000;
const CACHE_BYTES = 64 * 1024 * 1024;

export function openRules(options: LocalRulesOptions): LocalRules {
  const { storage, settings, metrics, scheduler, clock, selfMetrics, logger } = options;
  const { database, queues } = storage;
  const table = createEmbeddedTable({ database, name: TABLE.rules, clock });
  const alerts = createEmbeddedTable({ database, name: TABLE.alerting, clock });
  const dir = findConfigDir(settings.configDir);
  const folder = dir === undefined ? undefined : openConfigFolder(dir);
  const rules = createRuleSetWatch(folder, {
    logger,
    ...(folder === undefined ? {} : { generated: createBurnAlertSource(folder) }),
  });
  rules.refresh();
  const cache = createPageCache({ maxBytes: CACHE_BYTES });
  const { mimir } = settings;
  let apiUrl = '';
  const evaluate = createEvaluateRules({
    rules,
    table,
    clock,
    engine: createEngine({
      clock,
      features: ALL_FEATURES,
      hasAdvice: true,
      offload: createEvaluationWorkers({ maxWorkers: 1 }).offload,
    }),
    readerOf: (tenant) =>
      createRollupSeriesReader({ ...metrics, settings: metrics.rollups, clock, tenant, cache }),
    readinessOf: (tenant) =>
      createDataReadiness({
        ...metrics,
        tenant,
        queue: queues.metrics.queue,
        maxWaitMs: rules.current().settings.lagLimitMs,
      }),
    ...(mimir === undefined ? {} : { mimirOf: createMimirEngines(mimir, fetch) }),
    report: (tenant, reported) => reportAlerts(openAlertingState(alerts, tenant), reported, { clock }),
    recorded: createRecordedSeriesSender(queues.metrics.queue),
    externalUrl: () => settings.externalUrl ?? apiUrl,
    selfMetrics,
    logger,
  });
  scheduler.register({ name: 'evaluate-rules', intervalMs: LOOK_EVERY_MS, run: evaluate });
  return {
    api: { path: '/api/v1', routes: createRulesRoutes({ rules: () => rules.current(), table }) },
    setApiUrl: (url) => {
      apiUrl = url;
    },
  };
}
