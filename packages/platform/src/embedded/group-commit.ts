/**
 * Group commit: everything that wants to be written in one turn of the event loop shares one
 * transaction. An fsync costs the same for one row as for hundreds, so durability is nearly free
 * exactly when there is much to do.
 */
import type { DatabaseSync } from 'node:sqlite';
import { isLocked, toWriteError } from './sqlite-errors.ts';

export interface GroupCommit {
  write<T>(work: (db: DatabaseSync) => T): Promise<T>;
  /** Resolves when all that was queued is committed (or rejected). */
  stop(): Promise<void>;
}

export interface GroupCommitOptions {
  readonly path: string;
  readonly lockTimeoutMs: number;
  readonly onCommit: () => void;
}

interface Pending {
  readonly work: (db: DatabaseSync) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Settled = { readonly value: unknown } | { readonly error: unknown };

/** Bounds how long one commit holds the event loop; the rest follows in the next turn. */
const MAX_WORKS_PER_COMMIT = 256;
const MAX_LOCK_PAUSE_MS = 50;

export function createGroupCommit(db: DatabaseSync, options: GroupCommitOptions): GroupCommit {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const savepoint = db.prepare('SAVEPOINT work');
  const release = db.prepare('RELEASE work');
  const rollbackTo = db.prepare('ROLLBACK TO work');
  let queued: Pending[] = [];
  let scheduled = false;
  let stopped = false;
  let lockedSinceMs: number | undefined;
  const whenIdle: (() => void)[] = [];

  const schedule = (pauseMs = 0): void => {
    if (scheduled) return;
    scheduled = true;
    if (pauseMs === 0) setImmediate(flush);
    else setTimeout(flush, pauseMs);
  };

  const flush = (): void => {
    scheduled = false;
    const batch = queued.slice(0, MAX_WORKS_PER_COMMIT);
    if (!beginOrPause(batch)) return;
    queued = queued.slice(batch.length);
    const outcomes = runTogether(batch) ?? batch.map(runAlone);
    options.onCommit();
    for (const [index, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[index]!;
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value);
    }
    if (queued.length > 0) schedule();
    else for (const idle of whenIdle.splice(0)) idle();
  };

  /** False when another process writes: tried again soon, or everything that waits is rejected. */
  const beginOrPause = (batch: readonly Pending[]): boolean => {
    try {
      if (batch.length > 0) begin.run();
      lockedSinceMs = undefined;
      return true;
    } catch (error) {
      lockedSinceMs ??= performance.now();
      const lockedMs = performance.now() - lockedSinceMs;
      if (isLocked(error) && lockedMs < options.lockTimeoutMs) {
        schedule(Math.min(MAX_LOCK_PAUSE_MS, 5 + lockedMs / 4));
        return false;
      }
      lockedSinceMs = undefined;
      const failure = toWriteError(options.path, error);
      for (const { reject } of queued.splice(0)) reject(failure);
      for (const idle of whenIdle.splice(0)) idle();
      return false;
    }
  };

  /** `undefined` when the transaction as a whole was lost and rolled back. */
  const runTogether = (batch: readonly Pending[]): readonly Settled[] | undefined => {
    try {
      const outcomes = batch.map(({ work }): Settled => {
        savepoint.run();
        const outcome = attempt(() => work(db));
        if (!('error' in outcome)) {
          release.run();
          return outcome;
        }
        // SQLite itself ends the transaction on a full disk or an I/O error: then all works are lost.
        if (!db.isTransaction) throw outcome.error;
        rollbackTo.run();
        release.run();
        return { error: toWriteError(options.path, outcome.error) };
      });
      if (batch.length > 0) commit.run();
      return outcomes;
    } catch {
      rollBack(db);
      return undefined;
    }
  };

  const runAlone = ({ work }: Pending): Settled => {
    const outcome = attempt(() => {
      begin.run();
      const value = work(db);
      commit.run();
      return value;
    });
    if (!('error' in outcome)) return outcome;
    rollBack(db);
    return { error: toWriteError(options.path, outcome.error) };
  };

  return {
    write<T>(work: (db: DatabaseSync) => T): Promise<T> {
      if (stopped) return Promise.reject(new Error(`the data file ${options.path} is closed`));
      return new Promise<T>((resolve, reject) => {
        queued.push({ work, resolve: (value) => resolve(value as T), reject });
        schedule();
      });
    },
    stop() {
      stopped = true;
      if (queued.length === 0) return Promise.resolve();
      return new Promise((resolve) => whenIdle.push(resolve));
    },
  };
}

function attempt(work: () => unknown): Settled {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

function rollBack(db: DatabaseSync): void {
  if (db.isTransaction) db.exec('ROLLBACK');
}
