/** Classes of ASCII characters as one table of bits: what the matchers' loops are made of. */
export const CLASS = {
  digit: 1,
  /** Letters and digits. */
  alnum: 2,
  /** Letters, digits and `_`. */
  word: 4,
  /** base64url: letters, digits, `-` and `_`. */
  base64url: 8,
  hex: 16,
  /** RFC 6750 § 2.1 (b64token) : letters, digits and `- . _ ~ + / =`. */
  b64token: 32,
  /** The part of an address before the `@`, as it is met in practice (RFC 5322 allows more). */
  emailLocal: 64,
  /** Names of keys: letters, digits and `_ - .`. */
  key: 128,
} as const;

const table = new Uint8Array(128);
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const define = (bit: number, characters: string): void => {
  for (const character of characters) table[character.charCodeAt(0)]! |= bit;
};
define(CLASS.digit, DIGITS);
define(CLASS.alnum, LETTERS + DIGITS);
define(CLASS.word, `${LETTERS + DIGITS}_`);
define(CLASS.base64url, `${LETTERS + DIGITS}-_`);
define(CLASS.hex, `${DIGITS}abcdefABCDEF`);
define(CLASS.b64token, `${LETTERS + DIGITS}-._~+/=`);
define(CLASS.emailLocal, `${LETTERS + DIGITS}.!#$%&'*+/=?^_\`{|}~-`);
define(CLASS.key, `${LETTERS + DIGITS}_-.`);

/** Whether the character at `at` is of the class; outside the text it is of none. */
export function isIn(text: string, at: number, bit: number): boolean {
  const code = text.charCodeAt(at);
  // NaN (outside) fails the comparison as well.
  return code < 128 && (table[code]! & bit) !== 0;
}

/** The end of the run of characters of the class that starts at `at`. */
export function runEnd(text: string, at: number, bit: number): number {
  let end = at;
  while (isIn(text, end, bit)) end += 1;
  return end;
}

/**
 * Whether something may begin at `at`: it is where the last match ended (`from`), the character before is not
 * of the class, or it belongs to an escape (`\n` as two characters, `%3D`), which is how texts inside texts begin.
 */
export function isStart(text: string, at: number, { bit, from }: { bit: number; from: number }): boolean {
  if (at === from || !isIn(text, at - 1, bit)) return true;
  if (text[at - 2] === '\\' && 'nrtbf'.includes(text[at - 1]!)) return true;
  return text[at - 3] === '%' && isIn(text, at - 2, CLASS.hex) && isIn(text, at - 1, CLASS.hex);
}

export function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xa0;
}
