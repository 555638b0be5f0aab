/** Rules as they were deployed, evaluated over the metrics of the cloud. */
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { createDataReadiness } from '@sluice/delivery/rules/data-readiness';
import { createEvaluateRules } from '@sluice/delivery/rules/evaluate-rules';
import { createMimirEngine } from '@sluice/delivery/rules/mimir-engine';
import { createRecordedSeriesSender } from '@sluice/delivery/rules/recorded-series-sender';
import { reportAlerts } from '@sluice/delivery/rules/report-alerts';
import { createRuleSetWatch, type RuleSetWatch } from '@sluice/delivery/rules/rule-set';
import { createPageCache } from '@sluice/metrics/read/page-cache';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { DEFAULT_ROLLUP_SETTINGS } from '@sluice/metrics/rollup/rollup-settings';
import { createEngine } from '@sluice/promql/engine';
import { ALL_FEATURES } from '@sluice/promql/parse/parse-expression';
import { createBurnAlertSource } from '@sluice/rules/slo/slo-set';
import { openAlertingTable, openDeployedConfig } from './alerting-parts.ts';
import { openMetricsParts } from './metrics-parts.ts';
import type { CloudProcess } from './process.ts';
import { openQueues } from './queues.ts';
import { readBackend } from './read-backend.ts';
import { readSecrets } from './read-secrets.ts';
import { openTables } from './tables.ts';

const CACHE_BYTES = 128 * 1024 * 1024;
const MIMIR_TIMEOUT_MS = 30_000;

export function openDeployedRules(process: Pick<CloudProcess, 'env' | 'logger'>): RuleSetWatch {
  const folder = openDeployedConfig(process);
  const generated = folder === undefined ? {} : { generated: createBurnAlertSource(folder) };
  const rules = createRuleSetWatch(folder, { logger: process.logger, ...generated });
  rules.refresh();
  return rules;
}

/** Answers the job of every minute. */
export async function createCloudEvaluation(process: CloudProcess): Promise<() => Promise<void>> {
  const { env, clock } = process;
  const rules = openDeployedRules(process);
  const { stateOf } = openAlertingTable(process);
  const metrics = openMetricsParts(process);
  const queue = openQueues(process).queue(CLOUD_ENV.metricsQueue);
  const secrets = await readSecrets(env, [ENV.mimirAuth]);
  const mimir = readBackend({ env, secrets }, { url: ENV.mimirUrl, auth: ENV.mimirAuth });
  const cache = createPageCache({ maxBytes: CACHE_BYTES });
  const externalUrl = readText(env, ENV.externalUrl) ?? '';
  return createEvaluateRules({
    ...process,
    rules,
    table: openTables(process).table(CLOUD_ENV.rulesTable),
    engine: createEngine({ clock, features: ALL_FEATURES, hasAdvice: true }),
    readerOf: (tenant) =>
      createRollupSeriesReader({ ...metrics, settings: DEFAULT_ROLLUP_SETTINGS, clock, tenant, cache }),
    readinessOf: (tenant) => {
      const maxWaitMs = rules.current().settings.lagLimitMs;
      return createDataReadiness({ ...metrics, tenant, queue, maxWaitMs });
    },
    ...(mimir === undefined
      ? {}
      : { mimir: createMimirEngine({ ...mimir, fetch, timeoutMs: MIMIR_TIMEOUT_MS }) }),
    report: (tenant, reported) => reportAlerts(stateOf(tenant), reported, { clock }),
    recorded: createRecordedSeriesSender(queue),
    externalUrl: () => externalUrl,
  });
}
