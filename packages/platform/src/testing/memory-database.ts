/** A database for tests: in memory, with the same code path as the file. */
import { type EmbeddedDatabase, openDatabase } from '../embedded/database.ts';

export function createMemoryDatabase(): EmbeddedDatabase {
  return openDatabase({ path: ':memory:', synchronous: 'OFF' });
}
