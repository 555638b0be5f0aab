/** `alertmanager.yml` of the configuration folder, as the pipeline would load it. */
import { join } from 'node:path';
import {
  ALERTMANAGER_FILE,
  type AlertingSetup,
  loadAlertingSetup,
} from '@sluice/alerting/config/alerting-setup';
import { formatProblem } from '@sluice/config/problem';
import { findSecretNames } from '@sluice/config/references';
import { UsageError } from '@sluice/core/errors';
import { DATA_FILE, ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { findConfigDir, openConfigFolder } from '@sluice/platform/embedded/config-folder';
import { createEmbeddedSecrets } from '@sluice/platform/embedded/secrets';
import type { OptionSpec } from '../command.ts';
import { dataDirOf } from '../data-dir.ts';
import type { Io } from '../io.ts';

export const CONFIG_DIR_OPTION = {
  type: 'string',
  value: 'DIR',
  help: `folder with ${ALERTMANAGER_FILE} (default ${ENV.configDir}, or config)`,
} as const satisfies OptionSpec;

/** @throws UsageError with all that is wrong */
export async function loadSetup(
  configDir: string | undefined,
  io: Io,
  { fetch }: { readonly fetch: typeof globalThis.fetch },
): Promise<AlertingSetup> {
  const dir = findConfigDir(configDir ?? readText(io.env, ENV.configDir), io.cwd);
  const folder = dir === undefined ? undefined : openConfigFolder(dir);
  const source = folder?.read(ALERTMANAGER_FILE);
  if (folder === undefined || source === undefined) {
    throw new UsageError(
      `there is no ${ALERTMANAGER_FILE}${dir === undefined ? '' : ` in ${dir}`}: set ${ENV.configDir}, or give --config-dir`,
    );
  }
  const secrets = createEmbeddedSecrets({
    env: io.env,
    file: join(dataDirOf(undefined, io), DATA_FILE.secrets),
  });
  const values = new Map<string, string>();
  for (const name of findSecretNames(source)) {
    const value = await secrets.get(name);
    if (value !== undefined) values.set(name, value);
  }
  const { setup, problems } = loadAlertingSetup(source, folder, {
    references: { env: io.env, secrets: values },
    fetch,
    random: io.random,
  });
  if (setup === undefined) throw new UsageError(problems.map(formatProblem).join('\n'));
  return setup;
}
