/**
 * Alerting as the functions share it: its state, and the configuration that was deployed with them. A secret in
 * it is a variable, or a parameter below the path of the stage.
 */
import {
  ALERTMANAGER_FILE,
  type AlertingSetup,
  loadAlertingSetup,
} from '@sluice/alerting/config/alerting-setup';
import { createGuardedFetch } from '@sluice/alerting/http/guarded-fetch';
import { type AlertingState, openAlertingState } from '@sluice/alerting/notify/alerting-state';
import { parseYaml } from '@sluice/config/parse-yaml';
import { formatProblem, type Problem } from '@sluice/config/problem';
import { findSecretNames, hideSecrets, type ReferenceSource } from '@sluice/config/references';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { type Environment, readText } from '@sluice/core/settings';
import { type DeadManSettings, deadManDecoder } from '@sluice/delivery/alerts/dead-man';
import { createSsmSecrets } from '@sluice/platform/aws/secrets';
import { createSsmClient } from '@sluice/platform/aws/ssm-client';
import { openConfigFolder } from '@sluice/platform/embedded/config-folder';
import type { CloudProcess } from './process.ts';
import { requireText } from './require-text.ts';
import { openTables } from './tables.ts';

const SETTINGS_FILE = 'sluice.yml';

type Parts = Pick<CloudProcess, 'env' | 'clock' | 'logger'>;

/** The folder that was deployed, if there was one. */
export function openDeployedConfig({ env }: Pick<CloudProcess, 'env'>) {
  const dir = readText(env, ENV.configDir);
  return dir === undefined ? undefined : openConfigFolder(dir);
}

export function openAlertingTable(process: Parts) {
  const table = openTables(process).table(CLOUD_ENV.alertingTable);
  const states = new Map<string, AlertingState>();
  const stateOf = (tenant: string): AlertingState => {
    const state = states.get(tenant) ?? openAlertingState(table, tenant);
    states.set(tenant, state);
    return state;
  };
  return { table, stateOf };
}

export interface DeployedAlerting {
  /** Undefined when nothing was deployed, or what was is wrong. */
  setup(): AlertingSetup | undefined;
  problems(): readonly string[];
  /** What links in notifications start with. */
  externalUrl(): string;
}

export interface LoadOptions {
  /** Only who sends to receivers reads their secrets; to others they are names. */
  readonly secrets: 'read' | 'hidden';
}

export async function loadDeployedAlerting(
  { env, logger }: Parts,
  { secrets }: LoadOptions,
): Promise<DeployedAlerting> {
  const folder = openDeployedConfig({ env });
  const source = folder?.read(ALERTMANAGER_FILE);
  const text = source ?? '';
  const references = secrets === 'read' ? await readReferences(env, text) : hideSecrets(text, { env });
  const base = readText(env, ENV.externalUrl) ?? '';
  const found: Problem[] = [];
  const setup = ((): AlertingSetup | undefined => {
    if (folder === undefined || source === undefined) return undefined;
    const fetch = createGuardedFetch({ allowPrivate: false });
    const loaded = loadAlertingSetup(source, folder, { references, fetch, random: Math.random });
    found.push(...loaded.problems);
    return loaded.setup;
  })();
  const texts = tellProblems(found, logger);
  return {
    setup: () => setup,
    problems: () => texts,
    externalUrl: () => `${base}/alertmanager`,
  };
}

/** Where the sign of life goes; undefined when nowhere, or when the section is wrong. */
export async function loadDeadMan({ env, logger }: Parts): Promise<DeadManSettings | undefined> {
  const source = openDeployedConfig({ env })?.read(SETTINGS_FILE) ?? '';
  const { documents, problems } = parseYaml(source, { file: SETTINGS_FILE });
  const section = documents[0]?.entries.find(({ key }) => key === 'dead_man')?.value;
  if (section === undefined) return undefined;
  const deadMan = deadManDecoder(await readReferences(env, source))(section);
  return tellProblems(problems, logger).length > 0 ? undefined : deadMan;
}

function tellProblems(problems: readonly Problem[], logger: Parts['logger']): readonly string[] {
  const texts = problems.map(formatProblem);
  if (texts.length > 0)
    logger.error('the configuration of alerting is wrong', { problems: texts.join('\n') });
  return texts;
}

async function readReferences(env: Environment, source: string): Promise<ReferenceSource> {
  const prefix = `${requireText(env, CLOUD_ENV.secretsPrefix)}config/`;
  const names = findSecretNames(source);
  const values = new Map<string, string>();
  if (names.length === 0) return { env, secrets: values };
  const secrets = createSsmSecrets({ client: createSsmClient(), prefix });
  for (const name of names) {
    const value = await secrets.get(name);
    if (value !== undefined) values.set(name, value);
  }
  return { env, secrets: values };
}
