/** What SQLite's result codes mean for the person who runs Sluice, with the remedy. */
import { dirname } from 'node:path';
import { UsageError } from '@sluice/core/errors';

/** https://www.sqlite.org/rescode.html; the low byte of an extended code is the primary one. */
const CODE = {
  busy: 5,
  locked: 6,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

export function sqliteCode(error: unknown): number | undefined {
  const { errcode } = (error ?? {}) as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}

/** Another connection holds the file: the same call may succeed a little later. */
export function isLocked(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === CODE.busy || code === CODE.locked;
}

/** One line for the start-up error of a process. Errors that are not the file's pass through. */
export function toOpenError(path: string, error: unknown): unknown {
  if (error instanceof UsageError) return error;
  const text = explain(path, error);
  return text === undefined ? error : new UsageError(text, { cause: error });
}

/** The error that a failed write rejects with; anything that is not SQLite's own passes through. */
export function toWriteError(path: string, error: unknown): unknown {
  const text = explain(path, error);
  return text === undefined ? error : new Error(text, { cause: error });
}

function explain(path: string, error: unknown): string | undefined {
  switch (sqliteCode(error)) {
    case CODE.busy:
    case CODE.locked:
      return `the data file ${path} is locked by another process: stop that process or set SLUICE_DATA_DIR to another folder`;
    case CODE.readonly:
      return `the data file ${path} is read-only: make it and its folder writable, or set SLUICE_DATA_DIR to another folder`;
    case CODE.ioError:
      return `the data file ${path} cannot be read or written (I/O error): check the disk, or set SLUICE_DATA_DIR to another folder`;
    case CODE.corrupt:
      return `the data file ${path} is damaged: move it away and start again, or restore a copy of it`;
    case CODE.full:
      return `the disk that holds the data file ${path} is full: free some space, or set SLUICE_DATA_DIR to another disk`;
    case CODE.cannotOpen:
      return `the data file ${path} cannot be opened: check that its folder exists and is writable, or set SLUICE_DATA_DIR`;
    case CODE.notADatabase:
      return `the data file ${path} is not a SQLite database: move it away, or set SLUICE_DATA_DIR to another folder`;
    default:
      return explainSystemError(path, error);
  }
}

function explainSystemError(path: string, error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `no permission to write the data file ${path}: make its folder writable, or set SLUICE_DATA_DIR to another folder`;
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return `the data directory ${dirname(path)} is not a folder: remove what is in its place, or set SLUICE_DATA_DIR`;
  }
  if (code === 'ENOENT' || code === 'ENOSPC') {
    return `the data directory ${dirname(path)} cannot be made (${code}): set SLUICE_DATA_DIR to another folder`;
  }
  return undefined;
}
