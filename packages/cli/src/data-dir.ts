/** The data directory of local mode, opened beside a pipeline that may run on it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '@sluice/core/errors';
import { readLocalSettings } from '@sluice/core/local-settings';
import { DATA_FILE, ENV } from '@sluice/core/names';
import { type EmbeddedDatabase, openDatabase } from '@sluice/platform/embedded/database';
import type { OptionSpec } from './command.ts';
import type { Io } from './io.ts';

export const DATA_DIR_OPTION = {
  type: 'string',
  value: 'DIR',
  help: `data directory (default ${ENV.dataDir}, or .sluice)`,
} as const satisfies OptionSpec;

export function dataDirOf(option: string | undefined, { env, cwd }: Pick<Io, 'env' | 'cwd'>): string {
  // Read alone: a mistake in another setting is no reason not to mend keys or dead letters.
  const { dataDir } = readLocalSettings({ [ENV.dataDir]: option ?? env[ENV.dataDir] });
  return resolve(cwd, dataDir);
}

export interface DataDirAccess {
  readonly dir: string;
  /** Makes the directory when there is none. */
  readonly create?: boolean;
}

/** Opens, works, and closes whatever happens. @throws UsageError when there is no data, or it cannot be used. */
export async function withDatabase<T>(
  { dir, create = false }: DataDirAccess,
  work: (database: EmbeddedDatabase) => Promise<T>,
): Promise<T> {
  const path = join(dir, DATA_FILE.database);
  if (!create && !existsSync(path)) {
    throw new UsageError(`there is no data in ${dir}: start the pipeline there first, or set ${ENV.dataDir}`);
  }
  const database = openDatabase({ path });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
