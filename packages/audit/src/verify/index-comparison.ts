/**
 * Compares the look-ups that the log implies with those that are stored, for millions of them in little
 * memory: each item becomes a 52-bit fingerprint under a key made for this run, so nobody can craft two alike.
 */
import { hash, randomBytes } from 'node:crypto';
import type { TenantId } from '@sluice/core/ids';
import type { Item, Table } from '@sluice/core/ports/table';
import { INDEX_SHARDS, indexPartition } from '../table-keys.ts';
import type { Report } from './finding.ts';
import { readPartition } from './read-partition.ts';

export interface IndexDifference {
  /** Implied, but not stored as it should be. */
  readonly missing: number;
  /** Stored, but not implied. */
  readonly extra: readonly string[];
}

export interface IndexComparison {
  expect(item: Item): void;
  /** Reads every stored look-up; items of sequences at or past `size` are passed over. */
  compare(table: Table, tenant: TenantId, size: number): Promise<IndexDifference>;
}

export function createIndexComparison(report: Report): IndexComparison {
  const runKey = randomBytes(16).toString('hex');
  const expected = new Set<number>();
  const fingerprint = (item: Item): number =>
    Number.parseInt(hash('sha256', runKey + textOf(item)).slice(0, 13), 16);

  return {
    expect: (item) => void expected.add(fingerprint(item)),
    async compare(table, tenant, size) {
      const extra: string[] = [];
      for (const shard of INDEX_SHARDS) {
        for await (const item of readPartition(table, indexPartition(tenant, shard), report)) {
          const print = fingerprint(item);
          if (expected.delete(print)) continue;
          if (firstSeqOf(item) < size) extra.push(item.sk);
        }
      }
      return { missing: expected.size, extra };
    },
  };
}

/** Every attribute counts, whatever its order, so that one more or one changed bit makes another text. */
function textOf(item: Item): string {
  const { pk, sk, seq, same, offsets, ...others } = item;
  const known = `${pk}\n${sk}\n${typeof seq}${seq}\n${typeof same}${same}\n`;
  const list = offsets instanceof Uint8Array ? offsets.join() : `${typeof offsets}${JSON.stringify(offsets)}`;
  const rest = Object.keys(others);
  return rest.length === 0 ? `${known}${list}` : `${known}${list}\n${rest.join()}`;
}

/** Damaged items answer 0, so that they always count. */
function firstSeqOf(item: Item): number {
  const seq = item.sk.startsWith('id#') ? item.seq : Number(item.sk.slice(item.sk.lastIndexOf('#') + 1));
  return typeof seq === 'number' && Number.isSafeInteger(seq) ? seq : 0;
}
