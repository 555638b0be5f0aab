import { ProtoWriter } from '@sluice/otlp/proto-writer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttributeValue, writeAttribute } from '../testing/span-request.ts';
import {
  HashSet,
  mayHold,
  operationHash,
  operationNameHash,
  tagHash,
  tagHashes,
  toInt64,
  toNumber,
} from './span-filter.ts';

/** Bytes of a KeyValue message, as a view that starts in the middle of a buffer. */
function keyValue(key: string, value: AttributeValue): DataView {
  const writer = new ProtoWriter();
  writeAttribute(writer, 1, key, value);
  const bytes = writer.finish();
  // Past the tag and the size of the field that it was written as.
  let at = 1;
  while (bytes[at]! > 0x7f) at++;
  return new DataView(bytes.buffer, at + 1, bytes.length - at - 1);
}

function filterOf(...tags: readonly DataView[]): Uint8Array {
  const hashes = new HashSet();
  for (const view of tags) hashes.add(tagHash(view, 0, view.byteLength));
  return hashes.toFilter();
}

const holds = (filter: Uint8Array, key: string, text: string): boolean =>
  tagHashes(key, text).some((hash) => mayHold(filter, hash));

const scalar = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
);

describe('the filter of a batch', () => {
  test('never rules out a tag that is in it, whatever its type', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), scalar, (key, value) => {
        // Searched-for zeros are written without a sign.
        fc.pre(!Object.is(value, -0));
        expect(holds(filterOf(keyValue(key, value)), key, String(value))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['bytes', new Uint8Array([1, 2, 3])],
    ['a list', ['a', 1n]],
    ['nothing', null],
  ] as const)('cannot rule out a key whose value is %s, which has more than one text', (_name, value) => {
    const filter = filterOf(keyValue('key', value));
    expect(holds(filter, 'key', 'anything')).toBe(true);
    expect(holds(filter, 'other', 'anything')).toBe(false);
  });

  test.each([
    ['fields in another order', [0x12, 3, 0x0a, 1, 0x76, 0x0a, 1, 0x6b]],
    ['an int with a superfluous byte', [0x0a, 1, 0x6b, 0x12, 3, 0x18, 0x81, 0x00]],
    ['a size with a superfluous byte', [0x0a, 1, 0x6b, 0x12, 0x83, 0x00, 0x0a, 1, 0x76]],
    ['a value given twice', [0x0a, 1, 0x6b, 0x12, 3, 0x0a, 1, 0x76, 0x12, 3, 0x0a, 1, 0x77]],
    ['no value', [0x0a, 1, 0x6b]],
    ['an unknown field behind', [0x0a, 1, 0x6b, 0x12, 3, 0x0a, 1, 0x76, 0x78, 1]],
  ])('is safe with %s', (_name, bytes) => {
    const filter = filterOf(new DataView(Uint8Array.from(bytes).buffer));
    expect(holds(filter, 'k', 'v')).toBe(true);
  });

  test('rules out nearly everything that is not in it', () => {
    const filter = filterOf(...Array.from({ length: 2000 }, (_, i) => keyValue('user.id', `user-${i}`)));
    const wrong = Array.from({ length: 5000 }, (_, i) => `user-${2000 + i}`).filter((id) =>
      holds(filter, 'user.id', id),
    );
    expect(wrong.length / 5000).toBeLessThan(0.06);
    expect(filter.length).toBeLessThan(2600);
  });

  test('tells apart the ends of long values, and keys from values', () => {
    const long = (end: string) => `${'x'.repeat(60)}${end}`;
    const filter = filterOf(keyValue('url', long('a')));
    expect([
      holds(filter, 'url', long('a')),
      holds(filter, 'url', long('b')),
      holds(filter, 'uri', long('a')),
    ]).toEqual([true, false, false]);
  });

  test('of an empty batch holds nothing', () => {
    expect(mayHold(new HashSet().toFilter(), operationNameHash('GET'))).toBe(false);
  });

  test('knows operations apart from tags', () => {
    const name = Buffer.from('GET /cart');
    const hashes = new HashSet();
    hashes.add(operationHash(new DataView(name.buffer, name.byteOffset, name.length), 0, name.length));
    hashes.add(0);
    const filter = hashes.toFilter();
    expect([mayHold(filter, operationNameHash('GET /cart')), mayHold(filter, 0)]).toEqual([true, true]);
    expect(mayHold(filter, operationNameHash('GET /card'))).toBe(false);
  });
});

describe('numbers in searched-for text', () => {
  test.each([
    ['200', 200n, 200],
    ['-1', -1n, -1],
    ['9223372036854775807', 2n ** 63n - 1n, 2 ** 63],
    ['9223372036854775808', undefined, 2 ** 63],
    ['1.5', undefined, 1.5],
    ['', undefined, undefined],
    ['  ', undefined, undefined],
    ['abc', undefined, undefined],
  ])('%j', (text, int, double) => {
    expect([toInt64(text), toNumber(text)]).toEqual([int, double]);
  });
});
