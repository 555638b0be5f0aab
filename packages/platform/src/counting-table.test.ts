import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { expect, test } from 'vitest';
import { createCountingTable } from './counting-table.ts';
import { createEmbeddedTable } from './embedded/table.ts';
import { itemBytes } from './table/item-rules.ts';
import { createMemoryDatabase } from './testing/memory-database.ts';

test('units are counted as DynamoDB bills them', async () => {
  const database = createMemoryDatabase();
  const table = createCountingTable(createEmbeddedTable({ database, name: 't', clock: createFakeClock() }));
  const large = { pk: 'p', sk: '1', data: 'x'.repeat(9000) };
  await table.put(large);
  expect(table.counts()).toEqual({ reads: 0, writes: 1, readUnits: 0, writeUnits: 9 });
  await table.get(large, { consistent: true });
  await table.get(large);
  await table.get({ pk: 'p', sk: 'none' });
  expect(table.counts()).toMatchObject({ reads: 3, readUnits: 3 + 1.5 + 0.5 });
  await table.put({ pk: 'p', sk: '1' }, { condition: { kind: 'absent' } });
  await table.add({ pk: 'p', sk: '2' }, 'n', 1);
  await table.delete({ pk: 'p', sk: '2' });
  expect(table.counts()).toMatchObject({ writes: 4, writeUnits: 9 + 3 });
  await table.query({ pk: 'p' });
  expect(table.counts()).toMatchObject({ reads: 4, readUnits: 5 + 1.5 });
  await database.close();
});

test.each([
  [{}, 0],
  [{ name: 'value' }, 9],
  [{ n: 0 }, 1 + 2],
  [{ n: 1234 }, 1 + 3],
  [{ n: -12.345 }, 1 + 5],
  [{ b: true }, 1 + 1],
  [{ x: null }, 1 + 1],
  [{ x: new Uint8Array(10) }, 1 + 10],
  [{ l: ['a', 'bc'] }, 1 + 3 + 2 + 3],
  [{ m: { k: 'v' } }, 1 + 3 + 1 + 2],
  [{ x: undefined }, 0],
])('the attributes %o have %d bytes', (attributes, bytes) => {
  expect(itemBytes({ pk: 'p', sk: 's', ...attributes })).toBe(bytes + 'pkpsks'.length);
});
