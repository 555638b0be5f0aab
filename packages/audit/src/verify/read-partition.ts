/** All items of a partition, past those that are too damaged to be handed out: each of them is a finding. */
import { DamagedItemError, type Item, type QueryPage, type Table } from '@sluice/core/ports/table';
import type { Report } from './finding.ts';

export async function* readPartition(table: Table, pk: string, report: Report): AsyncGenerator<Item> {
  let after: string | undefined;
  // A damaged item fails its whole page: one by one, what stands before it is read.
  let isSingly = false;
  for (;;) {
    let page: QueryPage;
    try {
      page = await table.query({
        pk,
        consistent: true,
        ...(after === undefined ? {} : { from: `${after}\u0000` }),
        ...(isSingly ? { limit: 1 } : {}),
      });
    } catch (error) {
      if (!(error instanceof DamagedItemError)) throw error;
      if (isSingly) {
        after = error.key.sk;
        report('mutated', after, 'is damaged and cannot be read');
      }
      isSingly = !isSingly;
      continue;
    }
    yield* page.items;
    if (page.cursor === undefined) return;
    after = page.items.at(-1)!.sk;
  }
}
