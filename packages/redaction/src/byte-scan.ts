/**
 * Whether bytes may hold anything that a rule would touch: a quick look that lets requests without secrets
 * pass untouched. Every name and mark that rules look for is searched at once (Wu and Manber, 1994), two bytes a
 * step, in any case of letters; runs of digits and `@` are looked at more closely. It may say yes too often, never no.
 */
import { normalizeKey } from './key-glob.ts';
import { QUERY_KEYS, SENSITIVE_KEYS } from './key-rules.ts';
import { tokenPrefixes } from './matchers/prefixed-token.ts';
import type { RedactionSettings } from './settings.ts';

export type ByteScan = (bytes: Uint8Array) => boolean;

/** Length up to which needles take part in the tables: none is shorter. */
const WINDOW = 4;
const MAX_SHIFT = WINDOW - 1;
const MIN_CARD_DIGITS = 13;
const BASE64URL = 'abcdefghijklmnopqrstuvwxyz0123456789-_';
/** The tag of KeyValue.value (field 2, length-delimited), and the marks of key-value texts. */
const KEY_ENDS = '\x12=:"\'\\ ';
const ANY_ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code).toLowerCase()).join('');
const MAX_AUTHORITY_BYTES = 1024;
/** How JSON hides a letter of a name: `pass\u0077ord`. */
const ESCAPED_LETTER = '\\u00';

export function createByteScan(settings: Omit<RedactionSettings, 'enabled' | 'signals'>): ByteScan {
  const needles = needlesOf(settings);
  // Rules without a literal of their own: everything has to be looked at.
  if (needles === undefined) return () => true;
  const { patterns } = settings;
  const hasCards = patterns.card !== 'off';
  const hasAt = patterns['url-credentials'] !== 'off' || patterns.email !== 'off';
  const isAnyAt = patterns.email !== 'off';
  const { shifts, grams, buckets } = buildTables(needles, hasCards);

  return (bytes) => {
    if (hasAt && hasSuspectAt(bytes, isAnyAt)) return true;
    const { length } = bytes;
    let at = WINDOW - 1;
    while (at < length) {
      const last = bytes[at]!;
      const middle = bytes[at - 1]!;
      const shift = shifts[blockOf(middle, last)]!;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const second = bytes[at - 2]!;
      const bucket = grams[gramOf(second, middle, last)]!;
      if (bucket > 0) {
        for (const needle of buckets[bucket]!) if (isAt(bytes, at - 3, needle)) return true;
      }
      if (hasCards && isDigit(last) && isDigit(middle) && isDigit(second)) {
        const end = digitRunEnd(bytes, at);
        if (end < 0) return true;
        at = Math.max(at + 1, end);
      } else {
        at += 1;
      }
    }
    return false;
  };
}

/** In lower case; `undefined` when a rule has no literal part of at least WINDOW characters. */
function needlesOf(settings: Omit<RedactionSettings, 'enabled' | 'signals'>): readonly string[] | undefined {
  const { patterns, allow, hash, deny, builtinKeys, tokens } = settings;
  if (allow.length > 0 || patterns.ip !== 'off') return undefined;
  const needles = new Set<string>();
  for (const glob of [...(builtinKeys ? SENSITIVE_KEYS : []), ...deny, ...hash]) {
    const literal = normalizeKey(glob)
      .split('*')
      .reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '');
    // `_token` is also met as `-token` and `Token`: a leading separator says nothing.
    const variants = spellings(literal.replace(/^[._]+|[._]+$/g, ''));
    for (const variant of variants) {
      if (variant.length < WINDOW - 1) return undefined;
      for (const needle of variant.length < WINDOW ? endingsOf(glob, variant) : [variant])
        needles.add(needle);
    }
  }
  if (patterns['private-key'] !== 'off') needles.add('private key-----');
  if (patterns.jwt !== 'off') for (const next of BASE64URL) needles.add(`eyj${next}`);
  if (patterns.authorization !== 'off') for (const name of ['bearer', 'basic']) needles.add(name);
  if (patterns['key-value'] !== 'off') {
    for (const name of QUERY_KEYS) for (const variant of spellings(name)) needles.add(`${variant}=`);
  }
  needles.add(ESCAPED_LETTER);
  if (patterns.token !== 'off') {
    for (const prefix of tokenPrefixes(tokens)) {
      if (prefix.length >= WINDOW) needles.add(prefix.toLowerCase());
      else for (const next of BASE64URL) needles.add(prefix.toLowerCase() + next);
    }
  }
  return [...needles];
}

/**
 * A name of three letters with what may follow it: as an attribute the tag of its value, in texts what parts it
 * from its value. A glob that goes on after it gives no such bound.
 */
function endingsOf(glob: string, name: string): readonly string[] {
  return glob.endsWith('*')
    ? [...ANY_ASCII].map((next) => name + next)
    : [...KEY_ENDS].map((end) => name + end);
}

/** `api_key` → `api_key`, `api-key`, `apikey`. */
function spellings(name: string): readonly string[] {
  const at = name.indexOf('_');
  if (at < 0) return [name];
  const head = name.slice(0, at);
  return spellings(name.slice(at + 1)).flatMap((tail) => ['_', '-', ''].map((gap) => head + gap + tail));
}

interface Tables {
  /** By two bytes: how far the window may move on. */
  readonly shifts: Uint8Array;
  /** By the second to fourth byte of needles, folded: which of the buckets, 0 for none. */
  readonly grams: Uint16Array;
  readonly buckets: readonly (readonly Uint8Array[])[];
}

function buildTables(needles: readonly string[], hasCards: boolean): Tables {
  const shifts = new Uint8Array(16_384).fill(MAX_SHIFT);
  const grams = new Uint16Array(32_768);
  const buckets: Uint8Array[][] = [[]];
  for (const needle of needles) {
    const bytes = Buffer.from(needle);
    const gram = gramOf(bytes[1]!, bytes[2]!, bytes[3]!);
    if (grams[gram] === 0) grams[gram] = buckets.push([]) - 1;
    buckets[grams[gram]!]!.push(bytes);
    for (let end = 1; end < WINDOW; end++) {
      for (const first of casesOf(bytes[end - 1]!)) {
        for (const second of casesOf(bytes[end]!)) {
          const block = blockOf(first, second);
          shifts[block] = Math.min(shifts[block]!, WINDOW - 1 - end);
        }
      }
    }
  }
  if (hasCards) {
    for (let first = 0x30; first <= 0x39; first++) {
      for (let second = 0x30; second <= 0x39; second++) shifts[blockOf(first, second)] = 0;
    }
  }
  return { shifts, grams, buckets };
}

/** Seven bits of each byte: the table stays in the processor's nearest cache. */
function blockOf(first: number, second: number): number {
  return ((first & 127) << 7) | (second & 127);
}

/** Five bits of each byte: upper and lower case fall together. */
function gramOf(first: number, middle: number, last: number): number {
  return ((first & 31) << 10) | ((middle & 31) << 5) | (last & 31);
}

function casesOf(byte: number): readonly number[] {
  return byte >= 0x61 && byte <= 0x7a ? [byte, byte - 0x20] : [byte];
}

/** Whether the needle (in lower case) stands at `start`. */
function isAt(bytes: Uint8Array, start: number, needle: Uint8Array): boolean {
  if (start + needle.length > bytes.length) return false;
  for (let i = 0; i < needle.length; i++) {
    const byte = bytes[start + i]!;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== needle[i]) return false;
  }
  return true;
}

/** The end of the digits around `at`, single blanks and dashes between them included; -1 when a card's number may be there. */
function digitRunEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end > 0 && isDigit(bytes[end - 1]!)) end -= 1;
  /** Digits of the group, and of the groups since one of four: cards are printed in fours, one of them 4-6-5. */
  let group = 0;
  let inGroups = 0;
  for (; end < bytes.length; end++) {
    if (isDigit(bytes[end]!)) {
      group += 1;
      if (group >= MIN_CARD_DIGITS || inGroups + group >= MIN_CARD_DIGITS) return -1;
      continue;
    }
    if ((bytes[end] !== 0x20 && bytes[end] !== 0x2d) || !isDigit(bytes[end + 1] ?? 0)) break;
    inGroups = group === 4 || (group === 6 && inGroups > 0) ? inGroups + group : 0;
    group = 0;
  }
  return end;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether an `@` stands in the authority of a URL, or (`isAnyAt`) between two characters of words. */
function hasSuspectAt(bytes: Uint8Array, isAnyAt: boolean): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let floor = 0;
  for (let at = buffer.indexOf(0x40); at >= 0; at = buffer.indexOf(0x40, at + 1)) {
    if (isAnyAt && at > 0 && buffer[at - 1]! > 0x20) return true;
    let i = at - 1;
    while (i >= floor && at - i <= MAX_AUTHORITY_BYTES && !isAuthorityEnd(buffer[i]!)) i -= 1;
    if (at - i > MAX_AUTHORITY_BYTES) return true;
    if (i >= 2 && buffer[i] === 0x2f && buffer[i - 1] === 0x2f && buffer[i - 2] === 0x3a) return true;
    floor = at;
  }
  return false;
}

function isAuthorityEnd(byte: number): boolean {
  return byte === 0x2f || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
