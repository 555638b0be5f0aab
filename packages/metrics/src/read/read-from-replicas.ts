/**
 * A table that is read at half the price: eventually consistent (DynamoDB § Read consistency), and again
 * consistently only when nothing was found. For items that are put once and never changed this is as good,
 * and for a head that moves on it may show the step before.
 */
import type { Table } from '@sluice/core/ports/table';

export function readFromReplicas(table: Table): Table {
  return {
    ...table,
    async get(key, { consistent = false } = {}) {
      const found = await table.get(key);
      return found === undefined && consistent ? table.get(key, { consistent }) : found;
    },
    query: (options) => table.query({ ...options, consistent: false }),
  };
}
