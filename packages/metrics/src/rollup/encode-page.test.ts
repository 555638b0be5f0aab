import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, DamagedBytes } from '../codec/byte-reader.ts';
import { ByteWriter } from '../codec/byte-writer.ts';
import type { FamilyMetadata } from '../model/snapshot.ts';
import { cutPages, pagesOf } from './cut-pages.ts';
import { decodePage } from './decode-page.ts';
import { decodeColumn, encodeColumn } from './encode-column.ts';
import { encodePage } from './encode-page.ts';
import { nameOf } from './entry-set.ts';
import { familyOf, isGaugeEntry, type RollupEntry, toColumn } from './rollup-entry.ts';

/** The same cases in every run; without shrinking, which takes minutes here. */
const RUNS = { seed: 20_260_101, endOnFailure: true };

const integer = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 2 ** 51, 2 ** 51 + 1, 2 ** 53, -(2 ** 53)),
);
const level = fc.oneof(integer, fc.double(), fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }));
const column = fc
  .oneof(fc.array(integer), fc.array(fc.double()), fc.array(level), fc.array(fc.bigInt()))
  .map(toColumn);

const labels = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { maxLength: 4 })
  .chain((names) =>
    fc.record({
      family: fc.constantFrom('a', 'b', 'b_total', 'c', 'ü'),
      values: fc.array(fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }), {
        minLength: names.length,
        maxLength: names.length,
      }),
      names: fc.constant(names),
    }),
  )
  .map(({ family, names, values }) => [
    { name: '__name__', value: family },
    ...names.map((name, i) => ({ name, value: values[i]! })),
  ]);

const points = fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 4 });

const levelEntry = fc
  .record({
    kind: fc.constantFrom('counter', 'histogram', 'summary' as const),
    labels,
    startMs: fc.integer({ min: 0, max: 2 ** 41 }),
    points,
    from: fc.nat(59),
    slots: fc.nat(5),
    seed: fc.array(level, { minLength: 42, maxLength: 42 }),
  })
  .map(({ kind, labels: own, startMs, points: all, from, slots, seed }): RollupEntry => {
    const bounds = kind === 'counter' ? [] : all;
    const count = kind === 'counter' ? 1 : bounds.length + 2;
    const columns = Array.from({ length: count }, (_, c) =>
      toColumn(Array.from({ length: slots + 1 }, (_, i) => seed[(c * 7 + i) % seed.length]!)),
    );
    const base = { ...nameOf(own), startMs, from, slots, columns: () => columns };
    return { ...base, kind: kind as 'counter', points: bounds };
  });

const gaugeEntry = fc
  .record({
    kind: fc.constantFrom('gauge', 'updown' as const),
    labels,
    at: fc
      .uniqueArray(fc.nat(300), { minLength: 1, maxLength: 6 })
      .map((slots) => slots.sort((a, b) => a - b)),
    isSingle: fc.boolean(),
    values: fc.array(fc.double(), { minLength: 30, maxLength: 30 }),
  })
  .map(({ kind, labels: own, at, isSingle, values }): RollupEntry => {
    const columns = [0, 1, 2, 3, 4].map((c) =>
      Float64Array.from(at, (_, i) => (isSingle ? (c === 4 ? 1 : values[i]!) : values[c * 6 + i]!)),
    );
    return { ...nameOf(own), kind: kind as 'gauge', startMs: 0, at, columns: () => columns };
  });

const entries = fc.array(fc.oneof(levelEntry, gaugeEntry), { maxLength: 12 });
const families = new Map<string, FamilyMetadata>([
  ['a', { kind: 'counter', help: 'Ä', unit: 's' }],
  ['b', { kind: 'histogram', help: '', unit: '' }],
  ['unused', { kind: 'gauge', help: 'never', unit: 'By' }],
]);

function toPlain(entry: RollupEntry): unknown {
  const { columns, ...rest } = entry;
  return { ...rest, columns: columns().map((own) => [...own]) };
}

describe('columns', () => {
  test('come back exactly: integers, doubles of any bits, integers beyond 2^53', () => {
    fc.assert(
      fc.property(column, (values) => {
        const writer = new ByteWriter();
        encodeColumn(writer, values);
        writer.byte(7);
        const reader = new ByteReader(writer.finish());
        const decoded = decodeColumn(reader, values.length);
        expect([...decoded]).toEqual([...values]);
        expect(reader.byte()).toBe(7);
      }),
      { ...RUNS, numRuns: 300 },
    );
  });

  test.each([
    ['a counter that rests', Float64Array.from({ length: 61 }, () => 1234), 4],
    ['a counter that grows by little', Float64Array.from({ length: 61 }, (_, i) => 1e6 + i * 7), 66],
    ['a gauge that does not move', Float64Array.from({ length: 61 }, () => 0.1), 10],
  ])('%s is short', (_, values, maxBytes) => {
    const writer = new ByteWriter();
    encodeColumn(writer, values);
    expect(writer.length).toBeLessThanOrEqual(maxBytes);
  });

  test.each([
    ['an unknown form', [9]],
    ['a number of impossible shape', [3, 0x91]],
    ['an end in the middle', [2, 0x80]],
  ])('%s is damage', (_, bytes) => {
    expect(() => decodeColumn(new ByteReader(Uint8Array.from(bytes)), 2)).toThrow(DamagedBytes);
  });
});

describe('pages', () => {
  test('come back as they were, metadata only of the families that occur', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const page = decodePage(encodePage(all, families));
        expect(page.entries.map(toPlain)).toEqual(all.map(toPlain));
        const used = [...families].filter(([name]) => all.some((entry) => familyOf(entry) === name));
        expect(new Map(page.families)).toEqual(new Map(used));
      }),
      { ...RUNS, numRuns: 150 },
    );
  });

  test('that are cut or overwritten are refused or decoded, never half taken for whole', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(255), (all, at, byte) => {
        const bytes = encodePage(all, families);
        expect(() => decodePage(bytes.subarray(0, at % bytes.length)).entries.length).toThrow();
        const changed = Uint8Array.from(bytes);
        changed[at % bytes.length] = byte;
        try {
          for (const entry of decodePage(changed).entries) entry.columns();
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedBytes);
        }
      }),
      { ...RUNS, numRuns: 150 },
    );
  });

  test('of another version say so', () => {
    expect(() => decodePage(Uint8Array.of(99))).toThrow('version 99; this program reads 1');
  });
});

describe('cutting', () => {
  test('puts every entry into one page, and finds a family only in pages that hold it', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 400 }), (all, pageBytes) => {
        const pages = cutPages(all, families, { pageBytes, maxPageBytes: pageBytes * 2 });
        const firsts = pages.map(({ firstFamily }) => firstFamily);
        const decoded = pages.map(({ bytes }) => decodePage(bytes).entries);
        expect(decoded.flat()).toHaveLength(all.length);
        for (const family of new Set(all.map(familyOf))) {
          const found = pagesOf(firsts, family).flatMap((page) =>
            decoded[page]!.filter((entry) => familyOf(entry) === family),
          );
          const wanted = all.filter((entry) => familyOf(entry) === family);
          expect(found.map(toPlain)).toHaveLength(wanted.length);
          // Generations of a series stay in order.
          for (const entry of wanted) {
            const same = (one: RollupEntry): boolean => one.key === entry.key;
            expect(found.filter(same).map(toPlain)).toEqual(wanted.filter(same).map(toPlain));
          }
        }
      }),
      { ...RUNS, numRuns: 200 },
    );
  });

  test('has no page for a family before the first, and asks one page for one that may be in it', () => {
    expect(pagesOf([], 'a')).toEqual([]);
    expect(pagesOf(['b', 'd'], 'a')).toEqual([]);
    expect(pagesOf(['b', 'd'], 'c')).toEqual([0]);
    expect(pagesOf(['b', 'd', 'd', 'e'], 'd')).toEqual([1, 2]);
    expect(pagesOf(['b', 'd'], 'z')).toEqual([1]);
  });
});

test('gauge entries and level entries are told apart', () => {
  fc.assert(
    fc.property(gaugeEntry, levelEntry, (gauge, levels) => isGaugeEntry(gauge) && !isGaugeEntry(levels)),
    RUNS,
  );
});
