/** What every Table adapter must do, as one suite: run it over each with `describeTableContract`. */
import {
  type AttributeValue,
  type Item,
  type QueryOptions,
  queryAll,
  type Table,
} from '@sluice/core/ports/table';
import type { FakeClock } from '@sluice/core/testing/fake-clock';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createRandom } from '@sluice/core/testing/random';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';

export interface TableHarness {
  /** A new, empty table that tells the time by `clock`. */
  makeTable(clock: FakeClock): Promise<Table>;
  close(): Promise<void>;
  /** What the thing behind the adapter cannot do, with the reason: those tests are skipped with it. */
  readonly lacks?: Readonly<Partial<Record<TableCapability, string>>>;
}

export type TableCapability = 'emptyBinary';

export function describeTableContract(name: string, makeHarness: () => Promise<TableHarness>): void {
  describe(`table contract: ${name}`, () => {
    let harness: TableHarness;
    beforeAll(async () => {
      harness = await makeHarness();
    });
    afterAll(() => harness.close());
    const needs = (context: TestContext, capability: TableCapability): void => {
      const reason = harness.lacks?.[capability];
      if (reason === undefined) return;
      console.info(`skipped, ${name}: ${reason}`);
      context.skip(reason);
    };
    const make = async (): Promise<{
      readonly table: Table;
      readonly clock: FakeClock;
      inSeconds(s: number): number;
    }> => {
      const clock = createFakeClock();
      const table = await harness.makeTable(clock);
      return { table, clock, inSeconds: (s) => Math.floor(clock.nowMs() / 1000) + s };
    };

    test('an item comes back as it was put, with every type of value', async () => {
      const { table } = await make();
      const item: Item = {
        pk: 'p',
        sk: 's',
        text: 'grüße 😀',
        emptyText: '',
        number: -12.5,
        zero: 0,
        large: 2 ** 53,
        small: 1e-100,
        huge: 1.7976931348623157e100,
        yes: true,
        no: false,
        nothing: null,
        bytes: new Uint8Array([0, 1, 255]),
        list: [1, 'two', [false, null], { three: 3 }],
        map: { size: 1, name: 'reserved words', deep: { deeper: ['x'] } },
        emptyList: [],
        emptyMap: {},
      };
      expect(await table.put(item)).toBe('ok');
      expect(plain(await table.get(item, { consistent: true }))).toEqual(plain(item));
    });

    test('empty binary values pass', async (context) => {
      needs(context, 'emptyBinary');
      const { table } = await make();
      await table.put({ pk: 'p', sk: 's', bytes: new Uint8Array() });
      expect(plain(await table.get({ pk: 'p', sk: 's' }))).toEqual({ pk: 'p', sk: 's', bytes: [] });
    });

    test('undefined attributes are left out, and a put replaces the whole item', async () => {
      const { table } = await make();
      await table.put({ pk: 'p', sk: 's', a: 1, b: 2 });
      await table.put({ pk: 'p', sk: 's', a: undefined, c: 3 });
      expect(await table.get({ pk: 'p', sk: 's' }, { consistent: true })).toEqual({ pk: 'p', sk: 's', c: 3 });
    });

    test('what is not there is undefined, and deleting it is fine', async () => {
      const { table } = await make();
      expect(await table.get({ pk: 'p', sk: 'none' })).toBeUndefined();
      expect(await table.delete({ pk: 'p', sk: 'none' })).toBe('ok');
    });

    test('a deleted item is gone', async () => {
      const { table } = await make();
      await table.put({ pk: 'p', sk: 's' });
      expect(await table.delete({ pk: 'p', sk: 's' })).toBe('ok');
      expect(await table.get({ pk: 'p', sk: 's' }, { consistent: true })).toBeUndefined();
    });

    describe('conditions', () => {
      test('"absent" lets exactly one of many concurrent puts win', async () => {
        const { table } = await make();
        const puts = Array.from({ length: 8 }, (_, writer) =>
          table.put({ pk: 'p', sk: 's', writer }, { condition: { kind: 'absent' } }),
        );
        const results = await Promise.all(puts);
        expect(results.filter((result) => result === 'ok')).toHaveLength(1);
        expect(await table.get({ pk: 'p', sk: 's' }, { consistent: true })).toMatchObject({
          writer: results.indexOf('ok'),
        });
      });

      test('"exists" holds only for an item that is there', async () => {
        const { table } = await make();
        const exists = { condition: { kind: 'exists' } } as const;
        expect(await table.put({ pk: 'p', sk: 's', a: 1 }, exists)).toBe('conflict');
        expect(await table.delete({ pk: 'p', sk: 's' }, exists)).toBe('conflict');
        await table.put({ pk: 'p', sk: 's' });
        expect(await table.put({ pk: 'p', sk: 's', a: 2 }, exists)).toBe('ok');
        expect(await table.delete({ pk: 'p', sk: 's' }, exists)).toBe('ok');
      });

      test.each([
        ['text', 'T1', 'T2'],
        ['number', 1, 2],
        ['a reserved word', 'x', 'y'],
      ])('"equals" compares exactly and never across types: %s', async (kind, right, wrong) => {
        const { table } = await make();
        const attribute = kind === 'a reserved word' ? 'status' : 'version';
        const item = { pk: 'p', sk: 's', [attribute]: right };
        const when = (value: string | number) =>
          ({ condition: { kind: 'equals', attribute, value } }) as const;
        expect(await table.put(item, when(right))).toBe('conflict');
        await table.put(item);
        expect(await table.put({ ...item, mark: 1 }, when(wrong))).toBe('conflict');
        expect(await table.put({ ...item, mark: 1 }, when(typeof right === 'string' ? 1 : '1'))).toBe(
          'conflict',
        );
        expect(await table.get(item, { consistent: true })).toEqual(item);
        expect(await table.put({ ...item, mark: 1 }, when(right))).toBe('ok');
        expect(await table.delete(item, when(wrong))).toBe('conflict');
        expect(await table.delete(item, when(right))).toBe('ok');
      });
    });

    describe('expiry', () => {
      test('an expired item is invisible to get and query, to the second', async () => {
        const { table, clock, inSeconds } = await make();
        await table.put({ pk: 'p', sk: 'mortal', expiresAt: inSeconds(60) });
        await table.put({ pk: 'p', sk: 'immortal' });
        await clock.advance(59_000);
        expect(await keysOf(table, { pk: 'p' })).toEqual(['immortal', 'mortal']);
        await clock.advance(1000);
        expect(await table.get({ pk: 'p', sk: 'mortal' })).toBeUndefined();
        expect(await keysOf(table, { pk: 'p' })).toEqual(['immortal']);
      });

      test('an expired item counts as absent in every condition', async () => {
        const { table, clock, inSeconds } = await make();
        const key = { pk: 'p', sk: 's' };
        await table.put({ ...key, owner: 'a', expiresAt: inSeconds(60) });
        expect(await table.put(key, { condition: { kind: 'absent' } })).toBe('conflict');
        await clock.advance(60_000);
        expect(await table.put(key, { condition: { kind: 'exists' } })).toBe('conflict');
        expect(await table.put(key, { condition: { kind: 'equals', attribute: 'owner', value: 'a' } })).toBe(
          'conflict',
        );
        expect(await table.delete(key, { condition: { kind: 'exists' } })).toBe('conflict');
        expect(await table.put({ ...key, owner: 'b' }, { condition: { kind: 'absent' } })).toBe('ok');
        expect(await table.get(key, { consistent: true })).toEqual({ ...key, owner: 'b' });
      });

      test('adding to an expired item starts from 0, and nothing of the old item is left', async () => {
        const { table, clock, inSeconds } = await make();
        const key = { pk: 'p', sk: 's' };
        await table.put({ ...key, count: 40, note: 'old', expiresAt: inSeconds(60) });
        expect(await table.add(key, 'count', 2)).toBe(42);
        await clock.advance(60_000);
        const expiresAt = inSeconds(60);
        expect(await table.add(key, 'count', 5, { expiresAt })).toBe(5);
        expect(await table.get(key, { consistent: true })).toEqual({ ...key, count: 5, expiresAt });
      });
    });

    describe('add', () => {
      test('creates item and attribute, adds, and answers the new value', async () => {
        const { table } = await make();
        const key = { pk: 'p', sk: 's' };
        expect(await table.add(key, 'count', 3)).toBe(3);
        expect(await table.add(key, 'count', -1.5)).toBe(1.5);
        expect(await table.add(key, 'size', 0)).toBe(0);
        expect(await table.get(key, { consistent: true })).toEqual({ ...key, count: 1.5, size: 0 });
      });

      test('concurrent additions all count', async () => {
        const { table } = await make();
        const key = { pk: 'p', sk: 's' };
        const values = await Promise.all(Array.from({ length: 10 }, () => table.add(key, 'count', 1)));
        expect(values.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      });

      test('an attribute that is no number is refused', async () => {
        const { table } = await make();
        await table.put({ pk: 'p', sk: 's', count: 'three' });
        await expect(table.add({ pk: 'p', sk: 's' }, 'count', 1)).rejects.toThrow();
        await expect(table.add({ pk: 'p', sk: 's' }, 'pk', 1)).rejects.toThrow(/cannot be added to/);
      });
    });

    describe('query', () => {
      const sks = ['a', 'a#1', 'a#2', 'a#20', 'b', 'z', 'é', '\uffee', '😀'];
      const filled = async (): Promise<Table> => {
        const { table } = await make();
        await Promise.all([...sks, 'x'].map((sk) => table.put({ pk: sk === 'x' ? 'other' : 'p', sk })));
        return table;
      };

      test.each<[Omit<QueryOptions, 'pk'>, readonly string[]]>([
        [{}, sks],
        [{ reverse: true }, sks.toReversed()],
        [{ prefix: 'a#' }, ['a#1', 'a#2', 'a#20']],
        [{ prefix: 'a#2', reverse: true }, ['a#20', 'a#2']],
        [{ prefix: '' }, sks],
        [{ prefix: '\uffee' }, ['\uffee']],
        [{ prefix: 'none' }, []],
        [{ from: 'a#2' }, sks.slice(2)],
        [{ to: 'a#2' }, sks.slice(0, 3)],
        [{ from: 'a#1', to: 'b' }, ['a#1', 'a#2', 'a#20', 'b']],
        [{ from: 'a#1', to: 'b', reverse: true }, ['b', 'a#20', 'a#2', 'a#1']],
        [{ from: 'b', to: 'a' }, []],
        [{ from: '', to: 'a' }, ['a']],
        [{ to: '' }, []],
        [{ from: 'c', to: 'd' }, []],
      ])('%o answers in the order of UTF-8 bytes', async (options, expected) => {
        const table = await filled();
        expect(await keysOf(table, { pk: 'p', consistent: true, ...options })).toEqual(expected);
        expect(await keysOf(table, { pk: 'p', consistent: true, ...options, limit: 2 })).toEqual(expected);
      });

      test('a page holds at most the limit and the cursor leads on', async () => {
        const table = await filled();
        const first = await table.query({ pk: 'p', limit: 4, consistent: true });
        expect(first.items.map(({ sk }) => sk)).toEqual(sks.slice(0, 4));
        const second = await table.query({ pk: 'p', limit: 4, consistent: true, cursor: first.cursor! });
        expect(second.items.map(({ sk }) => sk)).toEqual(sks.slice(4, 8));
      });

      test('expired items between live ones do not end a paged query', async () => {
        const { table, clock, inSeconds } = await make();
        for (let i = 0; i < 9; i++) {
          const expiry = i % 3 === 2 ? {} : { expiresAt: inSeconds(1) };
          await table.put({ pk: 'p', sk: `s${i}`, ...expiry });
        }
        await clock.advance(2000);
        expect(await keysOf(table, { pk: 'p', limit: 2 })).toEqual(['s2', 's5', 's8']);
      });

      test('large items come in pages of about 1 MiB', async () => {
        const { table } = await make();
        const data = 'x'.repeat(300_000);
        for (const sk of ['1', '2', '3', '4', '5', '6', '7', '8']) await table.put({ pk: 'p', sk, data });
        const page = await table.query({ pk: 'p' });
        expect(page.items.length).toBeLessThan(6);
        expect(page.cursor).toBeDefined();
        expect(await keysOf(table, { pk: 'p' })).toHaveLength(8);
      });

      test('random keys come in the order of their UTF-8 bytes', async () => {
        const { table } = await make();
        const random = createRandom(7);
        const keys = new Set(
          Array.from({ length: 60 }, () =>
            Array.from({ length: 1 + random.below(3) }, () =>
              String.fromCodePoint(random.pick(CODE_POINTS)),
            ).join(''),
          ),
        );
        await Promise.all([...keys].map((sk) => table.put({ pk: 'p', sk })));
        const expected = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(await keysOf(table, { pk: 'p' })).toEqual(expected);
      });

      test.each<[string, QueryOptions]>([
        ['prefix and bounds', { pk: 'p', prefix: 'a', from: 'b' }],
        ['a limit of 0', { pk: 'p', limit: 0 }],
        ['no pk', { pk: '' }],
        ['a made-up cursor', { pk: 'p', cursor: '***' }],
      ])('%s are refused', async (_, options) => {
        const { table } = await make();
        await expect(table.query(options)).rejects.toThrow();
      });
    });

    describe('limits', () => {
      test.each<[string, Item, RegExp]>([
        ['an empty key part', { pk: '', sk: 's' }, /pk/],
        ['a key part of more than 1024 bytes', { pk: 'p', sk: 'é'.repeat(513) }, /1026/],
        ['a key part that is not Unicode', { pk: 'p', sk: '\ud800' }, /sk/],
        ['more than 400 KB', { pk: 'p', sk: 's', data: 'x'.repeat(409_600) }, /409600/],
        ['NaN', { pk: 'p', sk: 's', n: Number.NaN }, /item\.n/],
        [
          'an infinite number in a map',
          { pk: 'p', sk: 's', m: { n: Number.POSITIVE_INFINITY } },
          /item\.m\.n/,
        ],
        ['a number beyond the range', { pk: 'p', sk: 's', n: 1e126 }, /item\.n/],
        ['ill-formed text in a list', { pk: 'p', sk: 's', l: ['\udfff'] }, /item\.l\[0\]/],
        ['values nested too deeply', { pk: 'p', sk: 's', deep: nested(40) }, /nested/],
        ['a fractional expiry', { pk: 'p', sk: 's', expiresAt: 1.5 }, /expiresAt/],
      ])('%s is refused', async (_, item, reason) => {
        const { table } = await make();
        await expect(table.put(item)).rejects.toThrow(reason);
        await expect(table.put(item)).rejects.toMatchObject({ name: 'PermanentError' });
      });

      test('an item of exactly 400 KB passes', async () => {
        const { table } = await make();
        const item = { pk: 'p', sk: 's', data: 'x'.repeat(409_600 - 'ppksskdata'.length) };
        expect(await table.put(item)).toBe('ok');
        expect((await table.get(item, { consistent: true }))?.data === item.data).toBe(true);
      });
    });
  });
}

const CODE_POINTS = [
  0x21, 0x41, 0x61, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x1f600, 0x10ffff,
];

/** Binary values as lists, so that one adapter's Buffer equals another's Uint8Array. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, plain(entry)]));
}

function nested(depth: number): AttributeValue {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

async function keysOf(table: Table, options: QueryOptions): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { sk } of queryAll(table, options)) keys.push(sk);
  return keys;
}
