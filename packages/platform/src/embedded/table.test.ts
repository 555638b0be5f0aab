import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { expect, test } from 'vitest';
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

test('tables of one file do not see each other', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  const [a, b] = ['a', 'b'].map((name) => createEmbeddedTable({ database, name, clock }));
  await a!.put({ pk: 'p', sk: 's', of: 'a' });
  expect(await b!.get({ pk: 'p', sk: 's' })).toBeUndefined();
  expect((await b!.query({ pk: 'p' })).items).toEqual([]);
  await database.close();
});
