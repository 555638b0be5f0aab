import { serialize } from 'node:v8';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { describe, expect, test } from 'vitest';
import { createMemoryDatabase } from '../testing/memory-database.ts';
import { describeTableContract } from '../testing/table-contract.ts';
import { createEmbeddedTable } from './table.ts';

describeTableContract('embedded', async () => {
  const database = createMemoryDatabase();
  let made = 0;
  return {
    makeTable: async (clock) => createEmbeddedTable({ database, name: `t${++made}`, clock }),
    close: database.close,
  };
});

test('expired items are removed by later writes', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const table = createEmbeddedTable({ database, name: 't', clock });
  const expiresAt = Math.floor(clock.nowMs() / 1000) + 10;
  await table.put({ pk: 'p', sk: 'mortal', expiresAt });
  await clock.advance(120_000);
  await table.put({ pk: 'p', sk: 'new' });
  expect(database.db.prepare('SELECT sk FROM table_item').all()).toEqual([{ sk: 'new' }]);
  await database.close();
});

describe('a row that was changed past the table', () => {
  test.each([
    [
      'data of another row',
      "UPDATE table_item SET data = (SELECT data FROM table_item WHERE sk = 'b') WHERE sk = 'a'",
    ],
    ['a changed key', "UPDATE table_item SET sk = 'a' WHERE sk = 'a2'"],
    ['a changed expiry', "UPDATE table_item SET expires_at = 9e9 WHERE sk = 'a'"],
    ['bytes that are none of ours', "UPDATE table_item SET data = x'00ff' WHERE sk = 'a'"],
    [
      'a value that is no item',
      `UPDATE table_item SET data = x'${serialize(7).toString('hex')}' WHERE sk = 'a'`,
    ],
    ['nothing', `UPDATE table_item SET data = x'${serialize(undefined).toString('hex')}' WHERE sk = 'a'`],
  ])('is no item: %s', async (_how, sql) => {
    const database = createMemoryDatabase();
    const table = createEmbeddedTable({ database, name: 't', clock: createFakeClock() });
    for (const sk of sql.includes('a2') ? ['a2', 'b'] : ['a', 'b']) await table.put({ pk: 'p', sk });
    database.db.exec(sql);
    const damaged = { name: 'DamagedItemError', key: { pk: 'p', sk: 'a' } };
    await expect(table.get({ pk: 'p', sk: 'a' })).rejects.toMatchObject(damaged);
    await expect(table.query({ pk: 'p' })).rejects.toMatchObject(damaged);
    expect((await table.query({ pk: 'p', from: 'a\u0000' })).items).toEqual([{ pk: 'p', sk: 'b' }]);
    expect(await table.put({ pk: 'p', sk: 'a' })).toBe('ok');
    expect(await table.get({ pk: 'p', sk: 'a' })).toEqual({ pk: 'p', sk: 'a' });
    await database.close();
  });
});

test('tables of one file do not see each other', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const [a, b] = ['a', 'b'].map((name) => createEmbeddedTable({ database, name, clock }));
  await a!.put({ pk: 'p', sk: 's', of: 'a' });
  expect(await b!.get({ pk: 'p', sk: 's' })).toBeUndefined();
  expect((await b!.query({ pk: 'p' })).items).toEqual([]);
  await database.close();
});
