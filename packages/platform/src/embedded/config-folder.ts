/** The configuration folder on disk, which can tell whether anything that was read from it has changed since. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

export interface ConfigFolderOnDisk {
  readonly dir: string;
  /** Relative paths start at the folder; undefined when there is no such file. @throws when it cannot be read */
  read(path: string): string | undefined;
  /** Paths of files that match, sorted. */
  glob(pattern: string): readonly string[];
  /** Changes with every file that was read or looked for, and with what the globs find. */
  signature(): string;
  /** Forgets what was read. */
  reset(): void;
}

const DEFAULT_DIR = 'config';

/** The configured one (`SLUICE_CONFIG_DIR`), else `config/` if it is there. */
export function findConfigDir(configured: string | undefined, cwd = '.'): string | undefined {
  if (configured !== undefined) return resolve(cwd, configured);
  const dir = resolve(cwd, DEFAULT_DIR);
  return statSync(dir, { throwIfNoEntry: false })?.isDirectory() ? dir : undefined;
}

export function openConfigFolder(dir: string): ConfigFolderOnDisk {
  const paths = new Set<string>();
  const patterns = new Set<string>();
  const find = (pattern: string): readonly string[] => globSync(pattern, { cwd: dir }).sort();
  return {
    dir,
    read(path) {
      const whole = resolve(dir, path);
      paths.add(whole);
      const stat = statSync(whole, { throwIfNoEntry: false });
      return stat === undefined ? undefined : readFileSync(whole, 'utf8');
    },
    glob(pattern) {
      patterns.add(pattern);
      return find(pattern);
    },
    signature() {
      const found = [...patterns].flatMap(find).map((path) => resolve(dir, path));
      return [...paths, ...found]
        .map((path) => {
          const stat = statSync(path, { throwIfNoEntry: false });
          return `${path}:${stat === undefined ? '' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`}`;
        })
        .join('\n');
    },
    reset() {
      paths.clear();
      patterns.clear();
    },
  };
}
