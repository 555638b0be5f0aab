/**
 * The `redaction:` section of `sluice.yml`, read and checked when it is deployed and taken along as JSON: a reader of
 * YAML has no place in the cold start of ingest. The one place where the program uses the pipeline's own code, so that
 * both read the section alike.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseRedactionFile } from '@sluice/ingest/redaction/parse-redaction-file';
import { nameOf, type Settings } from './settings';

export interface CopiedFolder {
  /** Below the project. */
  readonly from: string;
  /** Beside the bundle. */
  readonly to: string;
}

export interface CompiledRedaction {
  readonly folder: CopiedFolder;
  /** As the function finds it. */
  readonly file: string;
}

/** A folder, since SST packs a file that is copied alone twice. */
const FOLDER = 'compiled';
const FILE = 'redaction.json';

/** `undefined` without a `sluice.yml`. @throws Error with the place of what is wrong */
export function compileRedaction(settings: Settings): CompiledRedaction | undefined {
  const { root, work } = $cli.paths;
  const file = join(settings.configDir, 'sluice.yml');
  if (!existsSync(join(root, file))) return undefined;
  const parsed = parseRedactionFile(readFileSync(join(root, file), 'utf8'), file);
  const folder = join(work, FOLDER, nameOf(settings, 'ingest'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), JSON.stringify(parsed));
  return { folder: { from: relative(root, folder), to: FOLDER }, file: `${FOLDER}/${FILE}` };
}
