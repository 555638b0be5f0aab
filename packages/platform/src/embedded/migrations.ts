/** Schema versions by room: each room owns its tables and the list of statements that made them. */
import type { DatabaseSync } from 'node:sqlite';
import { UsageError } from '@sluice/core/errors';

const CREATE = 'CREATE TABLE IF NOT EXISTS sluice_schema (room TEXT PRIMARY KEY, version INTEGER NOT NULL)';

/** @throws UsageError when the file holds a newer version of the room than `statements` can make. */
export function migrateRoom(db: DatabaseSync, room: string, statements: readonly string[]): void {
  if (versionOf(db, room) === statements.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec(CREATE);
    const version = versionOf(db, room) ?? 0;
    if (version > statements.length) {
      throw new UsageError(
        `the data file was written by a newer Sluice ("${room}" is at version ${version}, this build knows ${statements.length}): update Sluice or set SLUICE_DATA_DIR to another folder`,
      );
    }
    for (const statement of statements.slice(version)) db.exec(statement);
    db.prepare('INSERT OR REPLACE INTO sluice_schema (room, version) VALUES (?, ?)').run(
      room,
      statements.length,
    );
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(db: DatabaseSync, room: string): number | undefined {
  const exists = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'sluice_schema'`).get();
  if (exists === undefined) return undefined;
  const row = db.prepare('SELECT version FROM sluice_schema WHERE room = ?').get(room);
  return row === undefined ? undefined : Number(row.version);
}
