import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeySecret, hashKey, isWellFormedKey } from './key-format.ts';

test('a new key is slk_ and 36 characters, well-formed, and never the same', () => {
  const keys = Array.from({ length: 500 }, () => createKeySecret());
  for (const key of keys) {
    expect(key).toMatch(/^slk_[0-9A-Za-z]{36}$/);
    expect(isWellFormedKey(key)).toBe(true);
  }
  expect(new Set(keys).size).toBe(500);
});

test('bytes that would make some characters likelier are drawn again', () => {
  const onlyRejected = [new Uint8Array(30).fill(255), new Uint8Array(30).fill(1)];
  expect(createKeySecret(() => onlyRejected.shift()!)).toMatch(/^slk_1{30}/);
});

test('the checksum is the CRC32 of prefix and random part in base62', () => {
  // CRC32("slk_" + 30 zeros) = 0x7620c4a4 by an independent implementation (Python's zlib.crc32).
  expect(createKeySecret(() => new Uint8Array(30))).toBe(`slk_${'0'.repeat(30)}2A7g3Q`);
});

test('any single changed character is noticed', () => {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('');
  fc.assert(
    fc.property(fc.nat({ max: 35 }), fc.constantFrom(...alphabet), (index, character) => {
      const key = createKeySecret();
      const at = 4 + index;
      fc.pre(key[at] !== character);
      expect(isWellFormedKey(key.slice(0, at) + character + key.slice(at + 1))).toBe(false);
    }),
  );
});

test.each([
  '',
  'slk_',
  'slk_short',
  `xlk_${'0'.repeat(36)}`,
  ` ${createKeySecret()}`,
  `${createKeySecret()}\n`,
  `${createKeySecret()}0`,
])('%j is malformed', (text) => {
  expect(isWellFormedKey(text)).toBe(false);
});

test('the hash is SHA-256 in hex', () => {
  expect(hashKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
