import { parseTenantId } from '@sluice/core/ids';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { createCheckpointTable } from './checkpoint-table.ts';

const ACME = parseTenantId('acme');

test('notes are kept in order, each once in a row, also when two write at the same time', async () => {
  const clock = createFakeClock();
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'checkpoints', clock });
  const copies = createCheckpointTable(table, clock);
  expect([await copies.last(ACME), await copies.tenants()]).toEqual([undefined, []]);
  await copies.append(ACME, 'one');
  await copies.append(ACME, 'one');
  await copies.append(ACME, 'two');
  await Promise.all([copies.append(ACME, 'three'), createCheckpointTable(table, clock).append(ACME, 'four')]);
  const notes = await copies.notes(ACME);
  expect(notes.slice(0, 2)).toEqual(['one', 'two']);
  expect(notes.slice(2).toSorted()).toEqual(['four', 'three']);
  expect(await copies.last(ACME)).toBe(notes.at(-1));
  expect(await copies.tenants()).toEqual([ACME]);
});
