/** What can be read in the cloud: metrics, rules and alerts, the audit trail, and Insights over CloudWatch Logs. Traces and log lines are in Grafana. */
import { createCloudWatchClient } from '@sluice/backends/cloudwatch/cloudwatch-client';
import { createLogGroups } from '@sluice/backends/cloudwatch/log-groups';
import { createAwsInsightsClient } from '@sluice/backends/logs-insights/aws-insights-client';
import { describeError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import type { Table } from '@sluice/core/ports/table';
import { readCredential } from '@sluice/ingest/credentials';
import { createMetricsCatalog } from '@sluice/metrics/read/metrics-catalog';
import { createPageCache } from '@sluice/metrics/read/page-cache';
import { readFromReplicas } from '@sluice/metrics/read/read-from-replicas';
import { createRollupSeriesReader } from '@sluice/metrics/read/rollup-series-reader';
import { DEFAULT_ROLLUP_SETTINGS } from '@sluice/metrics/rollup/rollup-settings';
import { createKeyVerifier } from '@sluice/platform/keys/key-verifier';
import { createAlertmanagerApis } from '@sluice/query/alertmanager/alertmanager-apis';
import { auditScopeOf, createAuditRoutes } from '@sluice/query/audit/audit-routes';
import { createCloudWatchInsights } from '@sluice/query/insights/cloudwatch-insights';
import { createInsightsRoutes } from '@sluice/query/insights/insights-routes';
import { createPrometheusRoutes, type PrometheusStore } from '@sluice/query/prometheus/prometheus-routes';
import { createQueryApp, type QueryAppOptions, type ReadApi } from '@sluice/query/query-app';
import { createRulesRoutes } from '@sluice/query/rules/rules-routes';
import { createSloRoutes } from '@sluice/query/slo/slo-routes';
import { loadDeployedAlerting, openAlertingTable } from './alerting-parts.ts';
import { openSealedTrail } from './audit-parts.ts';
import { openMetricsParts } from './metrics-parts.ts';
import type { CloudProcess } from './process.ts';
import { openQueues } from './queues.ts';
import { requireText } from './require-text.ts';
import { openDeployedRules } from './rules-parts.ts';
import { openDeployedSlos } from './slo-parts.ts';
import { openTables } from './tables.ts';

const CACHE_BYTES = 128 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** Within the time and the answer that Lambda gives. */
const LIMITS = { maxSamples: 20_000_000, timeoutMs: 25_000 };
const MAX_INSIGHTS_WAIT_MS = 25_000;

export async function createCloudQuery(process: CloudProcess) {
  const { env, clock, logger, selfMetrics } = process;
  const keys = openTables(process).table(CLOUD_ENV.keysTable);
  const trail = await openSealedTrail(process);
  const insights = createCloudWatchInsights({
    client: createAwsInsightsClient(createCloudWatchClient({})),
    clock,
    groups: createLogGroups({ prefix: requireText(env, ENV.cloudwatchPrefix) }),
    maxWaitMs: MAX_INSIGHTS_WAIT_MS,
  });
  const rules = openDeployedRules(process);
  const slos = openDeployedSlos(process);
  const rulesTable = openTables(process).table(CLOUD_ENV.rulesTable);
  const alerting = {
    ...(await loadDeployedAlerting(process, { secrets: 'hidden' })),
    stateOf: openAlertingTable(process).stateOf,
  };
  return createQueryApp({
    apis: [
      ...createAlertmanagerApis({ ...alerting, clock, startedAtMs: clock.nowMs(), selfMetrics }),
      { path: '/api/v1', routes: createRulesRoutes({ rules: () => rules.current(), table: rulesTable }) },
      {
        path: '/api/v1',
        routes: createSloRoutes({ slos: () => slos.current(), table: rulesTable, clock }),
      },
      readMetrics(process),
      {
        path: '/v1/audit',
        routes: createAuditRoutes({ ...trail, queue: openQueues(process).queue(CLOUD_ENV.auditQueue) }),
        scopeOf: auditScopeOf,
      },
      { path: '/v1/logs', routes: createInsightsRoutes(insights, { clock }) },
    ],
    authorize: createAuthorize(process, keys),
    readiness: async () => [await checkTable(keys)],
    selfMetrics,
    logger,
    ingestUrl: '',
  });
}

function readMetrics(process: CloudProcess): ReadApi {
  const { clock } = process;
  const { table, snapshots } = openMetricsParts(process, { readTable: readFromReplicas });
  const settings = DEFAULT_ROLLUP_SETTINGS;
  const cache = createPageCache({ maxBytes: CACHE_BYTES });
  const stores = new Map<TenantId, PrometheusStore>();
  const storeOf = (tenant: TenantId): PrometheusStore => {
    const options = { table, snapshots, settings, clock, tenant, cache };
    const store = stores.get(tenant) ?? {
      reader: createRollupSeriesReader(options),
      catalog: createMetricsCatalog(options),
    };
    stores.set(tenant, store);
    return store;
  };
  const keptDays = Math.max(...settings.tiers.map(({ keepMs }) => keepMs)) / DAY_MS;
  return {
    path: '/api/v1',
    routes: createPrometheusRoutes({ storeOf, clock, engine: LIMITS, retention: `${Math.round(keptDays)}d` }),
  };
}

/** Every request needs a key: nothing in the cloud is on loopback. */
function createAuthorize({ clock }: CloudProcess, table: Table): QueryAppOptions['authorize'] {
  const verifier = createKeyVerifier({ table, clock });
  return async (request, scope) => {
    const credential = readCredential(request.headers);
    if (credential.kind === 'unreadable')
      return { status: 'refused', httpStatus: 401, message: credential.message };
    const secret = credential.kind === 'key' ? credential.secret : undefined;
    const verdict = await verifier.verify(secret, scope);
    return verdict.status === 'ok'
      ? { status: 'ok', tenant: verdict.key.tenant, keyId: verdict.key.id }
      : { status: 'refused', httpStatus: verdict.httpStatus, message: verdict.message };
  };
}

async function checkTable(table: Table) {
  try {
    await table.get({ pk: 'ready', sk: 'ready' });
    return { name: 'table of keys', ok: true };
  } catch (error) {
    return { name: 'table of keys', ok: false, detail: describeError(error) };
  }
}
