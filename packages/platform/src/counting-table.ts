/**
 * Counts what a table would cost on DynamoDB, so that tests can hold a room to its budget. Write units
 * go by the item written; DynamoDB also looks at the item it replaces or deletes, which is not seen here.
 */
import type { Item, Table } from '@sluice/core/ports/table';
import { itemBytes } from './table/item-rules.ts';

export interface TableCounts {
  readonly reads: number;
  readonly writes: number;
  /** Read capacity units: 4 KiB each, half when eventually consistent; a query rounds up once. */
  readonly readUnits: number;
  /** Write capacity units: 1 KiB each; a write whose condition fails costs as much. */
  readonly writeUnits: number;
}

export interface CountingTable extends Table {
  counts(): TableCounts;
}

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;

export function createCountingTable(table: Table): CountingTable {
  let counts = { reads: 0, writes: 0, readUnits: 0, writeUnits: 0 };
  const countRead = (items: readonly Item[], consistent = false): void => {
    const bytes = items.reduce((sum, item) => sum + itemBytes(item), 0);
    const units = Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5);
    counts = { ...counts, reads: counts.reads + 1, readUnits: counts.readUnits + units };
  };
  const countWrite = (bytes: number): void => {
    const units = Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
    counts = { ...counts, writes: counts.writes + 1, writeUnits: counts.writeUnits + units };
  };
  return {
    async get(key, options) {
      const item = await table.get(key, options);
      countRead(item === undefined ? [] : [item], options?.consistent);
      return item;
    },
    put(item, options) {
      countWrite(itemBytes(item));
      return table.put(item, options);
    },
    delete(key, options) {
      countWrite(0);
      return table.delete(key, options);
    },
    add(key, attribute, delta, options) {
      countWrite(0);
      return table.add(key, attribute, delta, options);
    },
    async query(options) {
      const page = await table.query(options);
      countRead(page.items, options.consistent);
      return page;
    },
    counts: () => counts,
  };
}
