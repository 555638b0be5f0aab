import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMetricsWorld } from '../testing/metrics-world.ts';
import { decodeChain, encodeChain, extendChain, flipHead, listHeads, readHead } from './head.ts';

const SHARD = { tenant: 'default', shard: 0 };
const HEAD = { tickMs: 60_000, chain: [60_000], isFinal: false, watchFromMs: -5 };

describe('the chain of ticks', () => {
  test('is given back as it was', () => {
    const steps = fc.array(fc.constantFrom(15_000, 60_000, 3_600_000), { maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(2 ** 41), steps, (first, gaps) => {
        const chain = [first];
        for (const gap of gaps) chain.push(chain.at(-1)! + gap);
        expect(decodeChain(encodeChain(chain))).toEqual(chain);
      }),
      { seed: 1 },
    );
  });

  test('of a busy shard takes a few bytes, and of a restless one keeps its newest ticks', () => {
    const busy = Array.from({ length: 2880 }, (_, minute) => 1_767_225_600_000 + minute * 60_000);
    expect(encodeChain(busy).length).toBeLessThan(16);
    const restless = Array.from({ length: 600 }, (_, place) => place * 60_000 + (place % 2) * 15_000);
    const kept = decodeChain(encodeChain(restless));
    expect(kept).toEqual(restless.slice(-kept.length));
    expect(kept.length).toBeGreaterThan(250);
  });

  test('forgets ticks whose objects have expired', () => {
    expect(extendChain([1000, 2000, 3000], 4000, 2000)).toEqual([3000, 4000]);
  });
});

describe('the head', () => {
  test('moves only from where the writer saw it', async () => {
    const { table } = createMetricsWorld();
    expect(await readHead(table, SHARD)).toBeUndefined();
    expect(await flipHead(table, { shard: SHARD, head: HEAD, before: undefined })).toBe('ok');
    expect(await flipHead(table, { shard: SHARD, head: HEAD, before: undefined })).toBe('conflict');
    const next = { ...HEAD, tickMs: 120_000, chain: [60_000, 120_000] };
    expect(await flipHead(table, { shard: SHARD, head: next, before: HEAD })).toBe('ok');
    expect(await flipHead(table, { shard: SHARD, head: next, before: HEAD })).toBe('conflict');
    const last = { ...next, isFinal: true };
    expect(await flipHead(table, { shard: SHARD, head: last, before: next })).toBe('ok');
    expect(await flipHead(table, { shard: SHARD, head: last, before: next })).toBe('conflict');
    expect(await listHeads(table, 'default')).toEqual([{ shard: 0, head: last }]);
  });

  test('of a tenant with very many shards is listed page by page', async () => {
    const { table } = createMetricsWorld();
    for (const shard of [0, 1, 2])
      await flipHead(table, { shard: { ...SHARD, shard }, head: HEAD, before: undefined });
    const paged = {
      ...table,
      query: (options: Parameters<typeof table.query>[0]) => table.query({ ...options, limit: 1 }),
    };
    expect((await listHeads(paged, 'default')).map(({ shard }) => shard)).toEqual([0, 1, 2]);
  });
});
