/**
 * One server per data directory. The lock is SQLite's own lock on a small file: the kernel releases it
 * when the process ends, however it ends, so that nothing stale is ever left behind.
 */
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UsageError } from '@sluice/core/errors';
import { makeFolder } from './make-folder.ts';
import { isLocked, toOpenError } from './sqlite-errors.ts';

export interface ProcessLock {
  release(): void;
}

/** A handle that nothing refers to is collected and closed, and its lock would be gone with it. */
const locks = new Set<DatabaseSync>();

/** @throws UsageError when another process holds the lock, or the folder cannot be written. */
export function acquireProcessLock(path: string): ProcessLock {
  let db: DatabaseSync | undefined;
  try {
    makeFolder(dirname(path));
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    if (db?.isOpen) db.close();
    if (!isLocked(error)) throw toOpenError(path, error);
    throw new UsageError(
      `another Sluice already runs on ${dirname(path)}: stop it, or set SLUICE_DATA_DIR to another folder`,
      { cause: error },
    );
  }
  const held = db;
  locks.add(held);
  return {
    release() {
      locks.delete(held);
      if (held.isOpen) held.close();
    },
  };
}
