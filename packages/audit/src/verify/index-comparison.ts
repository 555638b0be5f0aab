/**
 * Compares the look-ups that the log implies with those that are stored, for millions of them in little
 * memory: each item becomes a 52-bit fingerprint under a key made for this run, so nobody can craft two alike.
 */
import { hash, randomBytes } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import { INDEX_SHARDS, indexPartition } from '../table-keys.ts';

export interface IndexDifference {
  /** Implied, but not stored as it should be. */
  readonly missing: ReadonlySet<number>;
  /** Stored, but not implied. */
  readonly extra: readonly string[];
}

export interface IndexComparison {
  expect(item: Item): void;
  /** Reads every stored look-up; items of sequences at or past `size` are passed over. */
  compare(table: Table, tenant: TenantId, size: number): Promise<IndexDifference>;
  fingerprint(item: Item): number;
}

export function createIndexComparison(): IndexComparison {
  const runKey = randomBytes(16).toString('hex');
  const expected = new Map<number, number>();
  const fingerprint = (item: Item): number =>
    Number.parseInt(hash('sha256', runKey + textOf(item)).slice(0, 13), 16);

  return {
    fingerprint,
    expect(item) {
      const print = fingerprint(item);
      expected.set(print, (expected.get(print) ?? 0) + 1);
    },
    async compare(table, tenant, size) {
      const extra: string[] = [];
      for (const shard of INDEX_SHARDS) {
        for await (const item of queryAll(table, { pk: indexPartition(tenant, shard), consistent: true })) {
          const print = fingerprint(item);
          if (expected.delete(print)) continue;
          if (firstSeqOf(item) < size) extra.push(item.sk);
        }
      }
      return { missing: new Set(expected.keys()), extra };
    },
  };
}

/** Every attribute counts, so that one more or one changed bit makes another text. */
function textOf(item: Item): string {
  const names = Object.keys(item).sort();
  let text = '';
  for (const name of names) {
    const value = item[name];
    text += `${name}\u0000${value instanceof Uint8Array ? `b${Buffer.from(value).toString('hex')}` : `${typeof value}${JSON.stringify(value)}`}\u0000`;
  }
  return text;
}

/** Damaged items answer 0, so that they always count. */
function firstSeqOf(item: Item): number {
  const seq = item.sk.startsWith('id#') ? item.seq : Number(item.sk.slice(item.sk.lastIndexOf('#') + 1));
  return typeof seq === 'number' && Number.isSafeInteger(seq) ? seq : 0;
}
