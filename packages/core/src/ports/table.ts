/**
 * The Table port: the part of Amazon DynamoDB that Sluice uses. Single-item conditional writes only;
 * there are no transactions. Items are addressed by partition key `pk` and sort key `sk` (strings,
 * ordered by their UTF-8 bytes).
 */

/** Limits of DynamoDB that every adapter enforces. */
export const TABLE_LIMITS = { maxItemBytes: 409_600, maxKeyBytes: 1024, maxQueryBytes: 1_048_576 } as const;

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly AttributeValue[]
  | { readonly [name: string]: AttributeValue };

export type Item = Key & {
  /** Epoch seconds. From then on the item is invisible to every read and counts as absent in conditions. */
  readonly expiresAt?: number;
  readonly [name: string]: AttributeValue | undefined;
};

/** `absent`: no live item has this key. `equals`: the item exists and the attribute has exactly this value. */
export type Condition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'equals'; readonly attribute: string; readonly value: string | number };

export interface QueryOptions {
  readonly pk: string;
  /** Inclusive bounds on the sort key; or a prefix, not both. */
  readonly from?: string;
  readonly to?: string;
  readonly prefix?: string;
  /** At most so many items in this page. */
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly consistent?: boolean;
  /** From the page before. */
  readonly cursor?: string;
}

export interface QueryPage {
  readonly items: readonly Item[];
  /** Set when there may be more. */
  readonly cursor?: string;
}

export interface Table {
  get(key: Key, options?: { readonly consistent?: boolean }): Promise<Item | undefined>;
  /** `conflict`: the condition did not hold and nothing was written. */
  put(item: Item, options?: { readonly condition?: Condition }): Promise<'ok' | 'conflict'>;
  delete(key: Key, options?: { readonly condition?: Condition }): Promise<'ok' | 'conflict'>;
  /**
   * Adds to a numeric attribute of one item, creating item and attribute (from 0) as needed, and
   * answers the new value. Not idempotent: a repeat adds again.
   */
  add(key: Key, attribute: string, delta: number, options?: { readonly expiresAt?: number }): Promise<number>;
  /** @throws DamagedItemError, as `get` does, where a store can be changed past its table. */
  query(options: QueryOptions): Promise<QueryPage>;
}

/** An item that was changed from outside so that the table cannot tell what it holds. Never mended by asking again. */
export class DamagedItemError extends Error {
  override readonly name = 'DamagedItemError';
  readonly key: Key;

  constructor({ pk, sk }: Key, what: string, options?: ErrorOptions) {
    super(`the item ${pk}/${sk} is damaged: ${what}`, options);
    this.key = { pk, sk };
  }
}

/** All items of a query, page after page. */
export async function* queryAll(table: Table, options: Omit<QueryOptions, 'cursor'>): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page: QueryPage = await table.query({ ...options, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
