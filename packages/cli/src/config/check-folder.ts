/** The configuration folder as `npm start` would read it: everything that is wrong with any of its files. */
import { join } from 'node:path';
import { ALERTMANAGER_FILE, loadAlertingSetup } from '@sluice/alerting/config/alerting-setup';
import { formatProblem, type Problem } from '@sluice/config/problem';
import { findSecretNames } from '@sluice/config/references';
import { UsageError } from '@sluice/core/errors';
import { DATA_FILE, ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { readRuleSet } from '@sluice/delivery/rules/rule-set';
import { findConfigDir, openConfigFolder } from '@sluice/platform/embedded/config-folder';
import { createEmbeddedSecrets } from '@sluice/platform/embedded/secrets';
import { loadSlos } from '@sluice/rules/slo/load-slos';
import { parseSloSettings } from '@sluice/rules/slo/slo-settings';
import { dataDirOf } from '../data-dir.ts';
import type { Io } from '../io.ts';
import { plural } from '../quantity.ts';

export interface FolderCheck {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

type Folder = ReturnType<typeof openConfigFolder>;

/** Nothing is wrong with a folder that is not there, unless it was named. */
export async function checkFolder(io: Io): Promise<FolderCheck> {
  const named = readText(io.env, ENV.configDir);
  const dir = findConfigDir(named, io.cwd);
  if (dir === undefined) return { problems: [], notes: [] };
  const folder = openConfigFolder(dir);
  const rules = readRuleSet(folder);
  const found = [...rules.problems, ...checkSlos(folder), ...(await checkAlertmanager(folder, io))];
  const errors = found.filter(({ severity }) => severity === 'error');
  const warnings = found.filter(({ severity }) => severity === 'warning');
  const counts = rules.value?.files.flatMap(({ groups }) => groups.flatMap((group) => group.rules)).length;
  return {
    problems: errors.map(formatProblem),
    notes: [
      ...(counts === undefined
        ? []
        : [`${dir}: ${plural(counts, 'rule')} in ${plural(rules.value!.files.length, 'file')}`]),
      ...(folder.read(ALERTMANAGER_FILE) === undefined
        ? [`there is no ${ALERTMANAGER_FILE} in ${dir}: alerts are kept and shown, and nobody is told`]
        : []),
      ...warnings.map(formatProblem),
    ],
  };
}

async function checkAlertmanager(folder: Folder, io: Io): Promise<readonly Problem[]> {
  const source = folder.read(ALERTMANAGER_FILE);
  if (source === undefined) return [];
  const secrets = createEmbeddedSecrets({
    env: io.env,
    file: join(dataDirOf(undefined, io), DATA_FILE.secrets),
  });
  const values = new Map<string, string>();
  for (const name of findSecretNames(source)) {
    const value = await secrets.get(name).catch((cause: unknown) => {
      throw new UsageError(`the secret ${name} cannot be read`, { cause });
    });
    if (value !== undefined) values.set(name, value);
  }
  const { problems } = loadAlertingSetup(source, folder, {
    references: { env: io.env, secrets: values },
    fetch: io.fetch,
    random: io.random,
  });
  return problems;
}

function checkSlos(folder: Folder): readonly Problem[] {
  const paths = ['slo/**/*.yml', 'slo/**/*.yaml'].flatMap((pattern) => folder.glob(pattern));
  const settings = parseSloSettings(folder.read('sluice.yml') ?? '', { file: 'sluice.yml' });
  const { problems } = loadSlos(
    paths.map((file) => ({ file, source: folder.read(file) ?? '' })),
    settings.value === undefined ? {} : { settings: settings.value },
  );
  return [...settings.problems, ...problems];
}
