/** What is read of a folder of files, taken over whole or not at all, and read again when the files change. */
import { formatProblem, type Problem } from '@sluice/config/problem';
import type { Logger } from '@sluice/core/logger';

export interface FolderWatch<T> {
  /** What was last read without errors. */
  current(): T;
  /** What is wrong with the files as they are now. */
  problems(): readonly Problem[];
  /** Reads again if anything changed; answers whether something else is current now. */
  refresh(): boolean;
}

export interface Watchable {
  /** Changes with what was read. */
  signature(): string;
  reset(): void;
}

export interface FolderWatchOptions<F, T> {
  /** Before anything was read. */
  readonly initial: T;
  /** The value is undefined when there are errors. */
  readonly read: (folder: F) => { readonly value: T | undefined; readonly problems: readonly Problem[] };
  readonly logger: Logger;
  /** As they stand in the log, e.g. `a rule file` and `the rules`. */
  readonly words: { readonly file: string; readonly all: string };
}

const MAX_SHOWN_PROBLEMS = 10;

/** Without a folder nothing is ever read. */
export function createFolderWatch<F extends Watchable, T>(
  folder: F | undefined,
  { initial, read, logger, words }: FolderWatchOptions<F, T>,
): FolderWatch<T> {
  let current = initial;
  let problems: readonly Problem[] = [];
  let seen: string | undefined;
  return {
    current: () => current,
    problems: () => problems,
    refresh() {
      if (folder === undefined || (seen !== undefined && folder.signature() === seen)) return false;
      folder.reset();
      const found = read(folder);
      seen = folder.signature();
      problems = found.problems;
      for (const problem of problems.slice(0, MAX_SHOWN_PROBLEMS))
        logger[problem.severity === 'error' ? 'error' : 'warn'](`${words.file} is wrong`, {
          problem: formatProblem(problem),
        });
      if (found.value === undefined) {
        logger.error(`${words.all} stay as they were until the files are right`, {
          problems: problems.length,
        });
        return false;
      }
      current = found.value;
      return true;
    },
  };
}
