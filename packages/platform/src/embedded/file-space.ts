/**
 * Gives space back to the file system after a backlog has drained. SQLite reuses free pages first; only
 * what lies idle beyond a reserve is cut off, in small steps so that no request waits for it.
 */
import type { DatabaseSync } from 'node:sqlite';

export interface FileSpace {
  /** To be called after every commit; cheap. */
  noteCommit(): void;
  stop(): void;
}

const CHECK_EVERY_MS = 5000;
const NEXT_STEP_MS = 50;
/** Free pages that stay for the next burst (32 MiB of 16 KiB pages). */
const RESERVE_PAGES = 2048;
const PAGES_PER_STEP = 256;

export interface FileSpaceOptions {
  readonly checkEveryMs?: number;
  readonly reservePages?: number;
}

export function createFileSpace(db: DatabaseSync, options: FileSpaceOptions = {}): FileSpace {
  const { checkEveryMs = CHECK_EVERY_MS, reservePages = RESERVE_PAGES } = options;
  let timer: NodeJS.Timeout | undefined;
  let isShrinking = false;

  const schedule = (delayMs: number): void => {
    timer = setTimeout(step, delayMs).unref();
  };
  const step = (): void => {
    timer = undefined;
    if (!db.isOpen) return;
    try {
      const surplus = Number(db.prepare('PRAGMA freelist_count').get()?.freelist_count ?? 0) - reservePages;
      if (surplus <= 0) {
        finish();
        return;
      }
      db.exec(`PRAGMA incremental_vacuum(${Math.min(surplus, PAGES_PER_STEP)})`);
      isShrinking = true;
      schedule(NEXT_STEP_MS);
    } catch {
      // Another process writes or the disk is full: the next commit brings the next check.
    }
  };
  /** In WAL mode the file itself is cut only when the log is written back. */
  const finish = (): void => {
    if (isShrinking) db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    isShrinking = false;
  };
  return {
    noteCommit() {
      if (timer === undefined) schedule(checkEveryMs);
    },
    stop: () => clearTimeout(timer),
  };
}
