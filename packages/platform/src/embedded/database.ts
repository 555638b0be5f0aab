/**
 * The one SQLite file of local mode: queues, tables and stores share it, so that one commit (and one
 * fsync) covers everything that a turn of the event loop wrote. WAL keeps readers, also of other
 * processes (the CLI), from ever waiting for the writer.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UsageError } from '@sluice/core/errors';
import { createFileSpace } from './file-space.ts';
import { createGroupCommit } from './group-commit.ts';
import { makeFolder } from './make-folder.ts';
import { migrateRoom } from './migrations.ts';
import { toOpenError } from './sqlite-errors.ts';

export interface EmbeddedDatabase {
  /** For reads and for preparing statements. Writes belong into `write`. */
  readonly db: DatabaseSync;
  /**
   * Brings a room's schema up to date: `statements[n]` leads from version n to n + 1, so the list only
   * ever grows. @throws UsageError when the file was written by a newer version.
   */
  migrate(room: string, statements: readonly string[]): void;
  /**
   * Group commit: works that are queued in the same turn share one transaction, each in a savepoint of
   * its own. Resolves once the commit is on disk. A work must be synchronous and touch nothing but the
   * database: when a commit fails it is rolled back and run once more on its own.
   */
  write<T>(work: (db: DatabaseSync) => T): Promise<T>;
  /** Finishes what was queued, then closes. Closing twice is fine; writing afterwards rejects. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** `:memory:` for tests. */
  readonly path: string;
  /** FULL syncs every group commit: nothing acknowledged is lost even when the machine loses power. */
  readonly synchronous?: 'FULL' | 'NORMAL' | 'OFF';
  /** How long a write waits for another process before it gives up. */
  readonly lockTimeoutMs?: number;
}

/** Blocks the event loop, so short: group commit waits for longer locks without blocking. */
const BUSY_TIMEOUT_MS = 100;
const OPEN_BUSY_TIMEOUT_MS = 2000;
/** Overflow chains of 20 KB messages are a third as long as with the default of 4 KiB. */
const PAGE_BYTES = 16_384;
/** 16 MiB of log between checkpoints: short-lived messages are mostly gone before they would be copied. */
const CHECKPOINT_PAGES = 1024;
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;
/** Files up to this size are checked in full when they are opened; that takes about 0.1 s at most. */
const FULL_CHECK_BYTES = 32 * 1024 * 1024;

/** @throws UsageError: one line with the remedy, for a file or folder that cannot be used. */
export function openDatabase(options: DatabaseOptions): EmbeddedDatabase {
  const { path, synchronous = 'FULL', lockTimeoutMs = 10_000 } = options;
  const db = openFile(path, { synchronous, timeout: Math.min(OPEN_BUSY_TIMEOUT_MS, lockTimeoutMs) });
  const space = createFileSpace(db);
  const commits = createGroupCommit(db, { path, lockTimeoutMs, onCommit: space.noteCommit });
  return {
    db,
    migrate(room, statements) {
      try {
        migrateRoom(db, room, statements);
      } catch (error) {
        throw toOpenError(path, error);
      }
    },
    write: commits.write,
    async close() {
      await commits.stop();
      space.stop();
      if (db.isOpen) db.close();
    },
  };
}

function openFile(
  path: string,
  { synchronous, timeout }: { readonly synchronous: string; readonly timeout: number },
): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    if (path !== ':memory:') makeFolder(dirname(path));
    const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    db = new DatabaseSync(path, { timeout });
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
    db.exec(
      `PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`,
    );
    db.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF');
    if (bytes <= FULL_CHECK_BYTES) checkPages(db, path);
    migrateRoom(db, 'database', []);
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return db;
  } catch (error) {
    if (db?.isOpen) db.close();
    throw toOpenError(path, error);
  }
}

function checkPages(db: DatabaseSync, path: string): void {
  const verdict = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
  if (verdict !== 'ok') {
    throw new UsageError(
      `the data file ${path} is damaged (${String(verdict).replaceAll(/\s+/g, ' ')}): move it away and start again, or restore a copy of it`,
    );
  }
}
