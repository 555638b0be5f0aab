/** The Table port on SQLite: the part of DynamoDB that Sluice uses, expiry included. */
import { deserialize, serialize } from 'node:v8';
import { PermanentError } from '@sluice/core/errors';
import type { Clock } from '@sluice/core/ports/clock';
import {
  type Condition,
  DamagedItemError,
  type Item,
  type Key,
  type QueryOptions,
  type QueryPage,
  TABLE_LIMITS,
  type Table,
} from '@sluice/core/ports/table';
import { checkAddition, checkKey, itemBytes, toStorableItem } from '../table/item-rules.ts';
import { checkQuery, decodeCursor, encodeCursor, endOfPrefix, isEmptyRange } from '../table/query-range.ts';
import type { EmbeddedDatabase } from './database.ts';

export interface EmbeddedTableOptions {
  readonly database: EmbeddedDatabase;
  readonly name: string;
  readonly clock: Clock;
}

const SCHEMA = [
  `CREATE TABLE table_item (
     id INTEGER PRIMARY KEY, name TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, expires_at INTEGER, data BLOB NOT NULL);
   CREATE UNIQUE INDEX table_key ON table_item (name, pk, sk);
   CREATE INDEX table_expiry ON table_item (name, expires_at) WHERE expires_at IS NOT NULL;`,
];
/** DynamoDB removes expired items within days; here a write now and then takes some along. */
const PURGE_EVERY_MS = 60_000;
const PURGE_ITEMS = 500;
const LIVE = '(expires_at IS NULL OR expires_at > :now)';

export function createEmbeddedTable({ database, name, clock }: EmbeddedTableOptions): Table {
  const { db } = database;
  database.migrate('table', SCHEMA);
  const selectOne = db.prepare(
    `SELECT data, expires_at FROM table_item WHERE name = :name AND pk = :pk AND sk = :sk AND ${LIVE}`,
  );
  const upsert = db.prepare(
    `INSERT INTO table_item (name, pk, sk, expires_at, data) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name, pk, sk) DO UPDATE SET expires_at = excluded.expires_at, data = excluded.data`,
  );
  const deleteOne = db.prepare('DELETE FROM table_item WHERE name = ? AND pk = ? AND sk = ?');
  const deleteExpired = db.prepare(
    `DELETE FROM table_item WHERE id IN (
       SELECT id FROM table_item WHERE name = ? AND expires_at <= ? LIMIT ${PURGE_ITEMS})`,
  );
  const range = `name = :name AND pk = :pk AND sk >= :low AND (:high IS NULL OR sk <= :high)
    AND (:before IS NULL OR sk < :before) AND ${LIVE}`;
  const selectForward = db.prepare(
    `SELECT sk, data, expires_at FROM table_item WHERE ${range} AND sk > :after ORDER BY sk LIMIT :limit`,
  );
  const selectBackward = db.prepare(
    `SELECT sk, data, expires_at FROM table_item WHERE ${range} ORDER BY sk DESC LIMIT :limit`,
  );
  let purgedAtMs = clock.nowMs();

  const nowSeconds = (): number => Math.floor(clock.nowMs() / 1000);
  const read = ({ pk, sk }: Key): Item | undefined => {
    const row = selectOne.get({ name, pk, sk, now: nowSeconds() });
    return row === undefined ? undefined : decodeItem(row, { pk, sk });
  };
  const store = (item: Item): void => {
    upsert.run(name, item.pk, item.sk, item.expiresAt ?? null, serialize(item));
  };
  const purgeSometimes = (): void => {
    if (clock.nowMs() - purgedAtMs < PURGE_EVERY_MS) return;
    purgedAtMs = clock.nowMs();
    deleteExpired.run(name, nowSeconds());
  };

  return {
    async get(key) {
      checkKey(key);
      return read(key);
    },
    async put(item, { condition } = {}) {
      const storable = toStorableItem(item);
      return database.write(() => {
        if (!holds(condition, () => read(item))) return 'conflict';
        store(storable);
        purgeSometimes();
        return 'ok';
      });
    },
    async delete(key, { condition } = {}) {
      checkKey(key);
      return database.write(() => {
        if (!holds(condition, () => read(key))) return 'conflict';
        deleteOne.run(name, key.pk, key.sk);
        return 'ok';
      });
    },
    async add(key, attribute, delta, { expiresAt } = {}) {
      checkKey(key);
      checkAddition(attribute, delta);
      return database.write(() => {
        const item: Item = read(key) ?? { pk: key.pk, sk: key.sk };
        const before = item[attribute] ?? 0;
        if (typeof before !== 'number') {
          throw new PermanentError(`attribute "${attribute}" of ${key.pk}/${key.sk} is not a number`);
        }
        const changed = {
          ...item,
          [attribute]: before + delta,
          ...(expiresAt === undefined ? {} : { expiresAt }),
        };
        store(toStorableItem(changed));
        purgeSometimes();
        return before + delta;
      });
    },
    async query(options) {
      checkQuery(options);
      if (isEmptyRange(options)) return { items: [] };
      const { pk, from, to, prefix, reverse = false, limit, cursor } = options;
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      const prefixEnd = prefix === undefined ? undefined : endOfPrefix(prefix);
      const statement = reverse ? selectBackward : selectForward;
      const rows = statement.iterate({
        name,
        pk,
        now: nowSeconds(),
        low: from ?? prefix ?? '',
        high: to ?? null,
        before: least(prefixEnd, reverse ? after : undefined) ?? null,
        limit: limit === undefined ? -1 : limit + 1,
        ...(reverse ? {} : { after: after ?? '' }),
      });
      return toPage(rows, options);
    },
  };
}

function toPage(rows: Iterable<Row>, { pk, limit }: QueryOptions): QueryPage {
  const items: Item[] = [];
  let bytes = 0;
  for (const row of rows) {
    const last = items.at(-1);
    if (last !== undefined && (items.length === limit || bytes >= TABLE_LIMITS.maxQueryBytes)) {
      return { items, cursor: encodeCursor(last.sk) };
    }
    const item = decodeItem(row, { pk, sk: String(row.sk) });
    bytes += itemBytes(item);
    items.push(item);
  }
  return { items };
}

function holds(condition: Condition | undefined, read: () => Item | undefined): boolean {
  switch (condition?.kind) {
    case undefined:
      return true;
    case 'absent':
      return read() === undefined;
    case 'exists':
      return read() !== undefined;
    case 'equals':
      return read()?.[condition.attribute] === condition.value;
  }
}

type Row = Readonly<Record<string, unknown>>;

/** What a row is found by, its item says once more: one that was moved or swapped is no item. @throws DamagedItemError */
function decodeItem({ data, expires_at: expiresAt }: Row, key: Key): Item {
  let item: Partial<Item> | undefined;
  try {
    item = deserialize(data as Uint8Array) as Partial<Item> | undefined;
  } catch (cause) {
    throw new DamagedItemError(key, 'its bytes cannot be read', { cause });
  }
  if (item?.pk !== key.pk || item.sk !== key.sk || (item.expiresAt ?? null) !== expiresAt)
    throw new DamagedItemError(key, 'it holds another item than its row says');
  return item as Item;
}

function least(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 ? a : b;
}
