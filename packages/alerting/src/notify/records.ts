/**
 * What is kept of alerts, groups, silences and notifications: one JSON item each on the Table port, in one
 * partition per tenant and kind, with a version that every write is conditional on.
 */
import { randomUUID } from 'node:crypto';
import type { Item, Table } from '@sluice/core/ports/table';
import { queryAll } from '@sluice/core/ports/table';

export type RecordKind = 'alerts' | 'groups' | 'log' | 'silences' | 'tenants';

export interface Stored<T> {
  readonly key: string;
  readonly value: T;
  readonly version: string;
}

export interface RecordStore<T> {
  all(): Promise<readonly Stored<T>[]>;
  get(key: string): Promise<Stored<T> | undefined>;
  /**
   * Writes if the item is still the one that was read (`undefined`: still absent).
   * Answers the new version, or undefined when another writer came first.
   */
  put(key: string, value: T, options: PutOptions): Promise<string | undefined>;
  /** False when the item has changed since. */
  delete(key: string, version: string): Promise<boolean>;
}

export interface PutOptions {
  readonly before: string | undefined;
  /** Unix milliseconds from which the item may be forgotten. */
  readonly expiresAtMs?: number;
}

export function createRecordStore<T>(
  table: Table,
  { tenant, kind }: { readonly tenant: string; readonly kind: RecordKind },
): RecordStore<T> {
  const pk = `alerting#${kind}#${tenant}`;
  const read = (item: Item): Stored<T> => ({
    key: item.sk,
    value: JSON.parse(String(item.body)) as T,
    version: String(item.version),
  });
  return {
    async all() {
      const found: Stored<T>[] = [];
      for await (const item of queryAll(table, { pk, consistent: true })) found.push(read(item));
      return found;
    },
    async get(key) {
      const item = await table.get({ pk, sk: key }, { consistent: true });
      return item === undefined ? undefined : read(item);
    },
    async put(key, value, { before, expiresAtMs }) {
      // Never used twice, so that a writer cannot mistake another's item for the one that it read.
      const version = randomUUID();
      const outcome = await table.put(
        {
          pk,
          sk: key,
          version,
          body: JSON.stringify(value),
          ...(expiresAtMs === undefined ? {} : { expiresAt: Math.ceil(expiresAtMs / 1_000) }),
        },
        {
          condition:
            before === undefined
              ? { kind: 'absent' }
              : { kind: 'equals', attribute: 'version', value: before },
        },
      );
      return outcome === 'ok' ? version : undefined;
    },
    async delete(key, version) {
      const condition = { kind: 'equals', attribute: 'version', value: version } as const;
      return (await table.delete({ pk, sk: key }, { condition })) === 'ok';
    },
  };
}

/** Attempts at a conditional write before giving up; each loss means that somebody else got on. */
const MAX_ATTEMPTS = 20;

/**
 * Reads, changes and writes until no other writer came between. `change` answers undefined to leave the
 * item as it is.
 */
export async function updateRecord<T>(
  store: RecordStore<T>,
  key: string,
  change: (stored: T | undefined) => { readonly value: T; readonly expiresAtMs?: number } | undefined,
): Promise<T | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const stored = await store.get(key);
    const next = change(stored?.value);
    if (next === undefined) return stored?.value;
    const { value, expiresAtMs } = next;
    const version = await store.put(key, value, {
      before: stored?.version,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    });
    if (version !== undefined) return value;
  }
  throw new Error(`item ${key} was changed by others ${MAX_ATTEMPTS} times in a row; try again`);
}
