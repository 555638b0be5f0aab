/**
 * The head of a shard: the one item that changes. It names the last tick and those before it, so that
 * objects that lost a race are never taken for part of the chain.
 */
import type { Item, Table } from '@sluice/core/ports/table';
import { ByteReader } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import type { ShardKey } from '../model/snapshot.ts';
import { headKey, headPartition } from '../store/keys.ts';

export interface Head {
  readonly tickMs: number;
  /** Ascending, the last is `tickMs`; as far back as objects are kept. */
  readonly chain: readonly number[];
  /** Nothing more is written to this shard: its series live on in the shards of the next epoch. */
  readonly isFinal: boolean;
  readonly watchFromMs: number;
}

/** Of the list of ticks; one run is as long as the shard was busy without a pause. */
const MAX_RUNS = 250;

export async function readHead(table: Table, shard: ShardKey): Promise<Head | undefined> {
  const item = await table.get(headKey(shard), { consistent: true });
  return item === undefined ? undefined : toHead(item);
}

/** Only if the head still is `before` (undefined: there is none). */
export async function flipHead(
  table: Table,
  {
    shard,
    head,
    before,
  }: { readonly shard: ShardKey; readonly head: Head; readonly before: Head | undefined },
): Promise<'ok' | 'conflict'> {
  const { tickMs, chain, isFinal, watchFromMs } = head;
  const version = `${tickMs}${isFinal ? '!' : ''}`;
  const item = { ...headKey(shard), tickMs, version, chain: encodeChain(chain), isFinal, watchFromMs };
  if (before === undefined) return table.put(item, { condition: { kind: 'absent' } });
  const value = `${before.tickMs}${before.isFinal ? '!' : ''}`;
  return table.put(item, { condition: { kind: 'equals', attribute: 'version', value } });
}

export async function listHeads(
  table: Table,
  tenant: string,
): Promise<readonly { readonly shard: number; readonly head: Head }[]> {
  const page = await table.query({ pk: headPartition(tenant) });
  const items = [...page.items];
  let cursor = page.cursor;
  while (cursor !== undefined) {
    const next = await table.query({ pk: headPartition(tenant), cursor });
    items.push(...next.items);
    cursor = next.cursor;
  }
  return items.map((item) => ({ shard: Number(item.sk), head: toHead(item) }));
}

/** With one more tick, without those whose objects have expired. */
export function extendChain(
  chain: readonly number[],
  tickMs: number,
  retentionMs: number,
): readonly number[] {
  return [...chain.filter((earlier) => tickMs - earlier < retentionMs), tickMs];
}

function toHead(item: Item): Head {
  return {
    tickMs: Number(item.tickMs),
    chain: item.chain instanceof Uint8Array ? decodeChain(item.chain) : [Number(item.tickMs)],
    isFinal: item.isFinal === true,
    watchFromMs: Number(item.watchFromMs),
  };
}

/** The first tick, then steps with how often each is taken in a row. */
export function encodeChain(chain: readonly number[]): Uint8Array {
  const runs: { step: number; times: number; from: number }[] = [];
  for (let i = 1; i < chain.length; i++) {
    const step = chain[i]! - chain[i - 1]!;
    const last = runs.at(-1);
    if (last?.step === step) last.times += 1;
    else runs.push({ step, times: 1, from: chain[i - 1]! });
  }
  const kept = runs.slice(-MAX_RUNS);
  const writer = new ByteWriter(64);
  writer.uint(kept[0]?.from ?? chain.at(-1) ?? 0);
  for (const { step, times } of kept) {
    writer.uint(step);
    writer.uint(times);
  }
  return writer.finish();
}

/** @throws DamagedBytes */
export function decodeChain(bytes: Uint8Array): readonly number[] {
  const reader = new ByteReader(bytes);
  let tickMs = reader.uint();
  const chain = [tickMs];
  while (reader.left > 0) {
    const step = reader.uint();
    for (let times = reader.uint(); times > 0; times--) {
      tickMs += step;
      chain.push(tickMs);
    }
  }
  return chain;
}
