/** A table in plain maps, for benches: its own cost is next to nothing. Expiry is not looked at. */
import type { Condition, Item, Key, Table } from '@sluice/core/ports/table';

export function createMapTable(): Table {
  const partitions = new Map<string, Map<string, Item>>();
  const read = ({ pk, sk }: Key): Item | undefined => partitions.get(pk)?.get(sk);
  return {
    get: async (key) => read(key),
    async put(item, { condition } = {}) {
      if (!holds(condition, read(item))) return 'conflict';
      const partition = partitions.get(item.pk) ?? new Map<string, Item>();
      partitions.set(item.pk, partition.set(item.sk, item));
      return 'ok';
    },
    async delete(key, { condition } = {}) {
      if (!holds(condition, read(key))) return 'conflict';
      partitions.get(key.pk)?.delete(key.sk);
      return 'ok';
    },
    async add(key, attribute, delta) {
      const before = Number(read(key)?.[attribute] ?? 0);
      const partition = partitions.get(key.pk) ?? new Map<string, Item>();
      partitions.set(key.pk, partition.set(key.sk, { ...read(key), ...key, [attribute]: before + delta }));
      return before + delta;
    },
    async query({ pk, from = '', to = '\u{10ffff}', prefix = '' }) {
      const items = [...(partitions.get(pk)?.values() ?? [])]
        .filter(({ sk }) => sk >= from && sk <= to && sk.startsWith(prefix))
        .sort((a, b) => (a.sk < b.sk ? -1 : 1));
      return { items };
    },
  };
}

function holds(condition: Condition | undefined, item: Item | undefined): boolean {
  if (condition === undefined) return true;
  if (condition.kind === 'absent') return item === undefined;
  if (condition.kind === 'exists') return item !== undefined;
  return item?.[condition.attribute] === condition.value;
}
