/**
 * Alerting of local mode: `alertmanager.yml` of the configuration folder, read again when it changes; the tick that
 * routes, the consumer that notifies, the dead-man ping, and Alertmanager's API.
 */
import { join } from 'node:path';
import {
  ALERTMANAGER_FILE,
  type AlertingSetup,
  loadAlertingSetup,
} from '@sluice/alerting/config/alerting-setup';
import { createGuardedFetch } from '@sluice/alerting/http/guarded-fetch';
import { type AlertingState, openAlertingState } from '@sluice/alerting/notify/alerting-state';
import { parseYaml } from '@sluice/config/parse-yaml';
import { findSecretNames, type ReferenceSource } from '@sluice/config/references';
import type { LocalSettings } from '@sluice/core/local-settings';
import type { Logger } from '@sluice/core/logger';
import { DATA_FILE, TABLE } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Scheduler } from '@sluice/core/ports/scheduler';
import type { Table } from '@sluice/core/ports/table';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { createDeadMan, type DeadManSettings, deadManDecoder } from '@sluice/delivery/alerts/dead-man';
import { createNotifyHandler } from '@sluice/delivery/alerts/notify-handler';
import { createRouteAlerts } from '@sluice/delivery/alerts/route-alerts';
import { createSetupWatch } from '@sluice/delivery/alerts/setup-watch';
import { type Consumer, startConsumer } from '@sluice/platform/consume';
import { findConfigDir, openConfigFolder } from '@sluice/platform/embedded/config-folder';
import { createEmbeddedSecrets } from '@sluice/platform/embedded/secrets';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createAlertmanagerApis } from '@sluice/query/alertmanager/alertmanager-apis';
import type { ReadApi } from '@sluice/query/query-app';
import type { Storage } from './open-storage.ts';

export interface LocalAlertingOptions {
  readonly storage: Storage;
  readonly settings: LocalSettings;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly selfMetrics: SelfMetrics;
  readonly logger: Logger;
}

export interface LocalAlerting {
  readonly table: Table;
  readonly apis: readonly ReadApi[];
  stateOf(tenant: string): AlertingState;
  setup(): AlertingSetup | undefined;
  /** What links in notifications start with, unless a setting says otherwise. */
  setApiUrl(url: string): void;
  externalUrl(): string;
  startConsumer(): Promise<Consumer>;
}

const TICK_MS = 1_000;
const SETTINGS_FILE = 'sluice.yml';
const CONSUMER = { concurrency: 4, batchSize: 10, visibilityTimeoutMs: 120_000, softDeadlineMs: 90_000 };

export function openAlerting(options: LocalAlertingOptions): LocalAlerting {
  const { storage, settings, scheduler, clock, selfMetrics, logger } = options;
  const { queue, deadLetter } = storage.notificationQueue;
  const table = createEmbeddedTable({ database: storage.database, name: TABLE.alerting, clock });
  const states = new Map<string, AlertingState>();
  /** Tenants come from keys, so there are no more of them than somebody made. */
  const stateOf = (tenant: string): AlertingState => {
    const state = states.get(tenant) ?? openAlertingState(table, tenant);
    states.set(tenant, state);
    return state;
  };
  const dir = findConfigDir(settings.configDir);
  const folder = dir === undefined ? undefined : openConfigFolder(dir);
  const fetch = createGuardedFetch({ allowPrivate: settings.allowPrivateReceivers });
  const secrets = createEmbeddedSecrets({
    env: process.env,
    file: join(storage.dataDir, DATA_FILE.secrets),
  });
  const referencesIn = async (source: string): Promise<ReferenceSource> => {
    const values = new Map<string, string>();
    for (const name of findSecretNames(source)) {
      const value = await secrets.get(name);
      if (value !== undefined) values.set(name, value);
    }
    return { env: process.env, secrets: values };
  };

  let deadMan: DeadManSettings | undefined;
  const readDeadMan = async (): Promise<DeadManSettings | undefined> => {
    const source = folder?.read(SETTINGS_FILE);
    if (source === undefined) return undefined;
    const decode = deadManDecoder(await referencesIn(source));
    const { documents, problems } = parseYaml(source, { file: SETTINGS_FILE });
    const section = documents[0]?.entries.find(({ key }) => key === 'dead_man')?.value;
    const value = section === undefined ? undefined : decode(section);
    for (const { line, message } of problems)
      logger.error('dead_man in sluice.yml is wrong', { line, message });
    return problems.length > 0 ? undefined : value;
  };
  const watch = createSetupWatch({
    signature() {
      if (folder?.read(ALERTMANAGER_FILE) === undefined) return undefined;
      folder.read(SETTINGS_FILE);
      return folder.signature();
    },
    async load() {
      folder!.reset();
      const source = folder!.read(ALERTMANAGER_FILE) ?? '';
      deadMan = await readDeadMan();
      const references = await referencesIn(source);
      return loadAlertingSetup(source, folder!, { references, fetch, random: Math.random });
    },
    selfMetrics,
    logger,
  });
  const setup = (): AlertingSetup | undefined => watch.current();
  let apiUrl = '';
  const externalUrl = (): string => `${settings.externalUrl ?? apiUrl}/alertmanager`;

  const shared = { stateOf, setup, clock, selfMetrics, logger };
  const routing = createRouteAlerts({ ...shared, table, queue });
  const ping = createDeadMan({
    settings: () => deadMan,
    lastTickMs: routing.lastTickMs,
    fetch,
    clock,
    selfMetrics,
    logger,
  });
  scheduler.register({
    name: 'route-alerts',
    intervalMs: TICK_MS,
    async run() {
      await watch.refresh();
      await routing.run();
      await ping();
    },
  });

  return {
    table,
    stateOf,
    setup,
    externalUrl,
    setApiUrl: (url) => {
      apiUrl = url;
    },
    apis: createAlertmanagerApis({
      stateOf,
      setup,
      problems: watch.problems,
      clock,
      startedAtMs: clock.nowMs(),
      selfMetrics,
    }),
    async startConsumer() {
      await watch.refresh();
      await queue.releaseInFlight();
      const handler = createNotifyHandler({ ...shared, externalUrl, queue, deadLetter });
      return startConsumer({ ...CONSUMER, queue, deadLetter, handler, clock, logger });
    },
  };
}
