import { BinaryReader } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtoReader } from './proto-reader.ts';
import { ProtoWriter, varintBytes } from './proto-writer.ts';

/** Writes one field with number 1 and gives the bytes behind its tag to a foreign reader. */
function read<T>(write: (writer: ProtoWriter) => void, readValue: (reader: BinaryReader) => T): T {
  const writer = new ProtoWriter(1);
  write(writer);
  const reader = new BinaryReader(writer.finish());
  expect(reader.tag()[0]).toBe(1);
  const value = readValue(reader);
  expect(reader.pos).toBe(reader.len);
  return value;
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('a foreign reader gets what was written:', () => {
  test('whole numbers', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.integer(),
        int64,
        uint64,
        (unsigned, signed, long, unsignedLong) => {
          expect(
            read(
              (w) => w.uint(1, unsigned),
              (r) => r.uint32(),
            ),
          ).toBe(unsigned);
          expect(
            read(
              (w) => w.sint32(1, signed),
              (r) => r.sint32(),
            ),
          ).toBe(signed);
          expect(
            read(
              (w) => w.int64(1, long),
              (r) => r.int64(),
            ),
          ).toBe(long);
          expect(
            read(
              (w) => w.int64(1, unsignedLong),
              (r) => r.uint64(),
            ),
          ).toBe(unsignedLong);
          expect(
            read(
              (w) => w.fixed64(1, long),
              (r) => r.sfixed64(),
            ),
          ).toBe(long);
          expect(
            read(
              (w) => w.fixed64(1, unsignedLong),
              (r) => r.fixed64(),
            ),
          ).toBe(unsignedLong);
          expect(
            read(
              (w) => w.fixed32(1, unsigned),
              (r) => r.fixed32(),
            ),
          ).toBe(unsigned);
        },
      ),
    );
    for (const value of [2 ** 35, 2 ** 45 + 1, Number.MAX_SAFE_INTEGER]) {
      expect(
        read(
          (w) => w.uint(1, value),
          (r) => r.uint64(),
        ),
      ).toBe(BigInt(value));
    }
  });

  test('doubles and booleans', () => {
    fc.assert(
      fc.property(fc.double(), fc.boolean(), (double, bool) => {
        expect(
          read(
            (w) => w.double(1, double),
            (r) => r.double(),
          ),
        ).toBe(double);
        expect(
          read(
            (w) => w.bool(1, bool),
            (r) => r.bool(),
          ),
        ).toBe(bool);
      }),
    );
  });

  test('texts of every length and script', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(
          read(
            (w) => w.string(1, text),
            (r) => r.string(),
          ),
        ).toBe(text.toWellFormed());
      }),
    );
    for (const length of [0, 1, 47, 48, 49, 127, 128, 5461, 5462, 20_000]) {
      for (const letter of ['a', 'é', '語']) {
        const text = letter.repeat(length);
        expect(
          read(
            (w) => w.string(1, text),
            (r) => r.string(),
          ),
        ).toBe(text);
      }
    }
  });

  test('bytes, packed lists and messages inside messages', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.double()),
        fc.array(uint64),
        (bytes, doubles, longs) => {
          expect(
            read(
              (w) => w.bytes(1, bytes),
              (r) => r.bytes(),
            ),
          ).toEqual(bytes);
          const packed = read(
            (w) => {
              const mark = w.begin(1);
              w.packedDouble(1, doubles);
              w.packedFixed64(2, longs);
              w.packedUint64(3, longs);
              w.packedUint32(4, [0, 127, 128, 2 ** 32 - 1]);
              w.end(mark);
            },
            (r) => r.bytes(),
          );
          const reader = new ProtoReader(packed);
          const seen: { doubles: number[]; fixed: bigint[]; longs: bigint[]; shorts: number[] } = {
            doubles: [],
            fixed: [],
            longs: [],
            shorts: [],
          };
          for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
            const field = tag >>> 3;
            reader.packed(() => {
              if (field === 1) seen.doubles.push(reader.double());
              else if (field === 2) seen.fixed.push(reader.fixed64());
              else if (field === 3) seen.longs.push(reader.uint64());
              else seen.shorts.push(reader.uint32());
            });
          }
          expect(seen).toEqual({ doubles, fixed: longs, longs, shorts: [0, 127, 128, 2 ** 32 - 1] });
        },
      ),
    );
  });
});

test('lengths of one to four bytes are put before what they measure', () => {
  for (const size of [0, 127, 128, 16_383, 16_384, 2_097_152]) {
    const writer = new ProtoWriter(4);
    const outer = writer.begin(1);
    const inner = writer.begin(2);
    writer.raw(new Uint8Array(size).fill(7));
    writer.end(inner);
    writer.uint(3, 1);
    writer.end(outer);
    const reader = new BinaryReader(writer.finish());
    reader.tag();
    const body = new BinaryReader(reader.bytes());
    expect(reader.pos).toBe(reader.len);
    body.tag();
    expect(body.bytes()).toEqual(new Uint8Array(size).fill(7));
    expect([body.tag(), body.uint32()]).toEqual([[3, 0], 1]);
  }
});

test('a writer is used again after a reset, and its view is not a copy', () => {
  const writer = new ProtoWriter();
  writer.uint(1, 5);
  writer.reset();
  writer.uint(2, 6);
  expect(writer.length).toBe(2);
  expect(writer.view()).toEqual(Uint8Array.of(0x10, 6));
  expect(writer.finish()).toEqual(Uint8Array.of(0x10, 6));
});

test('the size of a varint is known before it is written', () => {
  for (const [value, size] of [
    [0, 1],
    [127, 1],
    [128, 2],
    [16_384, 3],
    [2 ** 32, 5],
    [Number.MAX_SAFE_INTEGER, 8],
  ] as const) {
    expect(varintBytes(value)).toBe(size);
  }
});
