import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addLevels, compareLevels, subtractLevels, sumLevels, toLevel } from '../model/level.ts';
import { ByteReader, DamagedBytes } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { packBytes, unpackBytes } from './pack-bytes.ts';
import { createTextTable, readTextTable } from './text-table.ts';

const level = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 70n), max: -(2n ** 53n) }),
);

test('what is written is read again', () => {
  const value = fc.oneof(
    fc.record({ kind: fc.constant('uint' as const), value: fc.maxSafeNat() }),
    fc.record({
      kind: fc.constant('int' as const),
      value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((n) => n * 2 ** 20),
    }),
    fc.record({ kind: fc.constant('double' as const), value: fc.double() }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 80 }) }),
    fc.record({ kind: fc.constant('level' as const), value: level }),
    fc.record({
      kind: fc.constant('hex64' as const),
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0')),
    }),
  );
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const writer = new ByteWriter(1);
      for (const { kind, value: own } of values) (writer[kind] as (value: unknown) => void).call(writer, own);
      const reader = new ByteReader(writer.finish());
      for (const { kind, value: own } of values) expect(reader[kind]()).toEqual(own);
      expect(reader.left).toBe(0);
      expect(writer.length).toBeGreaterThanOrEqual(values.length);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('cut bytes are damaged, never misread past their end', () => {
  const writer = new ByteWriter();
  writer.text('abc');
  writer.double(1.5);
  writer.blob(new Uint8Array(5));
  writer.level(2n ** 60n);
  writer.hex64('0123456789abcdef');
  const bytes = writer.finish();
  for (let size = 0; size < bytes.length; size++) {
    const reader = new ByteReader(bytes.subarray(0, size));
    expect(() => [reader.text(), reader.double(), reader.blob(), reader.level(), reader.hex64()]).toThrow(
      DamagedBytes,
    );
  }
  expect(() => new ByteReader(new Uint8Array(9).fill(255)).uint()).toThrow(DamagedBytes);
  expect(() => new ByteReader(new Uint8Array([5, 1, 33])).level()).toThrow(DamagedBytes);
  expect(() => new ByteReader(new Uint8Array([11])).level()).toThrow('level form 11 is not known');
  expect(() => new ByteReader(new Uint8Array()).byte()).toThrow(DamagedBytes);
});

test('texts are written once and found by number', () => {
  const table = createTextTable();
  expect([table.refer('a'), table.refer('b'), table.refer('a')]).toEqual([0, 1, 0]);
  const writer = new ByteWriter();
  table.write(writer);
  const text = readTextTable(new ByteReader(writer.finish()));
  expect(text(1)).toBe('b');
  expect(() => text(2)).toThrow(DamagedBytes);
});

describe('packing', () => {
  test('gives back what went in, and never grows by more than a byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const packed = packBytes(bytes);
        expect(Buffer.from(unpackBytes(packed))).toEqual(Buffer.from(bytes));
        expect(packed.length).toBeLessThanOrEqual(bytes.length + 1);
      }),
      { seed: 1 },
    );
  });
  test('makes common label names small', () => {
    const text = Buffer.from(
      'http_request_method http_response_status_code otel_scope_name deployment_environment_name',
    );
    expect(packBytes(text).length).toBeLessThan(text.length / 3);
  });
  test.each([[new Uint8Array([9, 1])], [new Uint8Array([1, 255, 255])], [new Uint8Array()]])(
    'damaged: %j',
    (bytes) => {
      expect(() => unpackBytes(bytes)).toThrow(DamagedBytes);
    },
  );
});

describe('levels', () => {
  test('whole numbers add up exactly beyond 2^53', () => {
    const whole = fc.oneof(
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(toLevel),
    );
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(BigInt(addLevels(a, b))).toBe(BigInt(a) + BigInt(b));
        expect(BigInt(subtractLevels(a, b))).toBe(BigInt(a) - BigInt(b));
        expect(compareLevels(a, b)).toBe(BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0);
      }),
      { seed: 1 },
    );
  });
  test('fractions are doubles', () => {
    expect(addLevels(2n ** 60n, 0.5)).toBe(2 ** 60);
    expect(sumLevels([0.5, 0.25])).toBe(0.75);
    expect(addLevels(2 ** 53 - 1, 2)).toBe(2n ** 53n + 1n);
  });
});
