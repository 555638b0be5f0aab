import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UsageError } from '@sluice/core/errors';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeTemporaryFolder } from '../testing/temporary-folder.ts';
import { type DatabaseOptions, type EmbeddedDatabase, openDatabase } from './database.ts';
import { createFileSpace } from './file-space.ts';

function openTemporary(options: Partial<DatabaseOptions> = {}): EmbeddedDatabase & { readonly path: string } {
  const path = join(makeTemporaryFolder(), 'data.db');
  const database = openDatabase({ path, ...options });
  onTestFinished(() => database.close());
  return { ...database, path };
}

function withNumbers(database: EmbeddedDatabase) {
  database.migrate('numbers', ['CREATE TABLE number (n INTEGER UNIQUE)']);
  const insert = database.db.prepare('INSERT INTO number VALUES (?)');
  return {
    add: (n: number) => database.write(() => Number(insert.run(n).changes)),
    all: () =>
      database.db
        .prepare('SELECT n FROM number ORDER BY n')
        .all()
        .map(({ n }) => n),
  };
}

describe('group commit', () => {
  test('what was written is there after closing and opening again', async () => {
    const database = openTemporary();
    const { add } = withNumbers(database);
    expect(await add(1)).toBe(1);
    await database.close();
    const again = openDatabase({ path: database.path });
    expect(withNumbers(again).all()).toEqual([1]);
    await again.close();
  });

  test('a work that throws takes nothing of its neighbours along, and nothing of its own stays', async () => {
    const database = openTemporary();
    const { add, all } = withNumbers(database);
    const half = database.write((db) => {
      db.exec('INSERT INTO number VALUES (98), (99)');
      throw new Error('changed my mind');
    });
    const results = await Promise.allSettled([add(1), add(2), half, add(1), add(3)]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    await expect(half).rejects.toThrow('changed my mind');
    expect(all()).toEqual([1, 2, 3]);
  });

  test('works of one turn share a commit, more than a commit takes follow in the next', async () => {
    const database = openTemporary();
    const { add, all } = withNumbers(database);
    await Promise.all(Array.from({ length: 1000 }, (_, n) => add(n)));
    expect(all()).toHaveLength(1000);
  });

  test('closing finishes what was queued and refuses what comes later', async () => {
    const database = openTemporary();
    const { add } = withNumbers(database);
    const queued = add(1);
    await database.close();
    await expect(queued).resolves.toBe(1);
    await expect(add(2)).rejects.toThrow(/is closed/);
    await expect(database.close()).resolves.toBeUndefined();
  });

  test('a full disk rejects with the remedy, keeps what fits, and the database stays usable', async () => {
    const database = openTemporary();
    database.migrate('blobs', ['CREATE TABLE blob (data BLOB)']);
    const { page_count } = database.db.prepare('PRAGMA page_count').get()!;
    database.db.exec(`PRAGMA max_page_count = ${Number(page_count) + 4}`);
    const put = (bytes: number) =>
      database.write((db) => void db.prepare('INSERT INTO blob VALUES (?)').run(new Uint8Array(bytes)));
    const [small, large, other] = await Promise.allSettled([put(10), put(1_000_000), put(10)]);
    expect([small!.status, large!.status, other!.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(put(1_000_000)).rejects.toThrow(
      /disk that holds the data file .*data\.db is full: free some space/,
    );
    await database.write((db) => db.exec('DELETE FROM blob'));
    await expect(put(10)).resolves.toBeUndefined();
  });

  test('a lock that another process holds for a moment is waited for', async () => {
    const database = openTemporary();
    const { add, all } = withNumbers(database);
    const other = new DatabaseSync(database.path);
    other.exec('BEGIN IMMEDIATE');
    const waiting = add(1);
    setTimeout(() => other.exec('COMMIT'), 150);
    expect(await waiting).toBe(1);
    other.close();
    expect(all()).toEqual([1]);
  });

  test('a lock that stays is reported, and writing goes on once it is gone', async () => {
    const database = openTemporary({ lockTimeoutMs: 50 });
    const { add } = withNumbers(database);
    const other = new DatabaseSync(database.path);
    other.exec('BEGIN IMMEDIATE');
    await expect(Promise.all([add(1), add(2)])).rejects.toThrow(/locked by another process/);
    other.exec('ROLLBACK');
    other.close();
    expect(await add(3)).toBe(1);
  });

  test('closing while another process holds the lock ends with a rejection of what was queued', async () => {
    const database = openTemporary({ lockTimeoutMs: 10 });
    const { add } = withNumbers(database);
    const other = new DatabaseSync(database.path);
    other.exec('BEGIN IMMEDIATE');
    const queued = expect(add(1)).rejects.toThrow(/locked/);
    await database.close();
    await queued;
    other.close();
  });

  test('two connections write in turns, as the server and a command do', async () => {
    const one = openTemporary();
    const two = openDatabase({ path: one.path });
    const [first, second] = [withNumbers(one), withNumbers(two)];
    await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? first : second).add(n)));
    expect(first.all()).toHaveLength(40);
    expect(second.all()).toHaveLength(40);
    await two.close();
  });
});

describe('opening', () => {
  const message = (open: () => unknown): string => {
    try {
      open();
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as UsageError).message;
    }
    throw new Error('was opened');
  };

  test('folders on the way are made', async () => {
    const path = join(makeTemporaryFolder(), 'a', 'b', 'data.db');
    await openDatabase({ path }).close();
    expect(existsSync(path)).toBe(true);
  });

  test('a file that is no database is refused and left as it is', () => {
    const path = join(makeTemporaryFolder(), 'data.db');
    writeFileSync(path, 'these are not the bytes you are looking for'.repeat(100));
    expect(message(() => openDatabase({ path }))).toMatch(/is not a SQLite database: move it away/);
    expect(readFileSync(path, 'utf8')).toMatch(/^these are not/);
  });

  test.each([0.3, 0.6, 0.9])('a file that lost its end (%d of it left) is refused', async (share) => {
    const database = openTemporary();
    database.migrate('blobs', ['CREATE TABLE blob (data BLOB)']);
    await database.write((db) => db.prepare('INSERT INTO blob VALUES (?)').run(new Uint8Array(500_000)));
    await database.close();
    truncateSync(database.path, Math.floor((statSync(database.path).size * share) / 16_384) * 16_384);
    expect(message(() => openDatabase({ path: database.path }))).toMatch(/is damaged.*: move it away/);
  });

  test('a file with a scribble in its middle is refused', async () => {
    const database = openTemporary();
    const { add } = withNumbers(database);
    await Promise.all(Array.from({ length: 256 }, (_, n) => add(n)));
    await database.close();
    const bytes = readFileSync(database.path);
    bytes.fill(0xa5, 16_384, bytes.length);
    writeFileSync(database.path, bytes);
    expect(message(() => openDatabase({ path: database.path }))).toMatch(/is damaged/);
  });

  test('a file in place of the folder is named', () => {
    const folder = makeTemporaryFolder();
    writeFileSync(join(folder, 'taken'), '');
    expect(message(() => openDatabase({ path: join(folder, 'taken', 'data.db') }))).toMatch(
      /is not a folder/,
    );
  });

  test('a folder in place of the file is named', () => {
    const folder = makeTemporaryFolder();
    mkdirSync(join(folder, 'data.db'));
    expect(message(() => openDatabase({ path: join(folder, 'data.db') }))).toMatch(/cannot be opened/);
  });

  test('a file that another process holds exclusively is refused with the reason', async () => {
    const database = openTemporary();
    await database.close();
    const other = new DatabaseSync(database.path);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    expect(message(() => openDatabase({ path: database.path, lockTimeoutMs: 20 }))).toMatch(
      /locked by another process/,
    );
    other.close();
  });

  test('a file of a newer version is refused and not changed', async () => {
    const database = openTemporary();
    database.migrate('room', ['CREATE TABLE a (x)', 'CREATE TABLE b (x)']);
    expect(message(() => database.migrate('room', ['CREATE TABLE a (x)']))).toMatch(
      /newer Sluice .*"room" is at version 2/,
    );
    expect(() => database.migrate('room', ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'])).not.toThrow();
  });

  test('a migration that fails leaves the schema as it was', () => {
    const database = openTemporary();
    expect(() => database.migrate('room', ['CREATE TABLE a (x)', 'CREATE TABLE ('])).toThrow(/syntax/);
    expect(() => database.migrate('room', ['CREATE TABLE a (x)'])).not.toThrow();
  });
});

test('the file shrinks after a backlog is gone', async () => {
  const database = openTemporary();
  database.migrate('blobs', ['CREATE TABLE blob (data BLOB)']);
  for (let i = 0; i < 20; i++) {
    await database.write((db) => db.prepare('INSERT INTO blob VALUES (?)').run(new Uint8Array(1_000_000)));
  }
  await database.write((db) => db.exec('DELETE FROM blob'));
  const bytes = () => statSync(database.path).size;
  const before = bytes();
  const space = createFileSpace(database.db, { checkEveryMs: 0, reservePages: 10 });
  space.noteCommit();
  await expect.poll(bytes).toBeLessThan(500_000);
  space.stop();
  expect(before).toBeGreaterThan(15_000_000);
});
