/** The configuration folder on disk, which can tell whether anything that was read from it has changed since. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigFolder } from '@sluice/alerting/config/config-folder';

export interface WatchedFolder extends ConfigFolder {
  readonly dir: string;
  /** Changes with every file that was read or looked for, and with what the globs find. */
  signature(): string;
  /** Forgets what was read. */
  reset(): void;
}

const DEFAULT_DIR = 'config';

/** `SLUICE_CONFIG_DIR`, else `config/` if it is there. */
export function findConfigDir(configured: string | undefined): string | undefined {
  if (configured !== undefined) return configured;
  return statSync(DEFAULT_DIR, { throwIfNoEntry: false })?.isDirectory() ? DEFAULT_DIR : undefined;
}

export function openConfigFolder(dir: string): WatchedFolder {
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
