/**
 * The form of an API key: `slk_`, 30 random base62 characters, and the CRC32 of these 34 characters in 6 base62
 * digits. The prefix lets secret scanners find leaked keys, the checksum lets the door refuse typing
 * errors and guesses without a look at the table. 30 characters carry 178 bits.
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const KEY_PREFIX = 'slk_';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_CHARS = 30;
const CHECKSUM_CHARS = 6;
const PATTERN = /^slk_[0-9A-Za-z]{36}$/;

/** The whole secret; it exists only here and with its owner. */
export function createKeySecret(random: (bytes: number) => Uint8Array = randomBytes): string {
  let text = KEY_PREFIX;
  while (text.length < KEY_PREFIX.length + RANDOM_CHARS) {
    for (const byte of random(RANDOM_CHARS)) {
      // 248 = 4 * 62: bytes beyond are drawn again, so that every character is equally likely.
      if (byte < 248 && text.length < KEY_PREFIX.length + RANDOM_CHARS) text += ALPHABET[byte % 62];
    }
  }
  return text + checksum(text);
}

/** Prefix, length, alphabet and checksum are right; says nothing about whether the key exists. */
export function isWellFormedKey(text: string): boolean {
  return PATTERN.test(text) && text.endsWith(checksum(text.slice(0, -CHECKSUM_CHARS)));
}

/** SHA-256 in hex: what is stored, looked up and cached in place of the secret. */
export function hashKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_CHARS; i++) {
    digits = ALPHABET[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
