/**
 * Immutable bytes of any size in a table of small items: what is larger than one item goes into parts that
 * are named by their content, and the item that names them is written last. A crash leaves parts that
 * nothing refers to, and they expire.
 */
import { createHash } from 'node:crypto';
import type { Item, Key, Table } from '@sluice/core/ports/table';
import { DamagedBytes } from '../codec/byte-reader.ts';
import type { ShardKey } from '../model/snapshot.ts';
import { partKey } from './keys.ts';

export interface PutBytesOptions {
  readonly maxBytes: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
  readonly isAbsentOnly?: boolean;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

export interface ContentStore {
  put(key: Key, bytes: Uint8Array, options: PutBytesOptions): Promise<'ok' | 'conflict'>;
  /** @throws DamagedBytes when a part is missing. */
  read(item: Item): Promise<Uint8Array>;
  /** Puts bytes under a name made of them, and answers the name. */
  putPart(bytes: Uint8Array, options: PutBytesOptions): Promise<string>;
  /** @throws DamagedBytes when there is none of this name. */
  readPart(contentId: string): Promise<Uint8Array>;
}

export function createContentStore(table: Table, shard: ShardKey): ContentStore {
  const store: ContentStore = {
    async put(key, bytes, { maxBytes, expiresAt, isAbsentOnly = false, attributes = {} }) {
      const options = isAbsentOnly ? { condition: { kind: 'absent' } as const } : {};
      if (bytes.length <= maxBytes) {
        return table.put({ ...key, ...attributes, expiresAt, data: bytes }, options);
      }
      const parts: string[] = [];
      for (let at = 0; at < bytes.length; at += maxBytes) {
        const part = bytes.subarray(at, at + maxBytes);
        parts.push(await store.putPart(part, { maxBytes, expiresAt }));
      }
      return table.put({ ...key, ...attributes, expiresAt, parts }, options);
    },
    async read(item) {
      if (item.data instanceof Uint8Array) return item.data;
      if (!Array.isArray(item.parts)) throw new DamagedBytes(`item ${item.pk}/${item.sk} holds no bytes`);
      return Buffer.concat(await Promise.all(item.parts.map((id) => store.readPart(String(id)))));
    },
    async putPart(bytes, options) {
      const id = contentIdOf(bytes);
      await store.put(partKey(shard, id), bytes, { ...options, isAbsentOnly: false });
      return id;
    },
    async readPart(id) {
      const item = await table.get(partKey(shard, id), { consistent: true });
      if (item === undefined)
        throw new DamagedBytes(`part ${id} of ${shard.tenant}/${shard.shard} is missing`);
      return store.read(item);
    },
  };
  return store;
}

/** 32 hex digits of SHA-256. */
export function contentIdOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

export function expiryAfter(nowMs: number, retentionMs: number): number {
  return Math.ceil((nowMs + retentionMs) / 1000);
}
