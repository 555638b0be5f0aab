import { expect, test } from 'vitest';
import { type Item, type QueryOptions, queryAll, type Table } from './table.ts';

test('queryAll reads page after page, also over empty ones, and passes its options on', async () => {
  const item = (sk: string): Item => ({ pk: 'p', sk });
  const pages: Record<string, { items: readonly Item[]; cursor?: string }> = {
    '': { items: [item('1'), item('2')], cursor: 'a' },
    a: { items: [], cursor: 'b' },
    b: { items: [item('3')] },
  };
  const asked: QueryOptions[] = [];
  const query: Table['query'] = async (options) => {
    asked.push(options);
    return pages[options.cursor ?? '']!;
  };
  const found: string[] = [];
  for await (const { sk } of queryAll({ query } as Table, { pk: 'p', reverse: true })) found.push(sk);
  expect(found).toEqual(['1', '2', '3']);
  expect(asked).toEqual([
    { pk: 'p', reverse: true },
    { pk: 'p', reverse: true, cursor: 'a' },
    { pk: 'p', reverse: true, cursor: 'b' },
  ]);
});
