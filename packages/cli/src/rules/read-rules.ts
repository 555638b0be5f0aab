/** Rule files by name and by pattern. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize, relative } from 'node:path';
import type { RuleSource } from '@sluice/rules/load-rules';
import { CommandLineError } from '../command-line-error.ts';
import { goGlob } from './go-glob.ts';

/** Tests of rules stand beside them. */
const TEST_FILE = /[._-]tests?\.ya?ml$/;
/** Other files of a configuration folder. */
const OTHER_FILE = /(^|\/)(alertmanager|sluice)\.ya?ml$/;

export function readSource(path: string, cwd: string): string {
  const whole = isAbsolute(path) ? path : join(cwd, path);
  try {
    return readFileSync(whole, 'utf8');
  } catch (cause) {
    throw new CommandLineError(`${path} cannot be read: ${describe(cause)}`, { cause });
  }
}

/** Files and folders that were named, with the rule files below; shown relative to where the command runs. */
export function findRules(paths: readonly string[], cwd: string): readonly RuleSource[] {
  return paths.flatMap((path) => {
    const whole = isAbsolute(path) ? path : join(cwd, path);
    const stat = statSync(whole, { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) return [{ file: path, source: readSource(path, cwd) }];
    return globSync('**/*.{yml,yaml}', { cwd: whole })
      .filter((file) => !OTHER_FILE.test(file) && !TEST_FILE.test(file))
      .sort()
      .map((file) => {
        const shown = relative(cwd, join(whole, file));
        return { file: shown, source: readFileSync(join(whole, file), 'utf8') };
      });
  });
}

/** What a pattern of `rule_files` finds, seen from the folder of the test file. @throws for a folder, or a pattern that is none */
export function globRules(pattern: string, dir: string): readonly RuleSource[] {
  return goGlob(pattern === '' ? '' : normalize(pattern), dir).map((file) => ({
    file,
    source: readSource(file, dir),
  }));
}

function describe(error: unknown): string {
  const code = (error as { readonly code?: unknown }).code;
  if (code === 'EISDIR') return 'it is a folder';
  return code === 'ENOENT' ? 'there is no such file' : String(code ?? error);
}
